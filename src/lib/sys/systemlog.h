/* systemlog.h - records for the system log: one datagram each to /dev/log. */
#ifndef SYS_SYSTEMLOG_H
#define SYS_SYSTEMLOG_H

#include "base/span.h"
#include "base/str.h"

/* Severities of RFC 5424 6.2.1 that are used here. */
enum systemlog_severity {
	SYSTEMLOG_ALERT = 1,
	SYSTEMLOG_WARNING = 4,
	SYSTEMLOG_INFO = 6
};

struct systemlog {
	const char *tag;   /* in front of each record; stays the caller's */
	unsigned facility; /* 0 to 23; 2 is mail */
	int fd;		   /* -1: not connected */
	struct str record;
};

/* systemlog_open: no record is sent yet, and no connection made. */
void systemlog_open(struct systemlog *log, const char *tag, unsigned facility);

/*
 * systemlog_send: sends "<PRIORITY>DATE TAG: TEXT", waiting while the system
 * log is busy.  Where there is no system log the record is lost, as with
 * syslog(3).
 */
void systemlog_send(
    struct systemlog *log, enum systemlog_severity severity, struct span text);

/* systemlog_close: closes the connection and releases the memory. */
void systemlog_close(struct systemlog *log);

#endif
