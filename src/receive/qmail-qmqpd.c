/*
 * qmail-qmqpd.c - takes mail from trusted hosts by QMQP.
 * Runs as   qmaild, one process a connection, started by tcpserver, which lets
 *           only those hosts in that may use this machine as their queue.
 * Reads     netstrings on fd 0; the client may relay, but is NOT trusted to
 *           keep to the protocol.
 * Writes    one answer on fd 1; the message goes to a new qmail-queue; a log
 *           on fd 2.
 * Source    qmail-qmqpd(8); D. J. Bernstein, QMQP.
 *
 * One netstring holds the text, the sender, and each recipient, all of them
 * netstrings.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "config/home.h"
#include "qmtp.h"
#include "sys/signal.h"

#define BUG_EXIT 111

static struct qmtp session;

static void
out_of_memory(void)
{
	(void)out_flush(&session.out); /* as in qmtp_end */
	qmtp_end(NULL, QMTP_MEMORY);
}

/* Reads a length, which must be there. */
static uint64_t
read_length(struct qmtp *qmtp)
{
	uint64_t length;
	int got =
	    netstring_read_length(&qmtp->client, QMTP_LENGTH_MAX, &length);

	if (got <= 0)
		qmtp_end_by_errno(qmtp, got ? errno : EBADMSG);
	return length;
}

/* The length of it all.  Who says nothing has nothing to say. */
static void
enter(struct qmtp *qmtp)
{
	uint64_t length;
	int got =
	    netstring_read_length(&qmtp->client, QMTP_LENGTH_MAX, &length);

	if (got == 0)
		qmtp_end(qmtp, QMTP_OVER);
	if (got < 0)
		qmtp_end_by_errno(qmtp, errno);
	qmtp->client.left = length;
}

/* Reads the recipients.  Returns whether all are addresses. */
static bool
read_recipients(struct qmtp *qmtp)
{
	bool fine = true;
	int got;

	while ((got = qmtp_read_recipient(qmtp)) != 0) {
		if (got < 0 || qmtp->recipients.len > QMTP_RECIPIENTS_MAX) {
			fine = false;
			continue;
		}
		str_add_field(&qmtp->recipients, str_span(&qmtp->address));
		qmtp->recipient_count++;
	}
	if (qmtp->client.left > 0)
		qmtp_end(qmtp, QMTP_GONE);
	return fine;
}

int
main(void)
{
	char in_buffer[QMTP_IN_BUFFER], out_buffer[QMTP_OUT_BUFFER];
	struct answer answer;
	bool fine;

	must_hooks(BUG_EXIT, out_of_memory);
	signal_ignore(SIGPIPE);
	qmtp_open(&session, "qmqpd", in_buffer, out_buffer);
	if (chdir(home_dir) < 0)
		qmtp_end(&session, QMTP_CONTROL);
	session.receipt.is_submitted = true;
	enter(&session);
	qmtp_begin(&session, SPAN("QMQP"));
	qmtp_read_text(&session, read_length(&session));
	qmtp_read_sender(&session);
	fine = read_recipients(&session);
	session.client.left = UINT64_MAX;
	if (netstring_read_end(&session.client) < 0)
		qmtp_end_by_errno(&session, errno);
	if (!fine || session.is_sender_bad) {
		receipt_drop(&session.receipt);
		answer = session.is_sender_bad
		    ? ANSWER(553, "5.1.7", "the sender is no address")
		    : ANSWER(553, "5.1.3", "a recipient is no address");
	} else {
		answer = qmtp_queue(&session);
	}
	qmtp_answer(&session, answer);
	if (answer.code == 250)
		qmtp_log_accepted(&session);
	else
		qmtp_log_refused(&session, answer, SPAN(""));
	qmtp_end(&session, QMTP_OVER);
}
