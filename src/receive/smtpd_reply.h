/* smtpd_reply.h - what is said to the client, and every way to end. */
#ifndef RECEIVE_SMTPD_REPLY_H
#define RECEIVE_SMTPD_REPLY_H

#include "base/attr.h"
#include "smtpd.h"

/* How a session ends. */
enum smtpd_end {
	SMTPD_QUIT,
	SMTPD_GONE,	 /* the client closed or broke the connection */
	SMTPD_TIMEOUT,	 /* it is too slow */
	SMTPD_LONE_LF,	 /* a message cannot be told from what follows it */
	SMTPD_ERRORS,	 /* it does nothing but fail */
	SMTPD_STRANGE,	 /* it asks for recipients that are not there */
	SMTPD_LOGINS,	 /* it does not know who it is */
	SMTPD_CONTROL,	 /* our configuration cannot be used */
	SMTPD_HANDSHAKE, /* that of TLS has failed */
	SMTPD_MEMORY,
};

/*
 * smtpd_reply: a reply of one line, "250 2.0.0 ok".  Sent when we wait for
 * input.  Replies 4yz and 5yz are logged, and 5yz counted as errors.
 */
void smtpd_reply(struct smtpd *smtpd, const char *line);

/* smtpd_answer: the same, from its parts; 2yz needs no memory. */
void smtpd_answer(struct smtpd *smtpd, struct answer answer);

/* smtpd_begin_input: time limits for reading and writing, and replies that leave
 * before we wait. */
void smtpd_begin_input(struct smtpd *smtpd);

/* smtpd_send_late: sends replies at once, also when their time is over. */
void smtpd_send_late(struct smtpd *smtpd);

/*
 * smtpd_end: says what is to be said, and ends the process.
 *   smtpd   NULL: nothing can be said but on descriptor 1 itself
 */
NORETURN void smtpd_end(struct smtpd *smtpd, enum smtpd_end why);

/* smtpd_end_by_errno: ends because reading failed with this errno. */
NORETURN void smtpd_end_by_errno(struct smtpd *smtpd, int number);

#endif
