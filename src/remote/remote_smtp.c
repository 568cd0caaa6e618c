/*
 * remote_smtp.c - the transactions of one SMTP session.
 * Input: hostile.
 *
 * Where the server offers PIPELINING (RFC 2920), MAIL, RCPT and DATA go out
 * together, and so do the message and QUIT; without that offer each command
 * waits for the reply to the one before.
 *
 * Recipients that are too many for the server (RFC 5321 4.5.3.1.10) are sent
 * in a further transaction, if this one takes at least one.
 */
#include <errno.h>
#include <unistd.h>

#include "net/smtpdata.h"
#include "remote_session.h"
#include "sys/fd.h"
#include "sys/sock.h"

#define MESSAGE_PIECE 65536
#define GROUP_MAX     50  /* RCPT commands that wait for replies */
#define GOODBYE	      221 /* what a server says to QUIT */

/* Indices into remote->recipients. */
struct transaction {
	VEC(size_t) recipients; /* whom it is for, as far as they are taken */
	VEC(size_t) later;	/* who were too many */
	bool is_any_taken;
};

static void
judge_mail(struct session *session)
{
	struct remote *remote = session->remote;
	int code = session_read_reply(session);

	session->is_well = true;
	remote_peer_is_well(remote);
	if (code >= 500)
		remote_end(
		    &remote->told, REMOTE_MAIL_NEVER, session_said(session));
	if (code >= 400)
		remote_end(
		    &remote->told, REMOTE_MAIL_LATER, session_said(session));
}

/* Whether RCPT was refused because the server takes no more recipients at
 * once.  Without a code that says so, some must have been taken before. */
static bool
is_too_many(const struct session *session, bool is_any_taken)
{
	int code = session->reply.code;
	struct span words = span_from(session_said(session), 4);

	if (code != 452 && code != 552)
		return false;
	if (span_starts(words, SPAN("4.5.3")) ||
	    span_starts(words, SPAN("5.5.3")))
		return true;
	/* 552 is said of full mailboxes too: 5.2.2. */
	if (code == 552 && span_starts(span_from(words, 1), SPAN(".")))
		return false;
	return is_any_taken;
}

/* Reads the reply to RCPT and reports it. */
static void
judge_recipient(
    struct session *session, struct transaction *transaction, size_t index)
{
	struct remote *remote = session->remote;
	int code = session_read_reply(session);
	enum remote_letter letter = code >= 500 ? REMOTE_NEVER
	    : code >= 400			? REMOTE_LATER
						: REMOTE_TAKEN;

	if (letter == REMOTE_TAKEN) {
		transaction->is_any_taken = true;
	} else if (is_too_many(session, transaction->is_any_taken)) {
		letter = REMOTE_LATER;
		vec_push(&transaction->later, index);
	}
	remote_tell_recipient(&remote->told, index, letter,
	    remote->recipients.at[index].address, session_said(session));
}

/* Reads and reports the replies to RCPT for the recipients from start to
 * next. */
static void
judge_recipients(struct session *session, struct transaction *transaction,
    size_t start, size_t next)
{
	struct remote *remote = session->remote;

	for (size_t i = start; i < next; i++) {
		size_t index = transaction->recipients.at[i];
		const struct remote_recipient *at =
		    &remote->recipients.at[index];

		if (at->is_sendable)
			judge_recipient(session, transaction, index);
		else
			remote_tell_recipient(&remote->told, index,
			    REMOTE_NEVER, at->address, SPAN(""));
	}
}

static void
add_recipients(struct session *session, const struct transaction *transaction,
    size_t start, size_t next)
{
	for (size_t i = start; i < next; i++) {
		const struct remote_recipient *at =
		    &session->remote->recipients
			 .at[transaction->recipients.at[i]];

		if (at->is_sendable)
			session_add_path(session, "RCPT TO:", at->address);
	}
}

/* MAIL, RCPT and DATA one by one. */
static void
send_in_lockstep(struct session *session, struct transaction *transaction)
{
	session_add_path(session, "MAIL FROM:", session->remote->sender);
	session_send(session);
	judge_mail(session);
	for (size_t i = 0; i < transaction->recipients.len; i++) {
		add_recipients(session, transaction, i, i + 1);
		session_send(session);
		judge_recipients(session, transaction, i, i + 1);
	}
	if (transaction->is_any_taken) {
		session_add_command(session, "DATA", "");
		session_send(session);
	}
}

/* The same in groups; the first begins with MAIL, the last ends in DATA. */
static void
send_in_groups(struct session *session, struct transaction *transaction)
{
	size_t count = transaction->recipients.len;

	session_add_path(session, "MAIL FROM:", session->remote->sender);
	for (size_t start = 0, next; start < count; start = next) {
		next = count - start > GROUP_MAX ? start + GROUP_MAX : count;
		add_recipients(session, transaction, start, next);
		if (next == count)
			session_add_command(session, "DATA", "");
		session_send(session);
		sock_acknowledge_at_once(session->fd);
		if (start == 0)
			judge_mail(session);
		judge_recipients(session, transaction, start, next);
	}
	/* After DATA, QUIT would be text: closing is enough. */
	if (!transaction->is_any_taken)
		session->remote->told.quit_fd = -1;
}

