/*
 * smtpd_log.h - what the administrator is told, on descriptor 2: a line for
 * each refusal, each message that was accepted, and the end of each session.
 *
 *	smtpd refused pid=31 client=192.0.2.1 helo="x" from="a@b" to="c@d"
 *	  reply="550 5.1.1 nobody here has this name"
 *	smtpd accepted pid=31 client=... helo=... from=... to=... recipients=1
 *	  size=1204 qp=35
 *	smtpd closed pid=31 client=... messages=1 recipients=1 bytes=1204
 *	  refusals=0 seconds=2 end=quit
 *
 * each in one line.  Whatever a client can choose stands in quotes, and there
 * all bytes but printable ASCII, and quotes and backslashes, are \xHH: nothing
 * that it sends looks like a field or a line.  pid is the one that tcpserver
 * logs; qp the one that qmail-send logs with "info msg".
 */
#ifndef RECEIVE_SMTPD_LOG_H
#define RECEIVE_SMTPD_LOG_H

#include "smtpd.h"

#define SMTPD_LOG_VALUE_MAX 255 /* bytes of one value; the rest is cut off */
#define SMTPD_LOG_REFUSALS  100 /* lines a session; then they are counted */

void smtpd_log_refused(struct smtpd *smtpd, const char *reply);

/* smtpd_log_accepted: qp is the process id of qmail-queue. */
void smtpd_log_accepted(struct smtpd *smtpd, uint64_t qp);

/* smtpd_log_closed: end is a word for how it came about. */
void smtpd_log_closed(struct smtpd *smtpd, const char *end);

#endif
