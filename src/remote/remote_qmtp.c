/*
 * remote_qmtp.c - the delivery by QMTP, to hosts of control/qmtproutes.
 * Input: hostile.
 *
 * Message, sender and recipients go out in one package, and each recipient
 * gets an answer.  Lines of the message end in LF, and it goes as it is.
 * Source: D. J. Bernstein, QMTP.
 */
#include <errno.h>
#include <unistd.h>

#include "net/netstring.h"
#include "remote.h"
#include "sys/clock.h"
#include "sys/in.h"
#include "sys/out.h"
#include "sys/sock.h"

#define REPLY_MAX      65536 /* bytes of an answer */
#define REPLY_BUFFER   4096
#define PACKAGE_BUFFER 16384
#define LAST_WORDS     5000 /* milliseconds for them, when all is over */

struct qmtp {
	struct remote *remote;
	struct in in;
	struct out out;
	struct netstring server;
	VEC(size_t) asked; /* indices into remote->recipients */
	size_t answers;
	struct str answer; /* the last one */
	bool is_sent;	   /* the whole package */
};

/* A fault of ours, which says nothing of the hop. */
NORETURN static void
end_unsent(struct remote *remote, enum remote_ending ending)
{
	remote->told.hop = DELIVERY_HOP_UNTOLD;
	remote_end(&remote->told, ending, SPAN(""));
}

/* Of a delivery that breaks off after an answer nothing is told of the hop. */
NORETURN static void
end_broken(
    struct qmtp *qmtp, enum tcpto_trouble trouble, enum remote_ending ending)
{
	struct remote *remote = qmtp->remote;
	int cause = errno;

	if (qmtp->answers)
		remote->told.hop = DELIVERY_HOP_UNTOLD;
	else
		remote_peer_is_in_trouble(remote, trouble);
	remote->told.cause = cause;
	remote_end(&remote->told, ending, SPAN(""));
}

/* The connection has broken off, or too much time has passed (errno). */
NORETURN static void
end_lost(struct qmtp *qmtp)
{
	bool is_silent = errno == ETIMEDOUT;

	end_broken(qmtp, is_silent ? TCPTO_SILENT : TCPTO_LOST,
	    qmtp->is_sent ? REMOTE_LOST_AT_END
		: clock_monotonic() >= qmtp->remote->deadline ? REMOTE_TOO_LONG
							      : REMOTE_LOST);
}

NORETURN static void
end_protocol(struct qmtp *qmtp)
{
	end_broken(qmtp, TCPTO_GREETING, REMOTE_QMTP);
}

/* ---- answers ---- */

/* Reports what one recipient was answered.  That the message is accepted,
 * before it was sent, is no answer. */
static void
judge(struct qmtp *qmtp, size_t index, struct span answer)
{
	struct remote_told *told = &qmtp->remote->told;
	struct span words = span_from(answer, 1);

	switch (answer.len ? answer.s[0] : '\0') {
	case 'K':
		if (!qmtp->is_sent)
			end_protocol(qmtp);
		remote_settle_recipient(told, index, REMOTE_ACCEPTED, words);
		break;
	case 'Z':
		remote_settle_recipient(told, index, REMOTE_END_LATER, words);
		break;
	case 'D':
		remote_settle_recipient(told, index, REMOTE_END_NEVER, words);
		break;
	default:
		end_protocol(qmtp);
	}
}

/* Reads one answer that may take so many milliseconds.  False with errno if it
 * does not come. */
static bool
read_answer(struct qmtp *qmtp, int64_t limit, struct str *answer)
{
	int64_t until = clock_monotonic() + limit;
	int got;

	if (until > qmtp->remote->deadline)
		until = qmtp->remote->deadline;
	in_set_deadline(&qmtp->in, until);
	errno = 0;
	got = netstring_read(&qmtp->server, REPLY_MAX, answer);
	if (got < 0 && (errno == EBADMSG || errno == EMSGSIZE))
		end_protocol(qmtp);
	return got > 0;
}

NORETURN static void
take_answers(struct qmtp *qmtp, int64_t limit)
{
	struct remote *remote = qmtp->remote;
	struct str *answer = &qmtp->answer;

	for (size_t i = 0; i < qmtp->asked.len; i++) {
		if (!read_answer(qmtp, limit, answer))
			end_lost(qmtp);
		judge(qmtp, qmtp->asked.at[i], str_span(answer));
		if (qmtp->answers++ == 0)
			remote_peer_is_well(remote);
	}
	remote_end(&remote->told,
	    remote->told.accepted.len ? REMOTE_ACCEPTED : REMOTE_NO_RECIPIENT,
	    SPAN(""));
}

