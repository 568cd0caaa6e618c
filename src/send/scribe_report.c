/*
 * scribe_report.c - notifications in the form of RFC 3464.
 * Input: hostile (addresses, reports, messages)
 */
#include "scribe_report.h"

#include <errno.h>

#include "base/utf8.h"
#include "mail/report.h"
#include "queue/path.h"
#include "queue/record.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/in.h"

#include "scribe.h"
#include "scribe_copy.h"
#include "scribe_patience.h"

/* Bytes of the header in a notice of success or delay; of these there may be
 * one for each recipient. */
#define NOTICE_HEADER_MAX 8192

#define PARAGRAPH_MAX 16384 /* bytes that are looked at */

static struct report
report_of(const struct scribe_mail *mail, const struct scribe_order *order,
    const struct bounce_head *head, enum report_kind kind)
{
	return (struct report){ .kind = kind,
		.head = *head,
		.arrival = (int64_t)order->birth,
		.retry_until = (int64_t)order->retry_until,
		.mta = str_span(&mail->me),
		.parameters = order->parameters };
}

/* Whether an address is one that only RFC 6533 has a form for. */
static bool
is_beyond_ascii(struct span address)
{
	return !utf8_is_ascii(address) && utf8_is_valid(address);
}

static void
add_text(struct inject *inject, struct str *text)
{
	inject_message(inject, str_span(text));
	str_reset(text);
}

static void
add_end(struct inject *inject, const struct report *report, struct str *text)
{
	report_add_end(text, report);
	add_text(inject, text);
	str_free(text);
}

/* ---- the paragraphs of a bounce ---- */

/* Those of an order, or of bounce/N, one after the other. */
struct paragraphs {
	struct span rest; /* of the order */
	int fd;		  /* bounce/N; -1: they are in the order */
	struct in in;
	struct str text, line;
	char buffer[8192];
};

static bool
open_paragraphs(struct paragraphs *paragraphs, const struct scribe_mail *mail,
    const struct scribe_order *order)
{
	paragraphs->rest = order->paragraph;
	paragraphs->text = paragraphs->line = (struct str)STR_INIT;
	paragraphs->fd = -1;
	if (order->paragraph.len)
		return true;
	paragraphs->fd = file_open_nofollow(
	    queue_path(QUEUE_BOUNCE, order->number, mail->split).s);
	in_init(&paragraphs->in, paragraphs->fd, paragraphs->buffer,
	    sizeof(paragraphs->buffer));
	return paragraphs->fd >= 0;
}

static void
close_paragraphs(struct paragraphs *paragraphs)
{
	if (paragraphs->fd >= 0)
		fd_close(paragraphs->fd);
	str_free(&paragraphs->text);
	str_free(&paragraphs->line);
}

/* Reads a line, with its end; a piece of one that is too long, which none of
 * ours is, but zeros that a power cut has left.  1, 0 at the end, -1 with
 * errno. */
static int
next_line(struct paragraphs *paragraphs)
{
	struct span line;
	int got = 1;

	str_reset(&paragraphs->line);
	if (paragraphs->fd >= 0) {
		got = in_read_until(
		    &paragraphs->in, '\n', &paragraphs->line, PARAGRAPH_MAX);
		if (got < 0 && errno == EMSGSIZE)
			got = 0; /* more follows, for it is not empty */
	} else if (span_cut_next(&paragraphs->rest, '\n', &line)) {
		str_add(&paragraphs->line, line);
		str_add_byte(&paragraphs->line, '\n');
	}
	return got < 0 ? -1 : paragraphs->line.len > 0;
}

/*
 * Reads the next paragraph.
 *   status   receives address and words, views of it
 * Returns 1; 0 at the end, -1 with errno.
 */
static int
next_failure(struct paragraphs *paragraphs, struct report_status *status)
{
	struct str *text = &paragraphs->text;
	int got;

	*status = (struct report_status){ .action = REPORT_FAILED };
	do {
		str_reset(text);
		while ((got = next_line(paragraphs)) > 0 &&
		    paragraphs->line.s[0] != '\n')
			if (text->len < PARAGRAPH_MAX)
				str_add(text, str_span(&paragraphs->line));
		if (got >= 0 &&
		    bounce_parse_paragraph(
			str_span(text), &status->address, &status->words))
			return 1;
	} while (got > 0);
	return got;
}

