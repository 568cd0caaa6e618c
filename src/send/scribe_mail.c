/*
 * scribe_mail.c - the messages that the scribe queues.
 * Input: hostile (addresses, reports, messages)
 */
#include "scribe_mail.h"

#include <errno.h>

#include "base/utf8.h"
#include "config/home.h"
#include "mail/bounce.h"
#include "mail/dsn.h"
#include "mail/report.h"
#include "queue/headerin.h"
#include "queue/inject.h"
#include "queue/path.h"
#include "queue/record.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/random.h"

#include "scribe.h"

/* Bytes of a header that are returned alone, in a bounce and in a notice of
 * success; of these there may be one for each recipient. */
#define BOUNCE_HEADER_MAX 65536
#define NOTICE_HEADER_MAX 8192

/* Ends a message to one address; returns as the functions of the header. */
static pid_t
finish(struct inject *inject, struct span sender, struct span to)
{
	struct verdict verdict;

	inject_sender(inject, sender);
	inject_recipient(inject, to);
	verdict = inject_close(inject);
	if (verdict.letter == VERDICT_PERMANENT && !inject->is_broken)
		return SCRIBE_MAIL_REFUSED;
	return verdict.letter == VERDICT_ACCEPTED ? inject->pid : 0;
}

/* Copies a file into the message; *ends_line tells whether its last byte is
 * a newline. */
static bool
copy_file(struct inject *inject, const char *path, bool *ends_line)
{
	char buffer[16384];
	int fd = file_open_nofollow(path);
	ssize_t got;

	if (fd < 0)
		return false;
	while ((got = fd_read(fd, buffer, sizeof(buffer))) > 0) {
		inject_message(inject, span_make(buffer, (size_t)got));
		*ends_line = buffer[got - 1] == '\n';
	}
	fd_close(fd);
	return got == 0;
}

/* Copies the header of the message, or the beginning of a very large one. */
static bool
copy_header(struct inject *inject, const char *path, size_t max)
{
	struct str header = STR_INIT, line = STR_INIT;
	char buffer[4096];
	struct in in;
	int fd = file_open_nofollow(path), result;

	if (fd < 0)
		return false;
	in_init(&in, fd, buffer, sizeof(buffer));
	result = headerin_read(&in, max, &header, &line);
	if (result < 0 && errno == EMSGSIZE)
		result = 0;
	inject_message(inject, str_span(&header));
	fd_close(fd);
	str_free(&header);
	str_free(&line);
	return result == 0;
}

/* Whether the sender wants the header of his message alone. */
static bool
wants_header(struct span parameters)
{
	struct dsn_envelope envelope;

	return dsn_parse_envelope(parameters, &envelope) &&
	    envelope.returns == DSN_RETURN_HEADER;
}

/* Copies what is returned of the message, as whole lines. */
static bool
copy_original(struct inject *inject, const struct scribe_mail *mail,
    const struct scribe_order *order)
{
	struct queue_path path =
	    queue_path(QUEUE_MESS, order->number, mail->split);
	bool ends_line = true, fine;

	if (wants_header(order->parameters))
		return copy_header(inject, path.s, BOUNCE_HEADER_MAX);
	fine = copy_file(inject, path.s, &ends_line);
	if (!ends_line)
		inject_message(inject, SPAN("\n"));
	return fine;
}

/* Writes the whole bounce. */
static bool
write_bounce(struct inject *inject, const struct scribe_mail *mail,
    const struct scribe_order *order, enum bounce_kind kind, struct span to)
{
	struct str text = STR_INIT;
	bool ends_line, fine = true;

	bounce_add_head(
	    &text, clock_seconds(), str_span(&mail->bounce_from), to, kind);
	inject_message(inject, str_span(&text));
	if (order->paragraph.len)
		inject_message(inject, order->paragraph);
	else
		fine = copy_file(inject,
		    queue_path(QUEUE_BOUNCE, order->number, mail->split).s,
		    &ends_line);
	str_reset(&text);
	bounce_add_break(&text, order->sender,
	    wants_header(order->parameters) ? BOUNCE_HEADER : BOUNCE_WHOLE);
	inject_message(inject, str_span(&text));
	str_free(&text);
	return fine && copy_original(inject, mail, order);
}

pid_t
scribe_mail_bounce(
    const struct scribe_mail *mail, const struct scribe_order *order)
{
	enum bounce_kind kind = bounce_kind_of(order->sender);
	struct span to = kind == BOUNCE_SINGLE ? bounce_recipient(order->sender)
					       : str_span(&mail->double_to);
	struct inject inject;

	if (inject_open(&inject, home_dir) < 0)
		return 0;
	if (!write_bounce(&inject, mail, order, kind, to))
		inject_break(&inject);
	return finish(&inject,
	    kind == BOUNCE_SINGLE ? SPAN("") : SPAN(BOUNCE_DOUBLE_SENDER), to);
}

/* ---- successes ---- */

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
	status->action =
	    letter == REPORT_RELAYED ? REPORT_RELAYED : REPORT_DELIVERED;
	return true;
}

/* Whether there are statuses, and the notice has to go as RFC 6533 says. */
static bool
look_at_statuses(struct span statuses, bool *is_beyond_ascii)
{
	struct report_status status;

	while (next_status(&statuses, &status))
		*is_beyond_ascii |= !utf8_is_ascii(status.address) &&
		    utf8_is_valid(status.address);
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

static void
add_boundary(struct str *text, const struct scribe_order *order)
{
	str_add_u64(text, order->number);
	str_add_byte(text, '.');
	str_add_u64(text, random_u64());
}

pid_t
scribe_mail_successes(
    const struct scribe_mail *mail, const struct scribe_order *order)
{
	struct str text = STR_INIT, boundary = STR_INIT;
	struct report report = { .now = clock_seconds(),
		.arrival = (int64_t)order->birth,
		.from = str_span(&mail->bounce_from),
		.to = bounce_recipient(order->sender),
		.mta = str_span(&mail->me),
		.parameters = order->parameters };
	struct inject inject;

	if (!look_at_statuses(order->paragraph, &report.is_beyond_ascii) ||
	    inject_open(&inject, home_dir) < 0)
		return 0;
	add_boundary(&boundary, order);
	report.boundary = str_span(&boundary);
	report_add_head(&text, &report);
	add_statuses(&text, &report, order->paragraph);
	report_add_original(&text, &report);
	inject_message(&inject, str_span(&text));
	if (!copy_header(&inject,
		queue_path(QUEUE_MESS, order->number, mail->split).s,
		NOTICE_HEADER_MAX))
		inject_break(&inject);
	str_reset(&text);
	report_add_end(&text, &report);
	inject_message(&inject, str_span(&text));
	str_free(&text);
	str_free(&boundary);
	return finish(&inject, SPAN(""), report.to);
}

/* ---- notices ---- */

pid_t
scribe_mail_notice(const struct scribe_mail *mail, struct span words)
{
	struct span to = str_span(&mail->double_to);
	struct str text = STR_INIT;
	struct inject inject;

	if (inject_open(&inject, home_dir) < 0)
		return 0;
	bounce_add_notice(
	    &text, clock_seconds(), str_span(&mail->bounce_from), to, words);
	inject_message(&inject, str_span(&text));
	str_free(&text);
	return finish(&inject, SPAN(BOUNCE_DOUBLE_SENDER), to);
}
