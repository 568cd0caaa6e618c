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
#include "sys/fd.h"

#define GREETING   220
#define GOING	   421	/* the code of a server that closes */
#define LAST_WORDS 5000 /* milliseconds for them, when all is over */

struct span
session_said(const struct session *session)
{
	return str_span(&session->reply.text);
}

/* Whether the code is one of those for want of encryption: RFC 3207 4, RFC 4954 6,
 * RFC 5248 2.4. */
static bool
is_code_of_encryption(int code)
{
	return code == 530 || code == 538 || code == 523;
}

bool
session_wants_tls(const struct session *session)
{
	const struct smtpreply *reply = &session->reply;
	struct span status = span_from(session_said(session), 4);
	bool may_be_tls = is_code_of_encryption(reply->code) ||
	    !span_starts(status, SPAN("5.")) ||
	    span_starts(status, SPAN("5.0.")) ||
	    span_starts(status, SPAN("5.7."));

	if (!session->remote->tls.is_missed || reply->code < 500 || !may_be_tls)
		return false;
	remote_tls_hurry(session->remote);
	return true;
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
	int cause = errno;
	bool is_silent = cause == ETIMEDOUT;
	enum remote_ending ending = session->is_at_end ? REMOTE_LOST_AT_END
	    : clock_monotonic() >= remote->deadline    ? REMOTE_TOO_LONG
						       : REMOTE_LOST;

	note_break(session, is_silent ? TCPTO_SILENT : TCPTO_LOST);
	remote->told.quit_fd = -1;
	remote->told.cause = cause;
	remote_end(&remote->told, ending, str_span(&session->goodbye));
}

void
session_end_unread(struct session *session)
{
	session->remote->told.hop = DELIVERY_HOP_UNTOLD;
	remote_end(&session->remote->told, REMOTE_READ, SPAN(""));
}

static bool
is_going(const struct session *session)
{
	return session->reply.state == SMTPREPLY_DONE &&
	    session->reply.code == GOING;
}

void
session_end_protocol(struct session *session)
{
	struct remote_told *told = &session->remote->told;

	if (is_going(session)) {
		note_break(session, TCPTO_LOST);
		remote_end(told, REMOTE_LOST, session_said(session));
	}
	note_break(session, TCPTO_GREETING);
	remote_end(told, REMOTE_PROTOCOL, session_said(session));
}

/* Reads one reply that may take so many milliseconds.  Returns its code; 0
 * with errno if the connection broke off, -1 if it is none. */
static int
try_reply(struct session *session, int64_t limit)
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
			return 0;
		in_consume(&session->in, smtpreply_feed(reply, bytes));
	}
	if (reply->state == SMTPREPLY_BROKEN)
		return -1;
	if (reply->code == GOING)
		str_set(&session->goodbye, session_said(session));
	return reply->code;
}

int
session_read_reply(struct session *session)
{
	int code = try_reply(session,
	    (int64_t)session->remote->timeout * REMOTE_REPLY_TIMEOUTS * 1000);

	if (code == 0)
		session_end_broken(session);
	if (code < 0)
		session_end_protocol(session);
	return code;
}

void
session_end_early(struct session *session)
{
	struct remote_told *told = &session->remote->told;
	int cause = errno;
	int code = try_reply(session, LAST_WORDS);

	if (code == 0) {
		errno = cause;
		session_end_broken(session);
	}
	if (session->is_in_data && code >= 400)
		remote_end(told,
		    code >= 500 ? REMOTE_END_NEVER : REMOTE_END_LATER,
		    session_said(session));
	session_end_protocol(session);
}

