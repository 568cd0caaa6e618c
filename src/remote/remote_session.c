/*
 * remote_session.c - one SMTP connection as the client.
 * Input: hostile.
 *
 * EHLO is said to all, HELO to those that refuse EHLO for good.
 */
#include "remote_session.h"

#include <errno.h>

#include "mail/quote.h"
#include "sys/clock.h"

struct span
session_said(const struct session *session)
{
	return str_span(&session->reply.text);
}

/* Of a delivery that breaks off after MAIL nothing is told of the hop. */
static void
note_break(struct session *session, enum tcpto_trouble trouble)
{
	struct remote *remote = session->remote;

	if (session->is_well)
		remote->told.hop = DELIVERY_HOP_UNTOLD;
	else
		remote_peer_is_in_trouble(remote, trouble);
}

void
session_end_broken(struct session *session)
{
	struct remote *remote = session->remote;
	bool is_silent = errno == ETIMEDOUT;
	enum remote_ending ending = session->is_at_end ? REMOTE_LOST_AT_END
	    : clock_monotonic() >= remote->deadline    ? REMOTE_TOO_LONG
						       : REMOTE_LOST;

	note_break(session, is_silent ? TCPTO_SILENT : TCPTO_LOST);
	remote->told.quit_fd = -1;
	remote_end(&remote->told, ending, SPAN(""));
}

void
session_end_unread(struct session *session)
{
	session->remote->told.hop = DELIVERY_HOP_UNTOLD;
	remote_end(&session->remote->told, REMOTE_READ, SPAN(""));
}

void
session_end_protocol(struct session *session)
{
	note_break(session, TCPTO_GREETING);
	remote_end(
	    &session->remote->told, REMOTE_PROTOCOL, session_said(session));
}

void
session_send(struct session *session)
{
	if (in_is_waiting(&session->in))
		session_end_protocol(session);
	if (out_flush(&session->out) < 0)
		session_end_broken(session);
}

/* Reads one reply that may take so many milliseconds.  Returns its code. */
static int
read_reply_within(struct session *session, int64_t limit)
{
	struct smtpreply *reply = &session->reply;
	int64_t until = clock_monotonic() + limit;

	if (until > session->remote->deadline)
		until = session->remote->deadline;
	in_set_deadline(&session->in, until);
	smtpreply_reset(reply);
	while (reply->state == SMTPREPLY_MORE) {
		struct span bytes;

		errno = 0;
		if (in_peek(&session->in, &bytes) <= 0)
			session_end_broken(session);
		in_consume(&session->in, smtpreply_feed(reply, bytes));
	}
	if (reply->state == SMTPREPLY_BROKEN)
		session_end_protocol(session);
	return reply->code;
}

int
session_read_reply(struct session *session)
{
	return read_reply_within(session,
	    (int64_t)session->remote->timeout * REMOTE_REPLY_TIMEOUTS * 1000);
}

void
session_add_command(struct session *session, const char *verb, const char *rest)
{
	(void)out_add_z(&session->out, verb); /* session_send tells */
	(void)out_add_z(&session->out, rest);
	(void)out_add_z(&session->out, "\r\n");
}

void
session_add_path(struct session *session, const char *verb, struct span address)
{
	struct str path = STR_INIT;

	str_add_z(&path, verb);
	str_add_byte(&path, '<');
	if (span_has(address, '@'))
		quote_add_address(&path, address);
	else
		str_add(&path, address);
	str_add_byte(&path, '>');
	(void)out_add(&session->out, str_span(&path)); /* session_send tells */
	str_free(&path);
}

NORETURN static void
end_refused(struct session *session, enum tcpto_trouble trouble,
    enum remote_ending ending)
{
	remote_peer_is_in_trouble(session->remote, trouble);
	remote_end(&session->remote->told, ending, session_said(session));
}

/* Says EHLO or HELO.  Returns the code of the reply. */
static int
greet(struct session *session, const char *verb)
{
	session_add_command(session, verb, str_z(&session->remote->helo));
	session_send(session);
	return session_read_reply(session);
}

static void
say_hello(struct session *session)
{
	int code = greet(session, "EHLO ");

	if (code == 250) {
		session->offers = session->reply.offers;
		session->size_max = session->reply.size_max;
		session->rcpt_max = session->reply.rcpt_max;
	} else if (code >= 500)
		code = greet(session, "HELO ");
	if (code != 250)
		end_refused(session, TCPTO_HELLO, REMOTE_HELO);
}

void
session_open(struct session *session, struct remote *remote, int fd)
{
	session->remote = remote;
	session->fd = fd;
	in_init(&session->in, fd, session->in_buffer, REMOTE_REPLY_BUFFER);
	out_init(&session->out, fd, session->out_buffer, REMOTE_COMMAND_BUFFER);
	in_set_timeout(&session->in, remote->timeout);
	out_set_timeout(&session->out, remote->timeout);
	out_set_deadline(&session->out, remote->deadline);
	smtpreply_init(&session->reply);
	remote->told.quit_fd = fd;
	if (read_reply_within(
		session, (int64_t)remote->timeout_greeting * 1000) != 220)
		end_refused(session, TCPTO_GREETING, REMOTE_GREETING);
	say_hello(session);
}
