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
delivery_add_route(struct str *text, struct span route, uint64_t connect_limit)
{
	record_add(text, 'H', route);
	if (connect_limit)
		record_add_number(text, 'C', connect_limit);
}

void
delivery_add_recipient(struct str *text, uint32_t delivery, struct span address)
{
	record_add_number(text, 'N', delivery);
	record_add(text, 'T', address);
}

/* Takes the records off that may be missing. */
static bool
parse_route(struct span *rest, struct delivery_job *job)
{
	if (rest->len && rest->s[0] == 'H') {
		job->has_route = true;
		if (!record_next_is(rest, 'H', &job->route))
			return false;
	}
	return rest->len == 0 || rest->s[0] != 'C' ||
	    record_next_number(
		rest, 'C', DELIVERY_CONNECT_MAX, &job->connect_limit);
}

bool
delivery_job_parse(struct span text, struct delivery_job *job)
{
	struct span rest;

	*job = (struct delivery_job){ .text = STR_INIT };
	str_set(&job->text, text);
	rest = str_span(&job->text);
	if (!record_next_number(&rest, 'M', INT64_MAX, &job->message) ||
	    !record_next_is(&rest, 'F', &job->sender) ||
	    !parse_route(&rest, job))
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
delivery_add_report(struct str *text, const struct delivery_report *report)
{
	const char hop = (char)report->hop;
	struct span own =
	    span_upto(report->text, span_find(report->text, '\0'));

	record_add_number(text, 'N', report->delivery);
	if (hop)
		record_add(text, 'S', span_make(&hop, 1));
	record_add(text, report->result, span_upto(own, DELIVERY_TEXT_MAX));
}

/* The record S, if it is there. */
static bool
parse_hop(struct span *rest, struct delivery_report *report)
{
	struct span value;

	report->hop = DELIVERY_HOP_UNTOLD;
	if (rest->len == 0 || rest->s[0] != 'S')
		return true;
	if (!record_next_is(rest, 'S', &value) || value.len != 1)
		return false;
	if (value.s[0] == DELIVERY_HOP_WELL ||
	    value.s[0] == DELIVERY_HOP_TROUBLE)
		report->hop = (enum delivery_hop)value.s[0];
	return true;
}

bool
delivery_report_next(struct span *rest, struct delivery_report *report)
{
	struct span old = *rest;
	uint64_t number;

	if (!record_next_number(rest, 'N', DELIVERY_NUMBER_MAX, &number) ||
	    !parse_hop(rest, report) ||
	    !record_next(rest, &report->result, &report->text)) {
		*rest = old;
		return false;
	}
	report->delivery = (uint32_t)number;
	return true;
}
