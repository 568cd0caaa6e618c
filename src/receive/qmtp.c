/*
 * qmtp.c - what qmail-qmtpd and qmail-qmqpd share.
 * Input: hostile
 */
#include "qmtp.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fmt.h"
#include "sys/clock.h"
#include "sys/logline.h"

#define LOG_REFUSALS 100 /* lines a session; then they are counted */

/* ---- ways to end ---- */

/* Every way to end: its name in the log, and the exit code. */
static const struct {
	const char *name;
	int exit_code;
} ends[] = {
	[QMTP_OVER] = { "over", 0 },
	[QMTP_GONE] = { "gone", 111 },
	[QMTP_TIMEOUT] = { "timeout", 111 },
	[QMTP_PROTOCOL] = { "protocol", 100 },
	[QMTP_TOO_LONG] = { "too-long", 111 },
	[QMTP_CONTROL] = { "control", 111 },
	[QMTP_MEMORY] = { "memory", 111 },
};

static void
log_closed(struct qmtp *qmtp, const char *end)
{
	struct str line = STR_INIT, event = STR_INIT;

	str_add_z(&event, qmtp->program);
	str_add_z(&event, " closed");
	logline_begin(&line, str_z(&event), qmtp->ip);
	logline_number(&line, " messages", qmtp->messages);
	logline_number(&line, " refusals", qmtp->refusals);
	logline_number(&line, " seconds",
	    (uint64_t)(clock_monotonic() - qmtp->started) / 1000);
	str_add_z(&line, " end=");
	str_add_z(&line, end);
	logline_end(&line);
	str_free(&event);
}

void
qmtp_end(struct qmtp *qmtp, enum qmtp_end why)
{
	if (qmtp) {
		receipt_drop(&qmtp->receipt);
		/* What is not heard of a message lets it come again. */
		if (out_flush(&qmtp->out) < 0 && why == QMTP_OVER)
			why = QMTP_GONE;
		log_closed(qmtp, ends[why].name);
	}
	_exit(ends[why].exit_code);
}

void
qmtp_end_by_errno(struct qmtp *qmtp, int number)
{
	switch (number) {
	case EBADMSG:
		qmtp_end(qmtp, QMTP_PROTOCOL);
	case EMSGSIZE:
		qmtp_end(qmtp, QMTP_TOO_LONG);
	case ETIMEDOUT:
		qmtp_end(qmtp, QMTP_TIMEOUT);
	default:
		qmtp_end(qmtp, QMTP_GONE);
	}
}

/* ---- set up ---- */

static struct span
environment(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return span_of(value ? value : fallback);
}

/* Answers leave when there is nothing more to read. */
static void
send_answers(void *argument)
{
	struct qmtp *qmtp = argument;

	if (out_flush(&qmtp->out) < 0)
		qmtp_end(qmtp, QMTP_GONE);
}

void
qmtp_open(struct qmtp *qmtp, const char *program,
    char in_buffer[QMTP_IN_BUFFER], char out_buffer[QMTP_OUT_BUFFER])
{
	int64_t end;

	*qmtp =
	    (struct qmtp){ .program = program, .started = clock_monotonic() };
	end = qmtp->started + QMTP_SESSION_SECONDS * 1000;
	in_init(&qmtp->in, 0, in_buffer, QMTP_IN_BUFFER);
	out_init(&qmtp->out, 1, out_buffer, QMTP_OUT_BUFFER);
	in_set_deadline(&qmtp->in, end);
	out_set_deadline(&qmtp->out, end);
	in_before_wait(&qmtp->in, send_answers, qmtp);
	qmtp->client = (struct netstring){ &qmtp->in, UINT64_MAX };
	qmtp->host = environment("TCPREMOTEHOST", "unknown");
	qmtp->user = environment("TCPREMOTEINFO", "");
	qmtp->ip = environment("TCPREMOTEIP", "unknown");
	qmtp->by = environment("TCPLOCALHOST", "");
	if (qmtp->by.len == 0)
		qmtp->by = environment("TCPLOCALIP", "unknown");
}

/* ---- a message ---- */

void
qmtp_begin(struct qmtp *qmtp, struct span protocol)
{
	str_reset(&qmtp->recipients);
	qmtp->recipient_count = 0;
	receipt_begin(&qmtp->receipt,
	    &(struct received){ .host = qmtp->host,
		.user = qmtp->user,
		.ip = qmtp->ip,
		.by = qmtp->by,
		.protocol = protocol });
}

void
qmtp_read_text(struct qmtp *qmtp, uint64_t length)
{
	while (length) {
		struct span piece;

		if (netstring_read_some(&qmtp->client, length, &piece) < 0)
			qmtp_end_by_errno(qmtp, errno);
		receipt_store(&qmtp->receipt, piece);
		length -= piece.len;
		netstring_take(&qmtp->client, piece.len);
	}
	if (netstring_read_end(&qmtp->client) < 0)
		qmtp_end_by_errno(qmtp, errno);
}

