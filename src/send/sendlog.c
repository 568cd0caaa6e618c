/* sendlog.c - the log of qmail-send. */
#include "sendlog.h"

#include <errno.h>
#include <string.h>

#include "queue/daemons.h"
#include "sys/fd.h"
#include "sys/signal.h"

#define LOG_MAX	  (1u << 20) /* bytes kept for a stuck reader */
#define LOG_WRITE 4096	     /* bytes that a ready pipe takes at once */
#define LOG_LONG  (LOG_MAX / 4)
#define LOG_LAST  1000 /* milliseconds for the reader at the end */

void
sendlog_z(struct sendlog *log, const char *text)
{
	str_add_z(&log->text, text);
}

void
sendlog_u64(struct sendlog *log, uint64_t number)
{
	str_add_u64(&log->text, number);
}

void
sendlog_safe(struct sendlog *log, struct span text)
{
	size_t start = log->text.len;

	str_add(&log->text, text);
	for (size_t i = start; i < log->text.len; i++) {
		char *c = &log->text.s[i];

		if (*c == '\n')
			*c = '/';
		else if (*c <= ' ' || *c > '~' || *c == '%')
			*c = '_';
	}
}

/* Where the last line of the log starts. */
static size_t
last_line(const struct str *text)
{
	size_t end = span_find_last(str_span(text), '\n');

	return end == text->len ? 0 : end + 1;
}

void
sendlog_end(struct sendlog *log)
{
	if (log->text.len < LOG_MAX) {
		str_add_byte(&log->text, '\n');
		return;
	}
	log->dropped++;
	str_cut(&log->text, last_line(&log->text));
}

void
sendlog_line(struct sendlog *log, const char *text)
{
	sendlog_z(log, text);
	sendlog_end(log);
}

void
sendlog_message(
    struct sendlog *log, const char *before, uint64_t number, const char *after)
{
	sendlog_z(log, before);
	sendlog_u64(log, number);
	sendlog_line(log, after);
}

void
sendlog_trouble(struct sendlog *log, const char *what, struct queue_path path,
    const char *after)
{
	sendlog_z(log, "warning: ");
	sendlog_z(log, what);
	sendlog_z(log, " ");
	sendlog_z(log, path.s);
	sendlog_line(log, after);
}

static void
report_dropped(struct sendlog *log)
{
	sendlog_z(log, "warning: the log was stuck; lines lost: ");
	sendlog_u64(log, log->dropped);
	log->dropped = 0;
	sendlog_end(log);
}

void
sendlog_flush(struct sendlog *log)
{
	struct span part = span_upto(str_span(&log->text), LOG_WRITE);
	ssize_t put = fd_write(DAEMONS_LOG_FD, part);

	if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		put = 0;
	/* Without a reader the mail goes on, unlogged. */
	if (put < 0)
		put = (ssize_t)part.len;
	memmove(log->text.s, log->text.s + put, log->text.len - (size_t)put);
	str_cut(&log->text, log->text.len - (size_t)put);
	if (log->text.len == 0 && log->dropped)
		report_dropped(log);
}

bool
sendlog_is_behind(const struct sendlog *log)
{
	return log->text.len > LOG_LONG;
}

void
sendlog_finish(struct sendlog *log)
{
	struct pollfd poller = { .fd = DAEMONS_LOG_FD, .events = POLLOUT };

	while (log->text.len && signal_poll(&poller, 1, LOG_LAST) > 0)
		sendlog_flush(log);
}
