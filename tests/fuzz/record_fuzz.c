/*
 * record_fuzz.c - what one of our processes hears from another that was taken
 * over: records, delivery jobs, reports, accounts.
 */
#include <stdint.h>
#include <stdlib.h>

#include "config/users.h"
#include "queue/delivery.h"
#include "queue/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make((const char *)data, size);
	struct span rest = text, value;
	struct users_account account;
	struct delivery_job job;
	struct delivery_report report;
	char letter;

	while (record_next(&rest, &letter, &value))
		if (span_has(value, '\0'))
			abort();
	rest = text;
	while (delivery_report_next(&rest, &report))
		if (rest.len >= size)
			abort(); /* it does not move on */
	if (delivery_job_parse(text, &job) && job.recipients.len == 0)
		abort();
	delivery_job_free(&job);
	if (users_parse(text, &account) && account.user.len == 0)
		abort();
	return 0;
}