void
session_send(struct session *session)
{
	errno = 0;
	if (in_is_waiting(&session->in) || out_flush(&session->out) < 0)
		session_end_early(session);
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

/* Says a command before the first transaction.  Returns the code of the reply,
 * as try_reply. */
static int
ask(struct session *session, const char *verb, const char *rest)
{
	bool is_early = in_is_waiting(&session->in);

	session_add_command(session, verb, rest);
	errno = 0;
	if (is_early || out_flush(&session->out) < 0)
		return try_reply(session, LAST_WORDS) == 0 ? 0 : -1;
	return try_reply(session,
	    (int64_t)session->remote->timeout_hello * REMOTE_REPLY_TIMEOUTS *
		1000);
}

static int
say_hello(struct session *session)
{
	const char *name = str_z(&session->remote->helo);
	int code = ask(session, "EHLO ", name);

	if (code == 250) {
		session->offers = session->reply.offers;
		session->size_max = session->reply.size_max;
		session->rcpt_max = session->reply.rcpt_max;
	} else if (code >= 500)
		code = ask(session, "HELO ", name);
	return code;
}

/* Leaves the host to turn to the next.  With code 0 it has gone by itself
 * (errno), with -1 it said something that was no answer. */
static void
leave(struct session *session, int code, enum tcpto_trouble trouble,
    enum remote_ending ending)
{
	struct remote *remote = session->remote;
	struct span said = session_said(session);
	int cause = code == 0 ? errno : 0;

	if (code == 0) {
		trouble = cause == ETIMEDOUT ? TCPTO_SILENT : TCPTO_LOST;
		ending = REMOTE_LOST;
		said = str_span(&session->goodbye);
	} else if (code < 0) {
		bool is_goodbye = is_going(session);

		trouble = is_goodbye ? TCPTO_LOST : TCPTO_GREETING;
		ending = is_goodbye ? REMOTE_LOST : REMOTE_PROTOCOL;
	}
	remote_peer_is_in_trouble(remote, trouble);
	remote_lose(remote, ending, cause, said);
	if (code != 0)
		(void)!fd_write(session->fd, SPAN("QUIT\r\n"));
	fd_close(session->fd);
	remote->told.quit_fd = -1;
}

/* Reads from and writes to this. */
static void
attach(struct session *session, int fd)
{
	struct remote *remote = session->remote;

	session->fd = fd;
	session->offers = 0;
	session->size_max = session->rcpt_max = 0;
	in_init(&session->in, fd, session->in_buffer, REMOTE_REPLY_BUFFER);
	out_init(&session->out, fd, session->out_buffer, REMOTE_COMMAND_BUFFER);
	in_set_timeout(&session->in, remote->timeout_hello);
	out_set_timeout(&session->out, remote->timeout);
	out_set_deadline(&session->out, remote->deadline);
	remote->told.quit_fd = fd;
}

/* ---- TLS ---- */

/* It failed and the connection is closed; now it is the turn of the same host in
 * clear text, or of the next one. */
static void
leave_without_tls(struct session *session, enum remote_ending ending)
{
	struct remote *remote = session->remote;
	struct remote_tls *tls = &remote->tls;
	struct str words = STR_INIT;

	remote->told.quit_fd = -1;
	remote_tls_log(remote);
	if (tls->wish == REMOTE_TLS_TRY) {
		if (!tls->is_our_fault)
			remote_tls_note(remote);
		tls->is_clear_next = true;
		return;
	}
	if (tls->is_unfit)
		ending = REMOTE_REQUIRETLS;
	if (tls->is_login_refused) {
		ending = REMOTE_LOGIN;
		str_add(&words, str_span(&tls->reason));
	} else if (ending != REMOTE_TLS_MISSING) {
		str_add_z(&words, tls->result);
		str_add_z(&words, ": ");
		str_add(&words, str_span(&tls->reason));
	}
	remote_lose(remote, ending, 0, str_span(&words));
	str_free(&words);
}

/* There will be no TLS on the connection.  Returns whether it is of use without. */
static bool
go_on_in_clear(struct session *session, enum remote_ending ending)
{
	struct remote *remote = session->remote;
	bool may = remote->tls.wish != REMOTE_TLS_MUST;

	if (may) {
		/* Where nobody speaks TLS here, there is no word for the log. */
		remote->tls.is_missed = session->offers & SMTPREPLY_STARTTLS &&
		    remote->tls.result[0] != '\0';
		remote_tls_log(remote);
		return true;
	}
	(void)!fd_write(session->fd, SPAN("QUIT\r\n"));
	fd_close(session->fd);
	leave_without_tls(session, ending);
	return false;
}

/* Returns false when the connection is lost. */
static bool
begin_tls(struct session *session)
{
	struct remote *remote = session->remote;
	int fd;

	if (in_is_waiting(&session->in)) {
		/* Somebody may have put it there; see CVE-2021-38371. */
		remote_tls_fail(&remote->tls, "validation-failure",
		    "something was said in clear text behind the reply to "
		    "STARTTLS");
		remote_tls_close(&remote->tls);
		fd_close(session->fd);
		fd = -1;
	} else {
		fd = remote_tls_begin(remote, session->fd);
	}
	if (fd < 0) {
		leave_without_tls(session, REMOTE_TLS_FAILED);
		return false;
	}
	attach(session, fd);
	return true;
}

/*
 * Whether TLS is of use shows with the first reply in it: for us the handshake is
 * over before the server has looked at our part of it (TLS 1.3), and one that
 * does not want us only closes.
 *   code   as try_reply
 * Returns false when that was so: then it is a handshake that failed.
 */
static bool
keep_tls(struct session *session, int code)
{
	struct remote *remote = session->remote;
	int cause = errno;

	if (code == 0 && cause != ETIMEDOUT && !remote->tls.is_heard) {
		remote_tls_fail(&remote->tls, "validation-failure",
		    "the connection broke right after the handshake");
		fd_close(session->fd);
		leave_without_tls(session, REMOTE_TLS_FAILED);
		return false;
	}
	remote_tls_keep(remote);
	errno = cause;
	return true;
}

/* After EHLO: makes TLS of it, if that can and shall be.  Returns false if the
 * host is left. */
static bool
protect(struct session *session)
{
	struct remote *remote = session->remote;
	struct remote_tls *tls = &remote->tls;
	int code;

	if (tls->wish == REMOTE_TLS_NOT || tls->is_on)
		return true;
	if (!remote_tls_decide(remote))
		return go_on_in_clear(session, REMOTE_TLS_FAILED);
	if (!(session->offers & SMTPREPLY_STARTTLS)) {
		remote_tls_fail(tls,
		    tls->wish == REMOTE_TLS_MUST || remote_tls_is_served()
			? "starttls-not-supported"
			: "",
		    "it does not offer STARTTLS");
		tls->is_unfit = remote->needs_tls;
		return go_on_in_clear(session, REMOTE_TLS_MISSING);
	}
	if (!remote_tls_open(remote))
		return go_on_in_clear(session, REMOTE_TLS_FAILED);
	code = ask(session, "STARTTLS", "");
	if (code != 220)
		remote_tls_close(tls);
	if (code > 0 && code != 220) {
		remote_tls_fail(tls, "starttls-refused",
		    "it offers STARTTLS, but does not take it");
		return go_on_in_clear(session, REMOTE_TLS_FAILED);
	}
	if (code <= 0) {
		leave(session, code, TCPTO_HELLO, REMOTE_HELO);
		return false;
	}
	if (!begin_tls(session))
		return false;
	code = say_hello(session);
	if (!keep_tls(session, code))
		return false;
	if (code != 250)
		leave(session, code, TCPTO_HELLO, REMOTE_HELO);
	return code == 250;
}

/* Whether the host does what the sender asks for. */
static bool
keeps_promise(struct session *session)
{
	struct remote *remote = session->remote;

	if (!remote->needs_tls || session->offers & SMTPREPLY_REQUIRETLS)
		return true;
	remote->tls.is_unfit = true;
	remote_tls_fail(
	    &remote->tls, "requiretls", "it does not offer REQUIRETLS");
	return go_on_in_clear(session, REMOTE_REQUIRETLS);
}

/* TLS from the first byte. */
static bool
protect_at_once(struct session *session)
{
	if (remote_tls_decide(session->remote) &&
	    remote_tls_open(session->remote))
		return begin_tls(session);
	return go_on_in_clear(session, REMOTE_TLS_FAILED);
}

bool
session_open(struct session *session, struct remote *remote, int fd)
{
	int code;

	session->remote = remote;
	str_reset(&session->goodbye);
	attach(session, fd);
	remote_tls_plan(remote);
	if (remote_tls_is_implicit(remote) && !protect_at_once(session))
		return false;
	code = remote->tls.is_greeted
	    ? GREETING
	    : try_reply(session, (int64_t)remote->timeout_greeting * 1000);
	if (remote->tls.is_on && !keep_tls(session, code))
		return false;
	if (code != GREETING) {
		leave(session, code, TCPTO_GREETING, REMOTE_GREETING);
		return false;
	}
	code = say_hello(session);
	if (code != 250) {
		leave(session, code, TCPTO_HELLO, REMOTE_HELO);
		return false;
	}
	if (!protect(session) || !keeps_promise(session))
		return false;
	if (remote->timeout != remote->timeout_hello)
		in_set_timeout(&session->in, remote->timeout);
	return true;
}
