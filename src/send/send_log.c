/*
 * send_log.c - the log of qmail-send.
 *
 * Lines are collected and written when the reader takes them, so that a stuck
 * reader never stops the mail; beyond LOG_MAX lines are dropped, and counted.
 * Source: qmail-log(5).
 */
#include <string.h>
#include <unistd.h>

#include "queue/daemons.h"
#include "queue/path.h"
#include "sys/fd.h"

#include "send.h"

#define LOG_MAX	  (1u << 20) /* bytes kept for a stuck reader */
#define LOG_WRITE 4096	     /* bytes that a ready pipe takes at once */

void
send_log_z(struct send *send, const char *text)
{
	str_add_z(&send->log, text);
}

void
send_log_u64(struct send *send, uint64_t number)
{
	str_add_u64(&send->log, number);
}

void
send_log_safe(struct send *send, struct span text)
{
	size_t start = send->log.len;

	str_add(&send->log, text);
	for (size_t i = start; i < send->log.len; i++) {
		char *c = &send->log.s[i];

		if (*c == '\n')
			*c = '/';
		else if (*c <= ' ' || *c > '~' || *c == '%')
			*c = '_';
	}
}

/* Where the last line of the log starts. */
static size_t
last_line(const struct str *log)
{
	size_t end = span_find_last(str_span(log), '\n');

	return end == log->len ? 0 : end + 1;
}

void
send_log_end(struct send *send)
{
	if (send->log.len < LOG_MAX) {
		str_add_byte(&send->log, '\n');
		return;
	}
	send->log_dropped++;
	str_cut(&send->log, last_line(&send->log));
}

void
send_log_line(struct send *send, const char *text)
{
	send_log_z(send, text);
	send_log_end(send);
}

void
send_log_trouble(struct send *send, const char *what, const char *folder,
    uint64_t number, const char *after)
{
	send_log_z(send, "warning: ");
	send_log_z(send, what);
	send_log_z(send, " ");
	send_log_z(send, folder);
	send_log_z(send, "/");
	send_log_u64(send, number % send->split);
	send_log_z(send, "/");
	send_log_u64(send, number);
	send_log_z(send, after);
	send_log_end(send);
}

void
send_log_status(struct send *send)
{
	static const char *const names[CHANNELS] = { " local ", " remote " };

	send_log_z(send, "status:");
	for (int i = 0; i < CHANNELS; i++) {
		send_log_z(send, names[i]);
		send_log_u64(send, send->channels[i].running);
		send_log_z(send, "/");
		send_log_u64(send, send->channels[i].limit);
	}
	if (send->exits_asap)
		send_log_z(send, " exitasap");
	send_log_end(send);
}

static void
report_dropped(struct send *send)
{
	send_log_z(send, "warning: the log was stuck; lines lost: ");
	send_log_u64(send, send->log_dropped);
	send->log_dropped = 0;
	send_log_end(send);
}

void
send_log_flush(struct send *send)
{
	struct span part = span_upto(str_span(&send->log), LOG_WRITE);
	ssize_t put = fd_write(DAEMONS_LOG_FD, part);

	/* Without a reader the mail goes on, unlogged. */
	if (put < 0)
		put = (ssize_t)part.len;
	memmove(send->log.s, send->log.s + put, send->log.len - (size_t)put);
	str_cut(&send->log, send->log.len - (size_t)put);
	if (send->log.len == 0 && send->log_dropped)
		report_dropped(send);
}
