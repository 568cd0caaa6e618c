/*
 * remote_smtp.c - the transactions of one SMTP session.
 * Input: hostile.
 *
 * Where the server offers PIPELINING (RFC 2920) the end of the message and
 * QUIT go out together.
 *
 * Recipients that are too many for the server (RFC 5321 4.5.3.1.10) are sent
 * in a further transaction, if this one takes at least one.
 */
#include <errno.h>

#include "remote_envelope.h"
#include "sys/sock.h"

#define GOODBYE 221 /* what a server says to QUIT */

static void
send_data(struct session *session, struct str *wire)
{
	if (out_add(&session->out, str_span(wire)) < 0)
		session_end_early(session);
	str_reset(wire);
}

/* Sends the message and its end, with QUIT in the last transaction.  From here
 * to the end there is no QUIT: the server would take it for text. */
static void
send_message(
    struct session *session, struct remote_message *message, bool is_last)
{
	struct str *wire = &message->wire;

	session->remote->told.quit_fd = -1;
	session->is_in_data = true;
	out_watch(&session->out, true);
	while (!message->is_over) {
		if (message_read(message) < 0)
			session_end_unread(session);
		/* One write needs no haste; the end of several does. */
		if (message->piece_len) {
			if (session->out.total < REMOTE_MESSAGE_PIECE)
				sock_send_at_once(session->fd);
			send_data(session, wire);
		}
		message_encode(message);
	}
	str_add_z(wire,
	    session->offers & SMTPREPLY_PIPELINING && is_last ? ".\r\nQUIT\r\n"
							      : ".\r\n");
	/* Once the server has it all, nothing may hinder us to hear so. */
	smtpreply_make_room(&session->reply);
	errno = 0;
	if (in_is_waiting(&session->in) || sock_has_input(session->fd))
		session_end_early(session);
	send_data(session, wire);
	if (out_flush(&session->out) < 0)
		session_end_early(session);
	out_watch(&session->out, false);
	session->is_in_data = false;
	session->is_at_end = true;
}

/* Returns when the message is accepted, and that was not the end. */
static void
judge_message(struct session *session, bool is_last)
{
	struct remote_told *told = &session->remote->told;
	int code = session_read_reply(session);

	if (!(session->offers & SMTPREPLY_PIPELINING) || !is_last)
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

/* Makes the next transaction, for those whom this one was not for.  Returns
 * whether there is one. */
static bool
turn_to_the_rest(struct transaction *transaction)
{
	transaction->recipients.len = 0;
	for (size_t i = 0; i < transaction->later.len; i++)
		vec_push(&transaction->recipients, transaction->later.at[i]);
	transaction->later.len = 0;
	transaction->is_any_taken = false;
	return transaction->recipients.len > 0;
}

void
remote_smtp(struct remote *remote)
{
	struct transaction transaction = { .is_any_taken = false };
	char piece[REMOTE_MESSAGE_PIECE], in_buffer[REMOTE_REPLY_BUFFER];
	char out_buffer[REMOTE_COMMAND_BUFFER];
	struct session session = { .in_buffer = in_buffer,
		.out_buffer = out_buffer };

	remote->message.piece = piece;
	for (size_t i = 0; i < remote->recipients.len; i++)
		vec_push(&transaction.recipients, i);
	remote_sign(remote);
	/* What its header says of TLS counts from the first connection. */
	if (message_begin(&remote->message) < 0)
		remote_end(&remote->told, REMOTE_READ, SPAN(""));
	while (!session_open(&session, remote, remote_connect(remote)))
		;
	do {
		bool is_last;

		if (!envelope_send(&session, &transaction, &remote->message))
			continue;
		is_last = transaction.later.len == 0;
		send_message(&session, &remote->message, is_last);
		judge_message(&session, is_last);
		if (message_rewind(&remote->message) < 0)
			session_end_unread(&session);
	} while (turn_to_the_rest(&transaction));
	remote_end(&remote->told, REMOTE_NO_RECIPIENT, SPAN(""));
}
