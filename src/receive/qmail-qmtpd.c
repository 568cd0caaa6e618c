/*
 * qmail-qmtpd.c - takes mail from the network by QMTP.
 * Runs as   qmaild, one process a connection, started by tcpserver.
 * Reads     netstrings on fd 0 from anybody, NOT trusted at all.
 * Writes    an answer for each recipient on fd 1; each message goes to a new
 *           qmail-queue; a log on fd 2.
 * Source    qmail-qmtpd(8); D. J. Bernstein, QMTP.
 *
 * A message is three netstrings: the text, behind a byte that says how its
 * lines end; the sender; and a netstring of recipients.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "config/control.h"
#include "config/home.h"
#include "mail/crlftext.h"
#include "policy.h"
#include "qmtp.h"
#include "sys/signal.h"

#define BUG_EXIT	111
#define RCPT_DEFAULT	1000
#define UNKNOWN_DEFAULT 50
#define SHOWN_MAX	131072 /* bytes of addresses that are kept for the log */

/* What is told of a recipient: a verdict of policy.h, or one of these. */
enum {
	NO_ADDRESS = POLICY_TROUBLE + 1,
	NO_SENDER,
	TOO_MANY,
	TOO_MANY_UNKNOWN
};

struct qmtpd {
	struct qmtp qmtp;
	struct policy policy;
	uint64_t recipients_max;
	uint64_t unknown_max, unknown; /* of the session */
	/* For each recipient of the message: the verdict, in a byte, for a
	 * stranger may name millions; and for the first ones the address, which
	 * ends in NUL. */
	struct str verdicts, shown;
};

static struct qmtpd session = { .policy = POLICY_INIT,
	.recipients_max = RCPT_DEFAULT,
	.unknown_max = UNKNOWN_DEFAULT };

static void
out_of_memory(void)
{
	(void)out_flush(&session.qmtp.out); /* as in qmtp_end */
	qmtp_end(NULL, QMTP_MEMORY);
}

/* ---- the text ---- */

/* The text with lines that end in CR LF, and the comma. */
static void
read_crlf_text(struct qmtp *qmtp, uint64_t length)
{
	struct crlftext text = CRLFTEXT_INIT;

	while (length) {
		struct span bytes, piece;
		size_t len;

		if (netstring_read_some(&qmtp->client, length, &bytes) < 0)
			qmtp_end_by_errno(qmtp, errno);
		len = bytes.len;
		while (crlftext_next(&text, &bytes, &piece))
			receipt_store(&qmtp->receipt, piece);
		length -= len;
		netstring_take(&qmtp->client, len);
	}
	crlftext_end(&text);
	qmtp->receipt.has_lone_cr = text.has_lone_cr;
	qmtp->receipt.has_lone_lf = text.has_lone_lf;
	if (netstring_read_end(&qmtp->client) < 0)
		qmtp_end_by_errno(qmtp, errno);
}

/* Reads the text; ends the session where there is none. */
static void
read_text(struct qmtp *qmtp)
{
	uint64_t length;
	struct span first;
	int got =
	    netstring_read_length(&qmtp->client, QMTP_LENGTH_MAX, &length);
	char mark;

	if (got == 0)
		qmtp_end(qmtp, QMTP_OVER);
	if (got < 0)
		qmtp_end_by_errno(qmtp, errno);
	if (length == 0)
		qmtp_end(qmtp, QMTP_PROTOCOL);
	if (netstring_read_some(&qmtp->client, 1, &first) < 0)
		qmtp_end_by_errno(qmtp, errno);
	mark = first.s[0];
	netstring_take(&qmtp->client, 1);
	if (mark != '\n' && mark != '\r')
		qmtp_end(qmtp, QMTP_PROTOCOL);
	qmtp_begin(qmtp, SPAN("QMTP"));
	if (mark == '\n')
		qmtp_read_text(qmtp, length - 1);
	else
		read_crlf_text(qmtp, length - 1);
}

/* ---- the recipients ---- */

/* What is told of the recipient that was read. */
static int
judge(struct qmtpd *qmtpd, int got)
{
	struct qmtp *qmtp = &qmtpd->qmtp;
	enum policy_verdict verdict;

	if (got < 0 || qmtp->address.len == 0)
		return NO_ADDRESS;
	if (qmtp->is_sender_bad)
		return NO_SENDER;
	if (qmtpd->recipients_max &&
	    qmtp->recipient_count >= qmtpd->recipients_max)
		return TOO_MANY;
	/* Nobody can try names without end. */
	if (qmtpd->unknown_max && qmtpd->unknown > qmtpd->unknown_max)
		return TOO_MANY_UNKNOWN;
	verdict = policy_judge(
	    &qmtpd->policy, str_span(&qmtp->sender), &qmtp->address);
	if (verdict == POLICY_UNKNOWN)
		qmtpd->unknown++;
	if (verdict == POLICY_TROUBLE)
		qmtp_end(qmtp, QMTP_CONTROL);
	if (verdict == POLICY_ACCEPTED && qmtp->address.len > QMTP_ADDRESS_MAX)
		return NO_ADDRESS;
	return (int)verdict;
}