/* Whether one of the addresses is beyond ASCII.  1, 0, -1 with errno. */
static int
look_at_failures(
    const struct scribe_mail *mail, const struct scribe_order *order)
{
	struct paragraphs paragraphs;
	struct report_status status;
	int got, found = 0;

	if (!open_paragraphs(&paragraphs, mail, order))
		return -1;
	while ((got = next_failure(&paragraphs, &status)) > 0)
		found |= is_beyond_ascii(status.address);
	close_paragraphs(&paragraphs);
	return got < 0 ? -1 : found;
}

static bool
add_failures(struct inject *inject, const struct scribe_mail *mail,
    const struct scribe_order *order, const struct report *report,
    struct asked *asked)
{
	struct paragraphs paragraphs;
	struct report_status status;
	struct str text = STR_INIT;
	int got;

	if (!open_paragraphs(&paragraphs, mail, order))
		return false;
	while ((got = next_failure(&paragraphs, &status)) > 0) {
		status.parameters = asked_of(asked, status.address);
		report_add_status(&text, report, &status);
		add_text(inject, &text);
		scribe_patience_renew(mail->patience);
	}
	close_paragraphs(&paragraphs);
	str_free(&text);
	return got == 0;
}

bool
scribe_report_failures(struct inject *inject, const struct scribe_mail *mail,
    const struct scribe_order *order, enum bounce_kind kind,
    const struct bounce_head *head, struct asked *asked)
{
	struct report report = report_of(mail, order, head, REPORT_OF_FAILURE);
	struct str text = STR_INIT;
	int beyond_ascii = look_at_failures(mail, order);
	bool fine;

	report.is_double = kind == BOUNCE_DOUBLE;
	report.is_beyond_ascii = beyond_ascii > 0;
	report_add_head(&text, &report);
	add_text(inject, &text);
	fine = beyond_ascii >= 0 && scribe_copy_paragraphs(inject, mail, order);
	/* Where there is no such line programs that know no parts read on. */
	bounce_add_break(
	    &text, scribe_wants_header(order) ? BOUNCE_HEADER : BOUNCE_WHOLE);
	report_add_fields(&text, &report);
	add_text(inject, &text);
	fine = fine && add_failures(inject, mail, order, &report, asked);
	report_add_original(&text, &report, !scribe_wants_header(order));
	bounce_add_return_path(&text, order->sender);
	add_text(inject, &text);
	fine = fine && scribe_copy_returned(inject, mail, order);
	add_end(inject, &report, &text);
	return fine;
}

/* ---- statuses ---- */

/* Takes the next status.  Returns false at the end, or if it is malformed;
 * then *rest is not empty. */
static bool
next_status(struct span *rest, struct report_status *status)
{
	char letter;

	if (!record_next(rest, &letter, &status->parameters) ||
	    !record_next_is(rest, SCRIBE_ADDRESS, &status->address) ||
	    !record_next_is(rest, SCRIBE_PARAGRAPH, &status->words))
		return false;
	status->action = letter == REPORT_RELAYED ? REPORT_RELAYED
	    : letter == REPORT_DELAYED		  ? REPORT_DELAYED
						  : REPORT_DELIVERED;
	return true;
}

/* Looks at all of them: whether one is a delay, and an address is beyond
 * ASCII.  Returns false if they are malformed. */
static bool
look_at_statuses(struct span statuses, struct report *report)
{
	struct report_status status;

	while (next_status(&statuses, &status)) {
		if (status.action == REPORT_DELAYED)
			report->kind = REPORT_OF_DELAY;
		report->is_beyond_ascii |= is_beyond_ascii(status.address);
	}
	return statuses.len == 0;
}

/* Words for people, then the same as fields. */
static void
add_statuses(
    struct str *text, const struct report *report, struct span statuses)
{
	struct report_status status;
	struct span rest = statuses;

	while (next_status(&rest, &status))
		report_add_words(text, &status);
	report_add_fields(text, report);
	rest = statuses;
	while (next_status(&rest, &status))
		report_add_status(text, report, &status);
}

bool
scribe_report_statuses(struct inject *inject, const struct scribe_mail *mail,
    const struct scribe_order *order, const struct bounce_head *head)
{
	struct report report = report_of(mail, order, head, REPORT_OF_SUCCESS);
	struct str text = STR_INIT;
	bool fine = look_at_statuses(order->paragraph, &report);

	report_add_head(&text, &report);
	add_statuses(&text, &report, order->paragraph);
	report_add_original(&text, &report, false);
	add_text(inject, &text);
	fine =
	    fine && scribe_copy_header(inject, mail, order, NOTICE_HEADER_MAX);
	add_end(inject, &report, &text);
	return fine;
}