static bool
is_bad(const struct str *address)
{
	return address->len > QMTP_ADDRESS_MAX ||
	    span_has(str_span(address), '\0');
}

void
qmtp_read_sender(struct qmtp *qmtp)
{
	int got =
	    netstring_read(&qmtp->client, QMTP_ADDRESS_READ, &qmtp->sender);

	if (got <= 0)
		qmtp_end_by_errno(qmtp, got ? errno : EPROTO);
	qmtp->is_sender_bad = is_bad(&qmtp->sender);
}

int
qmtp_read_recipient(struct qmtp *qmtp)
{
	int got =
	    netstring_read(&qmtp->client, QMTP_ADDRESS_READ, &qmtp->address);

	if (got < 0)
		qmtp_end_by_errno(qmtp, errno);
	return got > 0 && is_bad(&qmtp->address) ? -1 : got;
}

/* ---- answers ---- */

/* The words of an answer, in pieces. */
struct words {
	char letter;
	struct span pieces[4];
};

static struct words
words_of(const struct answer *answer)
{
	bool has_code = answer->code >= 400 && !span_has(answer->text, '#');

	return (struct words){ answer->code < 400 ? 'K'
		    : answer->code < 500	  ? 'Z'
						  : 'D',
		{ answer->text, has_code ? SPAN(" (#") : SPAN(""),
		    has_code ? answer->status : SPAN(""),
		    has_code ? SPAN(")") : SPAN("") } };
}

void
qmtp_log_refused(struct qmtp *qmtp, struct answer answer, struct span recipient)
{
	struct words words = words_of(&answer);
	struct str line = STR_INIT, event = STR_INIT, said = STR_INIT;

	if (qmtp->refusals++ >= LOG_REFUSALS)
		return;
	str_add_byte(&said, words.letter);
	for (size_t i = 0; i < 4; i++)
		str_add(&said, words.pieces[i]);
	str_add_z(&event, qmtp->program);
	str_add_z(&event, " refused");
	logline_begin(&line, str_z(&event), qmtp->ip);
	logline_quoted(&line, " from", str_span(&qmtp->sender));
	logline_quoted(&line, " address", recipient);
	logline_quoted(&line, " reply", str_span(&said));
	logline_end(&line);
	str_free(&said);
	str_free(&event);
}

void
qmtp_log_accepted(struct qmtp *qmtp)
{
	struct str line = STR_INIT, event = STR_INIT;
	struct span first = str_span(&qmtp->recipients);

	qmtp->messages++;
	str_add_z(&event, qmtp->program);
	str_add_z(&event, " accepted");
	logline_begin(&line, str_z(&event), qmtp->ip);
	logline_quoted(&line, " from", str_span(&qmtp->sender));
	logline_quoted(&line, " to", span_upto(first, span_find(first, '\0')));
	logline_number(&line, " recipients", qmtp->recipient_count);
	logline_number(&line, " size", qmtp->receipt.size);
	logline_number(&line, " qp", receipt_qp(&qmtp->receipt));
	receipt_log_id(&qmtp->receipt, &line);
	logline_end(&line);
	str_free(&event);
}

/* Gives the answers time, also when that of the session is over: unheard, they
 * would let the client send the message again. */
static void
wait_for_answers(struct qmtp *qmtp)
{
	int64_t end = clock_monotonic() + QMTP_LATE_SECONDS * 1000;

	if (qmtp->out.deadline < end)
		out_set_deadline(&qmtp->out, end);
}

struct answer
qmtp_queue(struct qmtp *qmtp)
{
	struct receipt_envelope envelope = { .sender = str_span(&qmtp->sender),
		.recipients = str_span(&qmtp->recipients) };
	struct answer answer = receipt_end(&qmtp->receipt, &envelope);

	wait_for_answers(qmtp);
	return answer;
}

void
qmtp_answer(struct qmtp *qmtp, struct answer answer)
{
	struct words words = words_of(&answer);
	char digits[FMT_U64_MAX];
	uint64_t length = 1;

	for (size_t i = 0; i < 4; i++)
		length += words.pieces[i].len;
	/* A failure shows when the answers are sent. */
	(void)out_add(&qmtp->out, span_make(digits, fmt_u64(digits, length)));
	(void)out_add_z(&qmtp->out, ":");
	(void)out_add(&qmtp->out, span_make(&words.letter, 1));
	for (size_t i = 0; i < 4; i++)
		(void)out_add(&qmtp->out, words.pieces[i]);
	(void)out_add_z(&qmtp->out, ",");
}
