/*
 * scribe_controls.c - the control files of bounces and notices.
 * Input: trusted
 */
#include "scribe_controls.h"

#include "base/scan.h"
#include "config/control.h"

#define PATIENCE 900   /* seconds in which a worker gets on */
#define COPY_MAX 50000 /* bytes of a message that go back */

enum file {
	ME,
	FROM,
	FROM_HOST,
	DOUBLE_TO,
	DOUBLE_HOST,
	FORM,
	COPY_BYTES,
	TIMEOUT,
	FILES /* their number */
};

static const char *const names[FILES] = {
	[ME] = "control/me",
	[FROM] = "control/bouncefrom",
	[FROM_HOST] = "control/bouncehost",
	[DOUBLE_TO] = "control/doublebounceto",
	[DOUBLE_HOST] = "control/doublebouncehost",
	[FORM] = "control/bounceformat",
	[COPY_BYTES] = "control/bouncemaxbytes",
	[TIMEOUT] = "control/timeoutbounce",
};

struct line {
	bool is_there;
	struct str value;
};

static int
read_lines(struct line *lines, const char **culprit)
{
	for (int i = 0; i < FILES; i++) {
		int got = control_read_line(names[i], &lines[i].value);

		*culprit = names[i];
		if (got < 0)
			return -1;
		lines[i].is_there = got > 0;
	}
	return 0;
}

/* What a file says; without it that of control/me, if it may stand in; without
 * both the word. */
static struct span
value_of(const struct line *lines, enum file file, bool or_me, const char *word)
{
	if (!lines[file].is_there && or_me)
		file = ME;
	return lines[file].is_there ? str_span(&lines[file].value)
				    : span_of(word);
}

static void
set_mailbox(struct str *mailbox, struct span box, struct span host)
{
	str_set(mailbox, box);
	str_add_byte(mailbox, '@');
	str_add(mailbox, host);
}

static uint64_t
number_of(
    const struct line *lines, enum file file, uint64_t max, uint64_t number)
{
	(void)scan_u64_prefix(str_span(&lines[file].value), max, &number);
	return number;
}

static void
set_all(struct scribe_mail *mail, const struct line *lines)
{
	uint64_t copy_max = number_of(lines, COPY_BYTES, INT64_MAX, COPY_MAX);

	str_set(&mail->me, value_of(lines, ME, false, ""));
	set_mailbox(&mail->bounce_from,
	    value_of(lines, FROM, false, "MAILER-DAEMON"),
	    value_of(lines, FROM_HOST, true, "bouncehost"));
	set_mailbox(&mail->double_to,
	    value_of(lines, DOUBLE_TO, false, "postmaster"),
	    value_of(lines, DOUBLE_HOST, true, "doublebouncehost"));
	/* Another word than dsn is none, and bounces go as they always did. */
	mail->makes_reports = span_equal_nocase(
	    value_of(lines, FORM, false, "qsbmf"), SPAN("dsn"));
	mail->copy_max = copy_max ? copy_max : UINT64_MAX;
	mail->patience =
	    (unsigned)number_of(lines, TIMEOUT, INT32_MAX, PATIENCE);
}

int
scribe_controls_read(struct scribe_mail *mail, const char **culprit)
{
	struct line lines[FILES] = { { false, STR_INIT } };
	int result = read_lines(lines, culprit);

	if (result == 0)
		set_all(mail, lines);
	for (int i = 0; i < FILES; i++)
		str_free(&lines[i].value);
	return result;
}
