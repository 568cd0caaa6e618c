/*
 * delivery.c - delivery jobs and their reports.
 * Input: from a peer of ours
 */
#include "queue/delivery.h"

#include "queue/envelope.h"
#include "queue/record.h"

void
delivery_add_head(struct str *text, uint64_t message, struct span sender,
    struct span parameters)
{
	record_add_number(text, 'M', message);
	record_add(text, ENVELOPE_SENDER, sender);
	if (parameters.len)
		record_add(text, ENVELOPE_PARAMETERS, parameters);
}

void
delivery_add_route(struct str *text, struct span route, uint64_t connect_limit)
{
	record_add(text, 'H', route);
	if (connect_limit)
		record_add_number(text, 'C', connect_limit);
}

void
delivery_add_recipient(struct str *text, uint32_t delivery, struct span address,
    struct span parameters)
{
	record_add_number(text, 'N', delivery);
	if (parameters.len)
		record_add(text, ENVELOPE_RECIPIENT_PARAMETERS, parameters);
	record_add(text, ENVELOPE_RECIPIENT, address);
}

/* Takes the records off that may be missing. */
static bool
parse_options(struct span *rest, struct delivery_job *job)
{
	if (!record_next_optional(
		rest, ENVELOPE_PARAMETERS, &job->parameters) ||
	    !record_next_optional(rest, 'H', &job->route))
		return false;
	job->has_route = job->route.s != NULL;
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
	    !record_next_is(&rest, ENVELOPE_SENDER, &job->sender) ||
	    !parse_options(&rest, job))
		return false;
	while (rest.len) {
		struct delivery_recipient recipient = { .delivery = 0 };
		uint64_t number;

		if (!record_next_number(
			&rest, 'N', DELIVERY_NUMBER_MAX, &number) ||
		    !record_next_optional(&rest, ENVELOPE_RECIPIENT_PARAMETERS,
			&recipient.parameters) ||
		    !record_next_is(
			&rest, ENVELOPE_RECIPIENT, &recipient.address))
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

bool
delivery_is_parameter(struct span word)
{
	return span_starts(word, SPAN(DELIVERY_ENVELOPE_SETTING "=")) ||
	    span_starts(word, SPAN(DELIVERY_RECIPIENTS_SETTING "="));
}

void
delivery_add_parameters(struct words *envp, const struct delivery_job *job)
{
	struct str lines = STR_INIT;
	bool is_any = false;

	for (size_t i = 0; i < job->recipients.len; i++) {
		struct span own = job->recipients.at[i].parameters;

		is_any |= own.len > 0;
		str_add(&lines, own);
		str_add_byte(&lines, '\n');
	}
	if (job->parameters.len)
		words_add_setting(
		    envp, DELIVERY_ENVELOPE_SETTING "=", job->parameters);
	if (is_any)
		words_add_setting(
		    envp, DELIVERY_RECIPIENTS_SETTING "=", str_span(&lines));
	str_free(&lines);
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
	if (report->is_passed_on)
		record_add(text, 'P', SPAN(""));
	if (report->sessions.len)
		record_add(
		    text, 'L', span_upto(report->sessions, DELIVERY_TEXT_MAX));
	record_add(text, report->result, span_upto(own, DELIVERY_TEXT_MAX));
}

/* The record S, if it is there. */
static bool
parse_hop(struct span *rest, struct delivery_report *report)
{
	struct span value;

	report->hop = DELIVERY_HOP_UNTOLD;
	if (!record_next_optional(rest, 'S', &value))
		return false;
	if (value.s == NULL)
		return true;
	if (value.len != 1)
		return false;
	if (value.s[0] == DELIVERY_HOP_WELL ||
	    value.s[0] == DELIVERY_HOP_TROUBLE)
		report->hop = (enum delivery_hop)value.s[0];
	return true;
}

bool
delivery_report_next(struct span *rest, struct delivery_report *report)
{
	struct span old = *rest, nothing, sessions;
	uint64_t number;

	if (!record_next_number(rest, 'N', DELIVERY_NUMBER_MAX, &number) ||
	    !parse_hop(rest, report) ||
	    !record_next_optional(rest, 'P', &nothing) ||
	    !record_next_optional(rest, 'L', &sessions) ||
	    !record_next(rest, &report->result, &report->text)) {
		*rest = old;
		return false;
	}
	report->delivery = (uint32_t)number;
	report->is_passed_on = nothing.s != NULL;
	report->sessions = sessions.s ? sessions : SPAN("");
	return true;
}
