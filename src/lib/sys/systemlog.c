/* systemlog.c - records for the system log. */
#include "sys/systemlog.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "sys/clock.h"
#include "sys/fd.h"

void
systemlog_open(struct systemlog *log, const char *tag, unsigned facility)
{
	*log = (struct systemlog){ .tag = tag, .facility = facility, .fd = -1 };
}

/* Connects again, for the system log may have been started anew. */
static void
connect_log(struct systemlog *log)
{
	const struct sockaddr_un name = { .sun_family = AF_UNIX,
		.sun_path = "/dev/log" };

	fd_close(log->fd);
	log->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (log->fd >= 0 &&
	    connect(log->fd, (const struct sockaddr *)&name, sizeof(name)) <
		0) {
		fd_close(log->fd);
		log->fd = -1;
	}
}

static ssize_t
send_record(const struct systemlog *log)
{
	ssize_t put;

	if (log->fd < 0)
		return -1;
	do
		put =
		    send(log->fd, log->record.s, log->record.len, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	return put;
}

/* "Nov 22 09:05:07" in local time, as RFC 3164 4.1.2 wants it. */
static void
add_date(struct str *record)
{
	time_t now = (time_t)clock_seconds();
	struct tm parts;
	char date[32];

	if (localtime_r(&now, &parts))
		str_add(record,
		    span_make(date,
			strftime(date, sizeof(date), "%b %e %T ", &parts)));
}

void
systemlog_send(
    struct systemlog *log, enum systemlog_severity severity, struct span text)
{
	struct str *record = &log->record;

	str_reset(record);
	str_add_byte(record, '<');
	str_add_u64(record, log->facility * 8u + severity);
	str_add_byte(record, '>');
	add_date(record);
	str_add_z(record, log->tag);
	str_add_z(record, ": ");
	str_add(record, text);
	if (send_record(log) >= 0)
		return;
	connect_log(log);
	(void)send_record(log); /* nobody is there to be told */
}

void
systemlog_close(struct systemlog *log)
{
	fd_close(log->fd);
	str_free(&log->record);
}
