/*
 * remote_envelope.c - MAIL, RCPT and DATA of one transaction.
 * Input: hostile.
 *
 * Where the server offers PIPELINING (RFC 2920), MAIL, RCPT and DATA go out
 * together; without that offer each command waits for the reply to the one
 * before.
 */
#include "remote_envelope.h"

#include "base/utf8.h"
#include "config/control.h"
#include "mail/dsn.h"
#include "sys/sock.h"

#define GROUP_MAX 50 /* RCPT commands that wait for replies */

#define STRICT SPAN("strict")

/* Reads the reply to MAIL or RCPT, which says yes or no: one that asks for more
 * has not taken anybody. */
static int
read_verdict(struct session *session)
{
	int code = session_read_reply(session);

	if (code >= 300 && code < 400)
		session_end_protocol(session);
	return code;
}

static void
judge_mail(struct session *session)
{
	struct remote *remote = session->remote;
	int code = read_verdict(session);

	session->is_well = true;
	remote_peer_is_well(remote);
	if (session_wants_tls(session))
		remote_end(
		    &remote->told, REMOTE_TLS_WANTED, session_said(session));
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
	int code = read_verdict(session);
	enum remote_letter letter = code < 400	       ? REMOTE_TAKEN
	    : code < 500 || session_wants_tls(session) ? REMOTE_LATER
						       : REMOTE_NEVER;

	if (letter == REMOTE_TAKEN) {
		transaction->is_any_taken = true;
	} else if (is_too_many(session, transaction->is_any_taken)) {
		letter = REMOTE_LATER;
		vec_push(&transaction->later, index);
	}
	remote_tell_recipient(
	    &remote->told, index, letter, session_said(session));
}

static const struct remote_recipient *
recipient_of(const struct session *session,
    const struct transaction *transaction, size_t i)
{
	return &session->remote->recipients.at[transaction->recipients.at[i]];
}

/* Whether the server can be asked for this recipient. */
static bool
can_ask(const struct session *session, const struct remote_recipient *recipient)
{
	return recipient->is_sendable &&
	    (!recipient->is_utf8 || session->offers & SMTPREPLY_SMTPUTF8);
}

static void
tell_unsendable(
    struct session *session, const struct transaction *transaction, size_t i)
{
	const struct remote_recipient *at =
	    recipient_of(session, transaction, i);

	remote_tell_unsendable(&session->remote->told,
	    transaction->recipients.at[i], at->address, at->is_sendable);
}

/* Reads and reports the replies to RCPT for the recipients from start to
 * next. */
static void
judge_recipients(struct session *session, struct transaction *transaction,
    size_t start, size_t next)
{
	for (size_t i = start; i < next; i++)
		if (can_ask(session, recipient_of(session, transaction, i)))
			judge_recipient(session, transaction,
			    transaction->recipients.at[i]);
		else
			tell_unsendable(session, transaction, i);
}

/* Ends RCPT with what is asked of notifications.  Addresses beyond ASCII can
 * only be in it beside SMTPUTF8 (RFC 6533 3). */
static void
add_wishes(struct session *session, struct span wishes)
{
	struct dsn_recipient recipient;
	struct str words = STR_INIT;

	if (session->offers & SMTPREPLY_DSN && wishes.len &&
	    dsn_parse_recipient(wishes, &recipient)) {
		if (!session->is_utf8 && !utf8_is_ascii(recipient.orcpt))
			recipient.orcpt = SPAN("");
		str_add_byte(&words, ' ');
		dsn_add_recipient(&words, &recipient);
	}
	session_add_command(session, str_z(&words), "");
	str_free(&words);
}

static void
add_recipients(struct session *session, const struct transaction *transaction,
    size_t start, size_t next)
{
	for (size_t i = start; i < next; i++) {
		const struct remote_recipient *at =
		    recipient_of(session, transaction, i);

		if (!can_ask(session, at))
			continue;
		session_add_path(session, "RCPT TO:", at->address);
		add_wishes(session, at->wishes);
	}
}

/* Whether an address of the transaction needs SMTPUTF8. */
static bool
is_any_utf8(
    const struct session *session, const struct transaction *transaction)
{
	if (session->remote->is_sender_utf8)
		return true;
	for (size_t i = 0; i < transaction->recipients.len; i++)
		if (recipient_of(session, transaction, i)->is_utf8)
			return true;
	return false;
}

/* MAIL, and of what is offered that which the message needs. */
static void
add_mail(struct session *session, const struct transaction *transaction,
    const struct remote_message *message)
{
	struct str words = STR_INIT;
	uint64_t size = message_size(message);

	if (session->offers & SMTPREPLY_SIZE && size) {
		str_add_z(&words, " SIZE=");
		str_add_u64(&words, size);
	}
	if (session->offers & SMTPREPLY_8BITMIME &&
	    message_may_be_eight(message))
		str_add_z(&words, " BODY=8BITMIME");
	session->is_utf8 = session->offers & SMTPREPLY_SMTPUTF8 &&
	    (message->is_utf8 || is_any_utf8(session, transaction));
	if (session->is_utf8)
		str_add_z(&words, " SMTPUTF8");
	if (session->offers & SMTPREPLY_DSN &&
	    session->remote->parameters.len) {
		str_add_byte(&words, ' ');
		str_add(&words, str_span(&session->remote->parameters));
	} else if (session->remote->needs_tls) {
		str_add_z(&words, " REQUIRETLS");
	}
	session_add_path(session, "MAIL FROM:", session->remote->sender);
	session_add_command(session, str_z(&words), "");
	str_free(&words);
}

