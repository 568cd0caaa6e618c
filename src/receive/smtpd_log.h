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
 * each in one line; see sys/logline.h.  qp is the one that qmail-send logs with
 * "info msg".
 */
#ifndef RECEIVE_SMTPD_LOG_H
#define RECEIVE_SMTPD_LOG_H

#include "smtpd.h"

#define SMTPD_LOG_REFUSALS 100 /* lines a session; then they are counted */

void smtpd_log_refused(struct smtpd *smtpd, const char *reply);

void smtpd_log_accepted(struct smtpd *smtpd);

/* smtpd_log_closed: end is a word for how it came about. */
void smtpd_log_closed(struct smtpd *smtpd, const char *end);

#endif
