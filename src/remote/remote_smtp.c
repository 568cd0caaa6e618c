/*
 * remote_smtp.c - one SMTP session as the client.
 * Input: hostile.
 *
 * EHLO is said to servers that greet with the word ESMTP, HELO to others and
 * to those that refuse EHLO.  Where the server offers PIPELINING (RFC 2920),
 * MAIL, RCPT and DATA go out together, and so do the message and QUIT;
 * without that offer each command waits for the reply to the one before.
 */
#include "remote.h"

#include <errno.h>
#include <unistd.h>

#include "mail/quote.h"
#include "net/smtpdata.h"
#include "net/smtpline.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/in.h"
#include "sys/out.h"
#include "sys/sock.h"

#define REPLY_BUFFER	 4096
#define COMMAND_BUFFER	 16384
#define MESSAGE_PIECE	 65536
#define GROUP_MAX	 50   /* RCPT commands that wait for replies */
#define REPLY_TIMEOUTS	 2    /* timeouts that a whole reply may take */
#define SESSION_TIMEOUTS 12   /* timeouts that the session may take ... */
#define SESSION_LEAST	 3600 /* ... but at least so many seconds */

struct session {
	struct remote *remote;
	int fd;
	struct in in;
	struct out out;
	struct smtpreply reply;
	bool is_pipelining;
	bool is_at_end; /* the whole message is sent */
	int64_t deadline;
	char in_buffer[REPLY_BUFFER];
	char out_buffer[COMMAND_BUFFER];
};

static struct span
said(const struct session *session)
{
	return str_span(&session->reply.text);
}

NORETURN static void
end_lost(struct session *session)
{
	session->remote->quit_fd = -1;
	remote_end(session->remote,
	    session->is_at_end ? REMOTE_LOST_AT_END : REMOTE_LOST, SPAN(""));
}

/* Sends what is buffered.  A server that has spoken before its turn answers
 * questions that it has not heard. */
static void
send_commands(struct session *session)
{
	if (in_is_waiting(&session->in))
		remote_end(session->remote, REMOTE_PROTOCOL, said(session));
	if (out_flush(&session->out) < 0)
		end_lost(session);
}

/* Reads one reply.  Returns its code. */
static int
read_reply(struct session *session)
{
	struct smtpreply *reply = &session->reply;
	int64_t limit = clock_monotonic() +
	    (int64_t)session->remote->timeout * REPLY_TIMEOUTS * 1000;

	in_set_deadline(&session->in,
	    limit < session->deadline ? limit : session->deadline);
	smtpreply_reset(reply);
	while (reply->state == SMTPREPLY_MORE) {
		struct span bytes;

		if (in_peek(&session->in, &bytes) <= 0)
			end_lost(session);
		in_consume(&session->in, smtpreply_feed(reply, bytes));
	}
	if (reply->state == SMTPREPLY_BROKEN)
		remote_end(session->remote, REMOTE_PROTOCOL, said(session));
	return reply->code;
}

static void
add_command(struct session *session, const char *verb, const char *rest)
{
	(void)out_add_z(&session->out, verb); /* send_commands tells */
	(void)out_add_z(&session->out, rest);
	(void)out_add_z(&session->out, "\r\n");
}

/* An address goes quoted where it needs to be; one without domain does not. */
static void
add_path(struct session *session, const char *verb, struct span address)
{
	struct str path = STR_INIT;

	str_add_z(&path, verb);
	str_add_byte(&path, '<');
	if (span_has(address, '@'))
		quote_add_address(&path, address);
	else
		str_add(&path, address);
	str_add_z(&path, ">\r\n");
	(void)out_add(&session->out, str_span(&path)); /* send_commands tells */
	str_free(&path);
}

static void
say_hello(struct session *session)
{
	const char *name = str_z(&session->remote->helo);

	if (session->reply.is_esmtp) {
		add_command(session, "EHLO ", name);
		send_commands(session);
		if (read_reply(session) == 250) {
			session->is_pipelining =
			    session->reply.offers & SMTPREPLY_PIPELINING;
			return;
		}
	}
	add_command(session, "HELO ", name);
	send_commands(session);
	if (read_reply(session) != 250)
		remote_end(session->remote, REMOTE_HELO, said(session));
}

static void
judge_mail(struct session *session)
{
	int code = read_reply(session);

	if (code >= 500)
		remote_end(session->remote, REMOTE_MAIL_NEVER, said(session));
	if (code >= 400)
		remote_end(session->remote, REMOTE_MAIL_LATER, said(session));
}

/* Reads the reply to RCPT and reports it.  Returns whether it is accepted. */
static bool
judge_recipient(struct session *session, struct span address)
{
	int code = read_reply(session);
	enum remote_letter letter = code >= 500 ? REMOTE_NEVER
	    : code >= 400			? REMOTE_LATER
						: REMOTE_TAKEN;

	remote_report_recipient(
	    session->remote, letter, address, said(session));
	return letter == REMOTE_TAKEN;
}

static void
judge_data(struct session *session)
{
	int code = read_reply(session);

	if (code == 354)
		return;
	if (code >= 500)
		remote_end(session->remote, REMOTE_DATA_NEVER, said(session));
	if (code >= 400)
		remote_end(session->remote, REMOTE_DATA_LATER, said(session));
	remote_end(session->remote, REMOTE_PROTOCOL, said(session));
}

/* Reads and reports the replies to RCPT for the recipients from start to
 * next.  Returns whether one of them is accepted. */
