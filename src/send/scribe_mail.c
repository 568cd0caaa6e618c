/*
 * scribe_mail.c - the messages that the scribe queues.
 * Input: hostile (addresses, reports, messages)
 */
#include "scribe_mail.h"

#include "config/home.h"
#include "mail/bounce.h"
#include "mail/dsn.h"
#include "queue/inject.h"
#include "sys/clock.h"
#include "sys/random.h"

#include "asked.h"
#include "scribe_copy.h"
#include "scribe_report.h"

/* A message that is being made: its header, and where it goes. */
struct draft {
	struct inject inject;
	struct bounce_head head;
	struct str id;
};

/* Begins a message about another.  Returns false if nothing can be queued. */
static bool
begin(struct draft *draft, const struct scribe_mail *mail, uint64_t number,
    struct span to)
{
	draft->id = (struct str)STR_INIT;
	str_add_u64(&draft->id, number);
	str_add_byte(&draft->id, '.');
	str_add_u64(&draft->id, random_u64());
	draft->head = (struct bounce_head){ .now = clock_seconds(),
		.from = str_span(&mail->bounce_from),
		.to = to,
		.id = str_span(&draft->id) };
	return inject_open(&draft->inject, home_dir, INJECT_SUBMITTED) == 0;
}

/* Ends it, or breaks it off if it is not fine; returns as the functions of the
 * header. */
static pid_t
end(struct draft *draft, const struct scribe_order *order, bool is_fine,
    struct span sender)
{
	struct inject *inject = &draft->inject;
	struct dsn_envelope asked;
	struct verdict verdict;

	if (!is_fine)
		inject_break(inject);
	inject_sender(inject, sender);
	if (dsn_parse_envelope(order->parameters, &asked) && asked.needs_tls)
		inject_sender_parameters(inject, SPAN("REQUIRETLS"));
	inject_recipient(inject, draft->head.to);
	verdict = inject_close(inject);
	str_free(&draft->id);
	/* A program that refuses need not read it all. */
	if (verdict.letter == VERDICT_PERMANENT && is_fine)
		return SCRIBE_MAIL_REFUSED;
	return verdict.letter == VERDICT_ACCEPTED ? inject->pid : 0;
}

/* Writes a bounce in the form QSBMF. */
static bool
write_bounce(struct draft *draft, const struct scribe_mail *mail,
    const struct scribe_order *order, enum bounce_kind kind)
{
	struct str text = STR_INIT;
	bool fine;

	bounce_add_head(&text, &draft->head, kind);
	inject_message(&draft->inject, str_span(&text));
	fine = scribe_copy_paragraphs(&draft->inject, mail, order);
	str_reset(&text);
	bounce_add_break(
	    &text, scribe_wants_header(order) ? BOUNCE_HEADER : BOUNCE_WHOLE);
	bounce_add_return_path(&text, order->sender);
	inject_message(&draft->inject, str_span(&text));
	str_free(&text);
	return fine && scribe_copy_returned(&draft->inject, mail, order);
}

pid_t
scribe_mail_bounce(
    const struct scribe_mail *mail, const struct scribe_order *order)
{
	enum bounce_kind kind = bounce_kind_of(order->sender);
	bool is_single = kind == BOUNCE_SINGLE, is_report, fine;
	struct dsn_envelope wanted;
	struct draft draft;
	struct asked asked;

	if (!begin(&draft, mail, order->number,
		is_single ? bounce_recipient(order->sender)
			  : str_span(&mail->double_to)))
		return 0;
	/* Who asked for anything understands a report (RFC 3461 5). */
	is_report = asked_open(&asked, order->number, mail->split) ||
	    (dsn_parse_envelope(order->parameters, &wanted) &&
		dsn_asks(&wanted));
	if ((is_report && is_single) || mail->makes_reports)
		fine = scribe_report_failures(
		    &draft.inject, mail, order, kind, &draft.head, &asked);
	else
		fine = write_bounce(&draft, mail, order, kind);
	asked_close(&asked);
	return end(&draft, order, fine,
	    is_single ? SPAN("") : SPAN(BOUNCE_DOUBLE_SENDER));
}

pid_t
scribe_mail_statuses(
    const struct scribe_mail *mail, const struct scribe_order *order)
{
	struct draft draft;

	return begin(
		   &draft, mail, order->number, bounce_recipient(order->sender))
	    ? end(&draft, order,
		  scribe_report_statuses(
		      &draft.inject, mail, order, &draft.head),
		  SPAN(""))
	    : 0;
}

pid_t
scribe_mail_notice(
    const struct scribe_mail *mail, const struct scribe_order *order)
{
	struct str text = STR_INIT;
	struct draft draft;

	if (!begin(&draft, mail, order->number, str_span(&mail->double_to)))
		return 0;
	bounce_add_notice(&text, &draft.head, order->paragraph);
	inject_message(&draft.inject, str_span(&text));
	str_free(&text);
	return end(&draft, order, true, SPAN(BOUNCE_DOUBLE_SENDER));
}