/* The words for it; 250: what the message is told. */
static struct answer
answer_of(const struct qmtpd *qmtpd, int verdict)
{
	switch (verdict) {
	case NO_ADDRESS:
		return ANSWER(553, "5.1.3", "this is no address");
	case NO_SENDER:
		return ANSWER(553, "5.1.7", "the sender is no address");
	case TOO_MANY:
		return ANSWER(452, "4.5.3", "too many recipients");
	case TOO_MANY_UNKNOWN:
		return ANSWER(450, "4.7.0", "too many unknown recipients");
	default:
		return policy_answer(
		    &qmtpd->policy, (enum policy_verdict)verdict);
	}
}

/* Keeps the address for the log. */
static void
show(struct qmtpd *qmtpd, struct span address)
{
	if (qmtpd->shown.len >= SHOWN_MAX)
		return;
	for (size_t i = 0; i < address.len; i++)
		if (address.s[i] != '\0')
			str_add_byte(&qmtpd->shown, address.s[i]);
	str_add_byte(&qmtpd->shown, '\0');
}

static void
read_recipients(struct qmtpd *qmtpd)
{
	struct qmtp *qmtp = &qmtpd->qmtp;
	uint64_t length;
	int got =
	    netstring_read_length(&qmtp->client, QMTP_RECIPIENTS_MAX, &length);

	if (got <= 0)
		qmtp_end_by_errno(qmtp, got ? errno : EPROTO);
	qmtp->client.left = length;
	str_reset(&qmtpd->verdicts);
	str_reset(&qmtpd->shown);
	while ((got = qmtp_read_recipient(qmtp)) != 0) {
		int verdict = judge(qmtpd, got);

		if (verdict == POLICY_ACCEPTED) {
			str_add_field(
			    &qmtp->recipients, str_span(&qmtp->address));
			qmtp->recipient_count++;
		}
		str_add_byte(&qmtpd->verdicts, (char)verdict);
		show(qmtpd, str_span(&qmtp->address));
	}
	if (qmtp->client.left > 0) /* the input ended, not the recipients */
		qmtp_end(qmtp, QMTP_GONE);
	qmtp->client.left = UINT64_MAX;
	if (netstring_read_end(&qmtp->client) < 0)
		qmtp_end_by_errno(qmtp, errno);
}

/* ---- one message ---- */

/* Queues the message, if anybody gets it. */
static struct answer
queue_message(struct qmtp *qmtp)
{
	if (qmtp->recipients.len)
		return qmtp_queue(qmtp);
	receipt_drop(&qmtp->receipt);
	return (struct answer)ANSWER_NONE;
}

/* What recipient i is told. */
static struct answer
answer_to(const struct qmtpd *qmtpd, size_t i, struct answer message)
{
	struct answer own = answer_of(qmtpd, qmtpd->verdicts.s[i]);

	return own.code == 250 ? message : own;
}

static void
log_message(struct qmtpd *qmtpd, struct answer message)
{
	struct span rest = str_span(&qmtpd->shown), address;

	if (message.code == 250)
		qmtp_log_accepted(&qmtpd->qmtp);
	for (size_t i = 0; i < qmtpd->verdicts.len; i++) {
		struct answer answer = answer_to(qmtpd, i, message);

		if (!span_cut_next(&rest, '\0', &address))
			address = SPAN("");
		if (answer.code >= 400)
			qmtp_log_refused(&qmtpd->qmtp, answer, address);
	}
}

static void
serve_message(struct qmtpd *qmtpd)
{
	struct qmtp *qmtp = &qmtpd->qmtp;
	struct answer answer;

	read_text(qmtp);
	qmtp_read_sender(qmtp);
	read_recipients(qmtpd);
	rcptcheck_close(&qmtpd->policy.check);
	answer = queue_message(qmtp);
	for (size_t i = 0; i < qmtpd->verdicts.len; i++)
		qmtp_answer(qmtp, answer_to(qmtpd, i, answer));
	log_message(qmtpd, answer);
}

int
main(void)
{
	char in_buffer[QMTP_IN_BUFFER], out_buffer[QMTP_OUT_BUFFER];

	must_hooks(BUG_EXIT, out_of_memory);
	signal_ignore(SIGPIPE);
	qmtp_open(&session.qmtp, "qmtpd", in_buffer, out_buffer);
	if (chdir(home_dir) < 0 ||
	    receipt_limits_read(&session.qmtp.receipt.limits) < 0 ||
	    control_read_number(
		"control/maxrcpt", UINT64_MAX, &session.recipients_max) < 0 ||
	    control_read_number(
		"control/maxunknown", UINT64_MAX, &session.unknown_max) < 0 ||
	    policy_read(&session.policy) < 0)
		qmtp_end(&session.qmtp, QMTP_CONTROL);
	for (;;)
		serve_message(&session);
}
