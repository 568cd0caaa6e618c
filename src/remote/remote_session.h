/* remote_session.h - one SMTP connection as the client: commands, replies, and
 * the words before the first transaction. */
#ifndef REMOTE_REMOTE_SESSION_H
#define REMOTE_REMOTE_SESSION_H

#include "net/smtpline.h"
#include "remote.h"
#include "sys/in.h"
#include "sys/out.h"

#define REMOTE_REPLY_BUFFER   4096
#define REMOTE_COMMAND_BUFFER 16384

struct session {
	struct remote *remote;
	int fd;
	struct in in;
	struct out out;
	struct smtpreply reply;	     /* the last one */
	unsigned offers;	     /* of enum smtpreply_offer */
	uint64_t size_max, rcpt_max; /* 0: no limit is told */
	bool is_utf8;		     /* MAIL says SMTPUTF8 */
	bool is_well;		     /* MAIL has been answered */
	bool is_in_data;	     /* the message is being sent */
	bool is_at_end;		     /* the whole message is sent */
	struct str goodbye; /* the last reply 421: it closes the connection */
	char *in_buffer;    /* of REMOTE_REPLY_BUFFER bytes */
	char *out_buffer;   /* of REMOTE_COMMAND_BUFFER */
};

/* session_open: waits for the greeting and says hello.  Returns false if the
 * server does not want us, says so or not: then the connection is closed, and
 * remote_lose has been told why. */
MUST_CHECK bool
session_open(struct session *session, struct remote *remote, int fd);

/* session_add_command: puts a command into the buffer. */
void session_add_command(
    struct session *session, const char *verb, const char *rest);

/* session_add_path: begins MAIL or RCPT; session_add_command ends it.  An
 * address goes quoted where it needs to be; one without domain does not. */
void session_add_path(
    struct session *session, const char *verb, struct span address);

/* session_send: sends what is buffered.  A server that has spoken before its
 * turn answers questions that it has not heard: an end. */
void session_send(struct session *session);

/* session_read_reply: reads one reply into session->reply.  Returns its
 * code. */
int session_read_reply(struct session *session);

/* session_said: the text of the last reply. */
struct span session_said(const struct session *session);

/*
 * session_wants_tls: whether the last reply refuses for good, but perhaps only for
 * want of TLS, which the server offers and this session is without: then that is no
 * word on the mail, and TLS is tried next time, however it failed.  RFC 3207 4 has
 * 530 for that; many say 550 or 554, with 5.7.x (RFC 3463 3.8) or no status at all.
 * A status for another reason, as 5.1.1, is the server's last word.
 */
bool session_wants_tls(const struct session *session);

/* session_end_broken: ends the program because of errno of the connection, 0
 * if the server has closed it. */
NORETURN void session_end_broken(struct session *session);

/*
 * session_end_early: ends the program because the server has spoken before its
 * turn, or takes nothing more (errno).  What it says counts if it refuses the
 * message that is being sent; that it takes it, before it has it, never does.
 */
NORETURN void session_end_early(struct session *session);

/* session_end_unread: because the message cannot be read: a fault of ours,
 * which says nothing of the hop. */
NORETURN void session_end_unread(struct session *session);

/* session_end_protocol: because the server does not keep to SMTP; but 421 may
 * be said at any time (RFC 5321 3.8). */
NORETURN void session_end_protocol(struct session *session);

#endif