/* ---- the package ---- */

/* Sends what is in the package so far.  A server that takes no more may have
 * said why. */
static void
send_package(struct qmtp *qmtp, struct str *package)
{
	errno = 0;
	if (out_add(&qmtp->out, str_span(package)) < 0 ||
	    out_flush(&qmtp->out) < 0) {
		if (errno == ETIMEDOUT)
			end_lost(qmtp);
		take_answers(qmtp, LAST_WORDS);
	}
	str_reset(package);
}

/* Whether the message ends in a newline, or is empty. */
static bool
is_ended(struct remote *remote)
{
	uint64_t size = remote->message.file_size;
	char last = '\n';

	if (size && pread(0, &last, 1, (off_t)size - 1) != 1)
		end_unsent(remote, REMOTE_READ);
	return last == '\n';
}

static void
send_text(struct qmtp *qmtp, struct str *package)
{
	struct remote *remote = qmtp->remote;
	struct remote_message *message = &remote->message;
	uint64_t left = message->file_size;
	bool lacks_end = !is_ended(remote);

	netstring_add_length(package, 1 + message->top.len + left + lacks_end);
	str_add_byte(package, '\n'); /* it says how lines end */
	str_add(package, str_span(&message->top));
	while (left) {
		size_t len;

		if (message_read(message) < 0 || message->piece_len == 0)
			end_unsent(remote, REMOTE_READ);
		len = message->piece_len < left ? message->piece_len
						: (size_t)left;
		str_add(package, span_make(message->piece, len));
		left -= len;
		if (left)
			send_package(qmtp, package);
	}
	if (lacks_end)
		str_add_byte(package, '\n');
	str_add_byte(package, ',');
}

static void
send_all(struct qmtp *qmtp)
{
	struct remote *remote = qmtp->remote;
	struct str package = STR_INIT, people = STR_INIT;

	send_text(qmtp, &package);
	netstring_add(&package, remote->sender);
	for (size_t i = 0; i < qmtp->asked.len; i++)
		netstring_add(
		    &people, remote->recipients.at[qmtp->asked.at[i]].address);
	netstring_add(&package, str_span(&people));
	/* Once the server has it all, nothing may hinder us to hear so. */
	str_reserve(&qmtp->answer, REPLY_BUFFER);
	if (sock_has_input(qmtp->in.fd))
		take_answers(qmtp, LAST_WORDS);
	send_package(qmtp, &package);
	qmtp->is_sent = true;
	str_free(&people);
	str_free(&package);
}

/* Recipients share the fate of the delivery until they are answered, but for
 * those who are not sent. */
static void
choose_recipients(struct qmtp *qmtp)
{
	struct remote *remote = qmtp->remote;

	for (size_t i = 0; i < remote->recipients.len; i++) {
		const struct remote_recipient *at = &remote->recipients.at[i];

		if (at->is_sendable) {
			remote_tell_recipient(
			    &remote->told, i, REMOTE_TAKEN, SPAN(""));
			vec_push(&qmtp->asked, i);
		} else
			remote_tell_unsendable(
			    &remote->told, i, at->address, false);
	}
}

void
remote_qmtp(struct remote *remote)
{
	struct qmtp qmtp = { .remote = remote };
	char piece[REMOTE_MESSAGE_PIECE];
	char in_buffer[REPLY_BUFFER], out_buffer[PACKAGE_BUFFER];
	int fd;

	remote->message.piece = piece;
	if (!remote->message.is_file)
		remote_end(&remote->told, REMOTE_NO_FILE, SPAN(""));
	remote_sign(remote);
	fd = remote_connect(remote);
	in_init(&qmtp.in, fd, in_buffer, REPLY_BUFFER);
	out_init(&qmtp.out, fd, out_buffer, PACKAGE_BUFFER);
	in_set_timeout(&qmtp.in, remote->timeout);
	out_set_timeout(&qmtp.out, remote->timeout);
	out_set_deadline(&qmtp.out, remote->deadline);
	out_watch(&qmtp.out, true);
	qmtp.server = (struct netstring){ &qmtp.in, UINT64_MAX };
	choose_recipients(&qmtp);
	send_all(&qmtp);
	take_answers(
	    &qmtp, (int64_t)remote->timeout * REMOTE_REPLY_TIMEOUTS * 1000);
}