/* MAIL, RCPT and DATA one by one. */
static void
send_in_lockstep(struct session *session, struct transaction *transaction,
    const struct remote_message *message)
{
	add_mail(session, transaction, message);
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
send_in_groups(struct session *session, struct transaction *transaction,
    const struct remote_message *message)
{
	size_t count = transaction->recipients.len;

	add_mail(session, transaction, message);
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
	if (session_wants_tls(session))
		remote_end(told, REMOTE_TLS_WANTED, session_said(session));
	if (code >= 500)
		remote_end(told, REMOTE_DATA_NEVER, session_said(session));
	if (code >= 400)
		remote_end(told, REMOTE_DATA_LATER, session_said(session));
	session_end_protocol(session);
}

/* The server has greeted us and lives; what cannot be is our own matter. */
NORETURN static void
end_unable(struct session *session, enum remote_ending ending)
{
	remote_peer_is_well(session->remote);
	remote_end(&session->remote->told, ending, SPAN(""));
}

/* Ends the program if the server says that the message is too large. */
static void
check_size(struct session *session, const struct remote_message *message)
{
	struct str said = STR_INIT;

	if (session->size_max == 0 ||
	    message_size(message) <= session->size_max)
		return;
	str_add_z(&said, "250 SIZE ");
	str_add_u64(&said, session->size_max);
	remote_peer_is_well(session->remote);
	remote_end(&session->remote->told, REMOTE_TOO_LARGE, str_span(&said));
}

static bool
is_strict(struct remote *remote)
{
	struct str value = STR_INIT;
	bool is_strict;

	if (control_read_line("control/send8bit", &value) < 0)
		remote_end(&remote->told, REMOTE_CONTROL, SPAN(""));
	is_strict = span_equal(str_span(&value), STRICT);
	str_free(&value);
	return is_strict;
}

/* 8-bit text for a server that does not offer to take it: it goes as it is, as
 * all the world does, unless control/send8bit forbids that. */
static void
check_eight(struct session *session, struct remote_message *message)
{
	int answer;

	if (session->offers & SMTPREPLY_8BITMIME ||
	    !message_may_be_eight(message) || !is_strict(session->remote))
		return;
	answer = message_is_eight(message);
	if (answer < 0)
		session_end_unread(session);
	if (answer > 0)
		end_unable(session, REMOTE_NEEDS_8BITMIME);
}

/*
 * Addresses in UTF-8 for a server that cannot take them (RFC 6531 3.2).  False
 * if nobody is left to ask for; ends the program if that is all there is.
 */
static bool
check_utf8(struct session *session, const struct transaction *transaction)
{
	struct remote *remote = session->remote;
	size_t count = transaction->recipients.len;

	if (session->offers & SMTPREPLY_SMTPUTF8)
		return true;
	if (remote->is_sender_utf8)
		end_unable(session, REMOTE_NEEDS_SMTPUTF8);
	for (size_t i = 0; i < count; i++)
		if (can_ask(session, recipient_of(session, transaction, i)))
			return true;
	if (count == remote->recipients.len)
		end_unable(session, REMOTE_NEEDS_SMTPUTF8);
	for (size_t i = 0; i < count; i++)
		tell_unsendable(session, transaction, i);
	return false;
}

/* Those beyond what the server takes at once (RFC 9422) come later. */
static void
divide(struct session *session, struct transaction *transaction)
{
	uint64_t max = session->rcpt_max;

	if (max == 0 || transaction->recipients.len <= max)
		return;
	for (size_t i = max; i < transaction->recipients.len; i++) {
		size_t index = transaction->recipients.at[i];

		remote_tell_recipient(
		    &session->remote->told, index, REMOTE_LATER, SPAN(""));
		vec_push(&transaction->later, index);
	}
	transaction->recipients.len = max;
}

/* Takes back a transaction in which nobody was taken, so that another can
 * begin. */
static void
abandon(struct session *session)
{
	if (session->offers & SMTPREPLY_PIPELINING &&
	    session_read_reply(session) == 354) {
		session_add_command(session, ".", "");
		session_send(session);
		(void)session_read_reply(session); /* nobody gets it */
	}
	session->remote->told.quit_fd = session->fd;
	session_add_command(session, "RSET", "");
	session_send(session);
	if (session_read_reply(session) / 100 != 2)
		session_end_protocol(session);
}

bool
envelope_send(struct session *session, struct transaction *transaction,
    struct remote_message *message)
{
	size_t asked, excess;

	session->remote->told.is_passed_on = session->offers & SMTPREPLY_DSN;
	divide(session, transaction);
	asked = transaction->recipients.len;
	excess = transaction->later.len;
	check_size(session, message);
	check_eight(session, message);
	if (!check_utf8(session, transaction))
		return false;
	if (session->offers & SMTPREPLY_PIPELINING)
		send_in_groups(session, transaction, message);
	else
		send_in_lockstep(session, transaction, message);
	if (transaction->is_any_taken) {
		judge_data(session);
		return true;
	}
	/* Where all of them were too many it would be so for ever. */
	if (excess == 0 || transaction->later.len - excess == asked)
		remote_end(
		    &session->remote->told, REMOTE_NO_RECIPIENT, SPAN(""));
	abandon(session);
	return false;
}