static bool
judge_recipients(struct session *session, size_t start, size_t next)
{
	struct remote *remote = session->remote;
	bool is_any_taken = false;

	for (size_t i = start; i < next; i++) {
		const struct remote_recipient *at = &remote->recipients.at[i];

		if (!at->is_sendable)
			remote_report_recipient(
			    remote, REMOTE_NEVER, at->address, SPAN(""));
		else if (judge_recipient(session, at->address))
			is_any_taken = true;
	}
	return is_any_taken;
}

static void
add_recipients(struct session *session, size_t start, size_t next)
{
	struct remote *remote = session->remote;

	for (size_t i = start; i < next; i++)
		if (remote->recipients.at[i].is_sendable)
			add_path(session,
			    "RCPT TO:", remote->recipients.at[i].address);
}

/* MAIL, RCPT and DATA one by one. */
static bool
send_in_lockstep(struct session *session)
{
	size_t count = session->remote->recipients.len;
	bool is_any_taken = false;

	add_path(session, "MAIL FROM:", session->remote->sender);
	send_commands(session);
	judge_mail(session);
	for (size_t i = 0; i < count; i++) {
		add_recipients(session, i, i + 1);
		send_commands(session);
		is_any_taken |= judge_recipients(session, i, i + 1);
	}
	if (is_any_taken) {
		add_command(session, "DATA", "");
		send_commands(session);
	}
	return is_any_taken;
}

/* The same in groups; the first begins with MAIL, the last ends in DATA. */
static bool
send_in_groups(struct session *session)
{
	size_t count = session->remote->recipients.len;
	bool is_any_taken = false;

	add_path(session, "MAIL FROM:", session->remote->sender);
	for (size_t start = 0, next; start < count; start = next) {
		next = count - start > GROUP_MAX ? start + GROUP_MAX : count;
		add_recipients(session, start, next);
		if (next == count)
			add_command(session, "DATA", "");
		send_commands(session);
		sock_acknowledge_at_once(session->fd);
		if (start == 0)
			judge_mail(session);
		is_any_taken |= judge_recipients(session, start, next);
	}
	/* After DATA, QUIT would be text: closing is enough. */
	if (!is_any_taken)
		session->remote->quit_fd = -1;
	return is_any_taken;
}

/* Returns when the server waits for the message. */
static void
send_envelope(struct session *session)
{
	bool is_any_taken = session->is_pipelining ? send_in_groups(session)
						   : send_in_lockstep(session);

	if (!is_any_taken)
		remote_end(session->remote, REMOTE_NO_RECIPIENT, SPAN(""));
	judge_data(session);
}

static void
send_data(struct session *session, struct str *wire)
{
	if (out_add(&session->out, str_span(wire)) < 0)
		end_lost(session);
	str_reset(wire);
}

/* Sends the message and its end.  From here to the end there is no QUIT: the
 * server would take it for text. */
static void
send_message(struct session *session)
{
	struct remote *remote = session->remote;
	struct smtpdata data = SMTPDATA_INIT;
	struct str wire = STR_INIT;
	char piece[MESSAGE_PIECE];
	ssize_t got;

	remote->quit_fd = -1;
	while ((got = fd_read(0, piece, sizeof(piece))) > 0) {
		struct span bytes = span_make(piece, (size_t)got);

		/* One write needs no haste; the end of several does. */
		if (wire.len) {
			if (session->out.total < MESSAGE_PIECE)
				sock_send_at_once(session->fd);
			send_data(session, &wire);
		}
		smtpdata_encode(&data, bytes, &wire);
	}
	if (got < 0)
		remote_end(remote, REMOTE_READ, SPAN(""));
	if (smtpdata_is_partial(&data))
		remote_end(remote, REMOTE_PARTIAL_LINE, SPAN(""));
	str_add_z(&wire, session->is_pipelining ? ".\r\nQUIT\r\n" : ".\r\n");
	if (in_is_waiting(&session->in) || sock_has_input(session->fd)) {
		(void)read_reply(session);
		remote_end(remote, REMOTE_PROTOCOL, said(session));
	}
	send_data(session, &wire);
	if (out_flush(&session->out) < 0)
		end_lost(session);
	str_free(&wire);
	session->is_at_end = true;
}

static void
judge_message(struct session *session)
{
	struct remote *remote = session->remote;
	int code = read_reply(session);

	if (!session->is_pipelining)
		remote->quit_fd = session->fd;
	if (code >= 200 && code < 300)
		remote_end(remote, REMOTE_ACCEPTED, said(session));
	if (code >= 500)
		remote_end(remote, REMOTE_END_NEVER, said(session));
	if (code >= 400)
		remote_end(remote, REMOTE_END_LATER, said(session));
	remote_end(remote, REMOTE_PROTOCOL, said(session));
}

static void
open_session(struct session *session)
{
	struct remote *remote = session->remote;
	unsigned timeout = remote->timeout;
	int64_t whole = (int64_t)remote->timeout * SESSION_TIMEOUTS;

	if (whole < SESSION_LEAST)
		whole = SESSION_LEAST;
	session->deadline = clock_monotonic() + whole * 1000;
	in_init(&session->in, session->fd, session->in_buffer, REPLY_BUFFER);
	out_init(
	    &session->out, session->fd, session->out_buffer, COMMAND_BUFFER);
	in_set_timeout(&session->in, timeout);
	out_set_timeout(&session->out, timeout);
	out_set_deadline(&session->out, session->deadline);
	smtpreply_init(&session->reply);
}

void
remote_smtp(struct remote *remote, int fd)
{
	struct session session = { .remote = remote, .fd = fd };

	open_session(&session);
	remote->quit_fd = fd;
	if (read_reply(&session) != 220)
		remote_end(remote, REMOTE_GREETING, said(&session));
	say_hello(&session);
	send_envelope(&session);
	send_message(&session);
	judge_message(&session);
	remote_end(remote, REMOTE_PROTOCOL, SPAN(""));
}
