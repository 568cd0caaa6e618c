/*
 * delivery.c - delivery jobs and their reports.
 * Input: from a peer of ours
 */
#include "queue/delivery.h"

#include "queue/record.h"

void
delivery_add_head(struct str *text, uint64_t message, struct span sender)
{
	record_add_number(text, 'M', message);
	record_add(text, 'F', sender);
}

void
delivery_add_recipient(struct str *text, uint32_t delivery, struct span address)
{
	record_add_number(text, 'N', delivery);
	record_add(text, 'T', address);
}

bool
delivery_job_parse(struct span text, struct delivery_job *job)
{
	struct span rest;

	*job = (struct delivery_job){ .text = STR_INIT };
	str_set(&job->text, text);
	rest = str_span(&job->text);
	if (!record_next_number(&rest, 'M', INT64_MAX, &job->message) ||
	    !record_next_is(&rest, 'F', &job->sender))
		return false;
	while (rest.len) {
		struct delivery_recipient recipient;
		uint64_t number;

		if (!record_next_number(
			&rest, 'N', DELIVERY_NUMBER_MAX, &number) ||
		    !record_next_is(&rest, 'T', &recipient.address))
			return false;
		recipient.delivery = (uint32_t)number;
		vec_push(&job->recipients, recipient);
	}
	return job->recipients.len > 0;
}

void
delivery_job_free(struct delivery_job *job)
{
	str_free(&job->text);
	vec_free(&job->recipients);
}

void
delivery_add_report(struct str *text, uint32_t delivery,
    enum delivery_result result, struct span report)
{
	report = span_upto(report, span_find(report, '\0'));
	record_add_number(text, 'N', delivery);
	record_add(text, (char)result, span_upto(report, DELIVERY_TEXT_MAX));
}

bool
delivery_report_next(
    struct span *rest, uint32_t *delivery, char *letter, struct span *report)
{
	struct span old = *rest;
	uint64_t number;

	if (!record_next_number(rest, 'N', DELIVERY_NUMBER_MAX, &number) ||
	    !record_next(rest, letter, report)) {
		*rest = old;
		return false;
	}
	*delivery = (uint32_t)number;
	return true;
}