static void
judge_data(struct session *session)
{
	struct remote_told *told = &session->remote->told;
	int code = session_read_reply(session);

	if (code == 354)
		return;
	if (code >= 500)
		remote_end(told, REMOTE_DATA_NEVER, session_said(session));
	if (code >= 400)
		remote_end(told, REMOTE_DATA_LATER, session_said(session));
	session_end_protocol(session);
}

/* Returns when the server waits for the message. */
static void
send_envelope(struct session *session, struct transaction *transaction)
{
	if (session->is_pipelining)
		send_in_groups(session, transaction);
	else
		send_in_lockstep(session, transaction);
	if (!transaction->is_any_taken)
		remote_end(
		    &session->remote->told, REMOTE_NO_RECIPIENT, SPAN(""));
	judge_data(session);
}

static void
send_data(struct session *session, struct str *wire)
{
	if (out_add(&session->out, str_span(wire)) < 0)
		session_end_broken(session);
	str_reset(wire);
}

/* A fault of ours, which says nothing of the hop. */
NORETURN static void
end_unread(struct session *session, enum remote_ending ending)
{
	session->remote->told.hop = DELIVERY_HOP_UNTOLD;
	remote_end(&session->remote->told, ending, SPAN(""));
}

/* Sends the message and its end, with QUIT in the last transaction.  From here
 * to the end there is no QUIT: the server would take it for text. */
static void
send_message(struct session *session, bool is_last)
{
	struct smtpdata data = SMTPDATA_INIT;
	struct str wire = STR_INIT;
	char piece[MESSAGE_PIECE];
	ssize_t got;
	bool is_over = false;

	session->remote->told.quit_fd = -1;
	while (!is_over && (got = fd_read(0, piece, sizeof(piece))) > 0) {
		struct span bytes = span_make(piece, (size_t)got);

		/* One write needs no haste; the end of several does. */
		if (wire.len) {
			if (session->out.total < MESSAGE_PIECE)
				sock_send_at_once(session->fd);
			send_data(session, &wire);
		}
		smtpdata_encode(&data, bytes, &wire);
		is_over = session->remote->is_file && bytes.len < sizeof(piece);
	}
	if (got < 0)
		end_unread(session, REMOTE_READ);
	if (smtpdata_is_partial(&data))
		end_unread(session, REMOTE_PARTIAL_LINE);
	str_add_z(&wire,
	    session->is_pipelining && is_last ? ".\r\nQUIT\r\n" : ".\r\n");
	if (in_is_waiting(&session->in) || sock_has_input(session->fd)) {
		(void)session_read_reply(session);
		session_end_protocol(session);
	}
	send_data(session, &wire);
	if (out_flush(&session->out) < 0)
		session_end_broken(session);
	str_free(&wire);
	session->is_at_end = true;
}

/* Returns when the message is accepted, and that was not the end. */
static void
judge_message(struct session *session, bool is_last)
{
	struct remote_told *told = &session->remote->told;
	int code = session_read_reply(session);

	if (!session->is_pipelining || !is_last)
		told->quit_fd = session->fd;
	if (code >= 500)
		remote_end(told, REMOTE_END_NEVER, session_said(session));
	if (code >= 400)
		remote_end(told, REMOTE_END_LATER, session_said(session));
	/* QUIT may have been sent along: its reply is no word on the message. */
	if (code < 200 || code >= 300 || code == GOODBYE)
		session_end_protocol(session);
	if (is_last)
		remote_end(told, REMOTE_ACCEPTED, session_said(session));
	remote_settle(told, session_said(session));
	session->is_at_end = false;
}

/* Makes the next transaction, for those who were too many in this one. */
static void
turn_to_the_rest(struct session *session, struct transaction *transaction)
{
	transaction->recipients.len = 0;
	for (size_t i = 0; i < transaction->later.len; i++)
		vec_push(&transaction->recipients, transaction->later.at[i]);
	transaction->later.len = 0;
	transaction->is_any_taken = false;
	if (lseek(0, 0, SEEK_SET) < 0)
		end_unread(session, REMOTE_READ);
}

void
remote_smtp(struct remote *remote, int fd)
{
	struct transaction transaction = { .is_any_taken = false };
	struct session session = { .is_well = false };
	bool is_last;

	for (size_t i = 0; i < remote->recipients.len; i++)
		vec_push(&transaction.recipients, i);
	session_open(&session, remote, fd);
	for (;;) {
		send_envelope(&session, &transaction);
		is_last = transaction.later.len == 0;
		send_message(&session, is_last);
		judge_message(&session, is_last);
		turn_to_the_rest(&session, &transaction);
	}
}
