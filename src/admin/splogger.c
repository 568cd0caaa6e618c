/*
 * splogger.c - hands lines to the system log.
 * Runs as   qmaill, one process, behind the pipe that qmail-send writes to.
 * Reads     lines on fd 0, which hold bytes that strangers chose.
 * Writes    the system log, /dev/log.
 * Source    splogger(8).
 */
#include <unistd.h>

#include "base/fmt.h"
#include "base/must.h"
#include "base/scan.h"
#include "base/str.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/in.h"
#include "sys/systemlog.h"

#define LINE_MAX_BYTES	 799 /* of text in one record; longer lines go on */
#define INPUT_BUFFER	 8192
#define FACILITY_DEFAULT 2 /* mail */
#define FACILITY_MAX	 23
#define EXIT_FAILED	 111

struct logline {
	struct systemlog log;
	struct str text;
	struct str record;
	struct str stamp; /* when the line began, as text */
	enum systemlog_severity severity;
	bool is_continued; /* an earlier part of it was sent */
};

/* Seconds since 1970 with six digits behind the dot. */
static void
set_stamp(struct str *stamp)
{
	uint64_t now = clock_microseconds();
	char digits[FMT_U64_MAX];

	str_reset(stamp);
	str_add_u64(stamp, now / 1000000);
	str_add_byte(stamp, '.');
	str_add(
	    stamp, span_make(digits, fmt_u64_pad(digits, now % 1000000, 6)));
}

static enum systemlog_severity
severity_of(struct span text)
{
	if (span_starts(text, SPAN("alert:")))
		return SYSTEMLOG_ALERT;
	if (span_starts(text, SPAN("warning:")))
		return SYSTEMLOG_WARNING;
	return SYSTEMLOG_INFO;
}

/* Sends what there is of the line. */
static void
send_part(struct logline *line)
{
	if (line->text.len == 0)
		return;
	if (!line->is_continued)
		line->severity = severity_of(str_span(&line->text));
	str_set(&line->record, str_span(&line->stamp));
	str_add_byte(&line->record, line->is_continued ? '+' : ' ');
	str_add(&line->record, str_span(&line->text));
	systemlog_send(&line->log, line->severity, str_span(&line->record));
	str_reset(&line->text);
	line->is_continued = true;
}

static void
take_byte(struct logline *line, char byte)
{
	if (byte == '\n') {
		send_part(line);
		line->is_continued = false;
		return;
	}
	if (line->text.len == LINE_MAX_BYTES)
		send_part(line);
	if (line->text.len == 0 && !line->is_continued)
		set_stamp(&line->stamp);
	if ((unsigned char)byte < 32 || byte == 127)
		byte = '?';
	str_add_byte(&line->text, byte);
}

static unsigned
facility_of(const char *text)
{
	uint64_t number = FACILITY_DEFAULT;

	if (text && !scan_u64(span_of(text), FACILITY_MAX, &number)) {
		(void)!fd_write_all(
		    2, SPAN("splogger: the facility is a number up to 23\n"));
		_exit(EXIT_FAILED);
	}
	return (unsigned)number;
}

int
main(int argc, char **argv)
{
	struct logline line = { .is_continued = false };
	char buffer[INPUT_BUFFER];
	struct in in;
	struct span bytes;

	must_hooks(EXIT_FAILED, NULL);
	systemlog_open(&line.log, argc > 1 ? argv[1] : "splogger",
	    facility_of(argc > 2 ? argv[2] : NULL));
	in_init(&in, 0, buffer, sizeof(buffer));
	while (in_peek(&in, &bytes) > 0) {
		for (size_t i = 0; i < bytes.len; i++)
			take_byte(&line, bytes.s[i]);
		in_consume(&in, bytes.len);
	}
	send_part(&line);
	systemlog_close(&line.log);
	str_free(&line.text);
	str_free(&line.stamp);
	str_free(&line.record);
	return 0;
}
