/* reportrun.c - what both programs that report do. */
#include "reportrun.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/gzip.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"

#define TROUBLE 111

/* ---- a domain ---- */

static void
send_to_all(const struct reportrun *run, struct reporting *reporting,
    const struct reportmail_head *head, const struct reportask *ask,
    size_t first, size_t last)
{
	struct str text = STR_INIT, packed = STR_INIT, mail = STR_INIT;
	struct span sender = str_span(&reporting->sender);

	if (run->may_bounce && !run->may_bounce(&reporting->count, first, last))
		sender = SPAN("");
	run->add_text(&text, head, &reporting->count, first, last);
	gzip_add(&packed, str_span(&text));
	for (size_t i = 0; i < ask->count; i++) {
		str_reset(&mail);
		run->add_mail(&mail, head, str_span(&ask->wishes[i].address),
		    str_span(&packed), reporting->now);
		reportmail_send(reporting, head->domain, &ask->wishes[i],
		    sender, str_span(&mail));
	}
	str_free(&text);
	str_free(&packed);
	str_free(&mail);
}

static void
print(const struct reportrun *run, const struct reporting *reporting,
    const struct reportmail_head *head, size_t first, size_t last)
{
	struct str text = STR_INIT;

	run->add_text(&text, head, &reporting->count, first, last);
	if (fd_write_all(1, str_span(&text)) < 0)
		error_exit(run->program, "the report");
	str_free(&text);
}

static void
report_domain(const struct reportrun *run, struct reporting *reporting,
    size_t first, size_t last)
{
	const struct logcount *count = &reporting->count;
	struct span domain, *const parts[] = { &domain };
	struct reportmail_head head;
	struct reportask ask;

	logcount_parts(count, first, parts, 1);
	head = reportmail_head(reporting, domain);
	if (logcount_domain(count, first)->left_out)
		fprintf(stderr,
		    "%s: %.*s: too many kinds of lines; %" PRIu64
		    " are left out\n",
		    run->program, (int)domain.len, domain.s,
		    logcount_domain(count, first)->left_out);
	if (reporting->prints) {
		print(run, reporting, &head, first, last);
		return;
	}
	reportask_find(reporting, domain, &run->kind, &ask);
	if (ask.count)
		send_to_all(run, reporting, &head, &ask, first, last);
	reportask_free(&ask);
}

/* ---- all of them ---- */

static size_t
count_domains(const struct logcount *count, size_t first)
{
	size_t domains = 0;

	for (; first < count->order.len; first = logcount_next(count, first))
		domains++;
	return domains;
}

int
reportrun_main(const struct reportrun *run, char **argv)
{
	struct reporting reporting;
	const struct logcount *count = &reporting.count;

	reporting_begin(&reporting, run->program, argv);
	logcount_read(run->program, &reporting.count, reporting.day, run->take);
	if (count->first > reporting.day)
		fprintf(stderr,
		    "%s: the log does not reach back to the begin of the day; "
		    "what it had before is not told\n",
		    run->program);
	if (count->left_out)
		fprintf(stderr,
		    "%s: too many domains and kinds of lines; %" PRIu64
		    " are left out\n",
		    run->program, count->left_out);
	for (size_t first = 0, next; first < count->order.len; first = next) {
		if (!reporting.prints &&
		    clock_monotonic() >= reporting.deadline) {
			fprintf(stderr,
			    "%s: the time of a run is over; %zu domains are"
			    " left\n",
			    run->program, count_domains(count, first));
			return TROUBLE;
		}
		next = logcount_next(count, first);
		report_domain(run, &reporting, first, next);
	}
	return reporting.is_incomplete ? TROUBLE : 0;
}
