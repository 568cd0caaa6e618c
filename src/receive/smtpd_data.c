/*
 * smtpd_data.c - the message: from the client to qmail-queue.
 * Input: hostile
 */
#include "smtpd.h"

#include <errno.h>

#include "base/ascii.h"
#include "config/home.h"
#include "mail/hops.h"
#include "mail/received.h"
#include "mail/smtptext.h"
#include "queue/inject.h"
#include "smtpd_reply.h"
#include "sys/clock.h"

#define MS 1000

struct receipt {
	struct smtptext text;
	struct hops hops;
	uint64_t size; /* bytes to be stored, our Received not counted */
	bool is_too_large;
	bool is_open; /* qmail-queue runs */
	struct inject inject;
};

/* Makes sure that nothing is queued, and waits for qmail-queue to end. */
static void
drop(struct receipt *receipt)
{
	if (!receipt->is_open)
		return;
	inject_break(&receipt->inject);
	(void)inject_close(&receipt->inject);
}

static void
add_received(struct smtpd *smtpd, struct inject *inject)
{
	struct str field = STR_INIT;

	received_add(&field,
	    &(struct received){ .host = smtpd->host,
		.helo = str_span(&smtpd->helo),
		.has_helo = smtpd->has_helo,
		.user = smtpd->user,
		.ip = smtpd->ip,
		.by = smtpd->by,
		.protocol = smtpd->is_extended ? SPAN("ESMTP") : SPAN("SMTP") },
	    clock_seconds());
	inject_message(inject, str_span(&field));
	str_free(&field);
}

static void
store(struct smtpd *smtpd, struct receipt *receipt, struct span piece)
{
	hops_add(&receipt->hops, piece);
	receipt->size += piece.len;
	if (smtpd->data_max && receipt->size > smtpd->data_max)
		receipt->is_too_large = true;
	if (receipt->is_open && !receipt->is_too_large)
		inject_message(&receipt->inject, piece);
}

/*
 * Reads up to the end of the message.  The deadline moves on with the bytes
 * that come.
 */
static void
read_text(struct smtpd *smtpd, struct receipt *receipt)
{
	int64_t patience = smtpd->timeout + SMTPD_DATA_SECONDS;
	int64_t start = clock_monotonic() + patience * MS;
	uint64_t came = 0;

	for (;;) {
		enum smtptext_event event;
		struct span input, piece;
		size_t len;
		int got;

		in_set_deadline(&smtpd->in,
		    start + (int64_t)(came / SMTPD_DATA_SPEED) * MS);
		got = in_peek(&smtpd->in, &input);
		if (got <= 0) {
			int reason = got ? errno : 0;

			drop(receipt);
			smtpd_end_by_errno(&smtpd->out, reason);
		}
		len = input.len;
		came += len;
		while ((event = smtptext_next(
			    &receipt->text, &input, &piece)) == SMTPTEXT_PIECE)
			store(smtpd, receipt, piece);
		in_consume(&smtpd->in, len - input.len);
		if (event == SMTPTEXT_LONE_LF) {
			drop(receipt);
			smtpd_end(&smtpd->out, SMTPD_LONE_LF);
		}
		if (event == SMTPTEXT_END)
			return;
	}
}

/* What is wrong with the message itself, as a reply; NULL: nothing. */
static const char *
find_fault(const struct receipt *receipt)
{
	if (receipt->hops.count >= HOPS_MAX)
		return "554 passed on too often; a loop? (#5.4.6)";
	if (receipt->is_too_large)
		return "552 larger than we take (#5.3.4)";
	if (receipt->text.has_lone_cr)
		return "554 carriage return without line feed (#5.6.0)";
	if (!receipt->is_open)
		return "451 cannot run the queue program (#4.3.0)";
	return NULL;
}

static void
reply_accepted(struct smtpd *smtpd, const struct inject *inject)
{
	struct str reply = STR_INIT;

	str_add_z(&reply, "250 ok ");
	str_add_u64(&reply, (uint64_t)clock_seconds());
	str_add_z(&reply, " qp ");
	str_add_u64(&reply, (uint64_t)inject->pid);
	smtpd_reply(&smtpd->out, str_z(&reply));
	str_free(&reply);
}

/* Repeats the words of the verdict; a code in them is not followed by ours. */
static void
reply_refused(struct smtpd *smtpd, const struct verdict *verdict)
{
	bool is_permanent = verdict->letter == VERDICT_PERMANENT;
	struct str reply = STR_INIT;

	str_add_z(&reply, is_permanent ? "554 " : "451 ");
	for (size_t i = 0; i < verdict->text.len; i++) {
		char c = verdict->text.s[i];

		str_add_byte(
		    &reply, (unsigned char)c < ' ' || c == 127 ? '?' : c);
	}
	if (!span_has(verdict->text, '#')) {
		str_add_z(&reply, " (#");
		str_add_z(&reply, verdict->status);
		str_add_byte(&reply, ')');
	}
	smtpd_reply(&smtpd->out, str_z(&reply));
	str_free(&reply);
}

/* Hands over the envelope, and tells the client how that went. */
static void
hand_over(struct smtpd *smtpd, struct inject *inject)
{
	struct span rest = str_span(&smtpd->recipients), recipient;
	struct verdict verdict;

	inject_sender(inject, str_span(&smtpd->sender));
	while (span_cut_next(&rest, '\0', &recipient))
		inject_recipient(inject, recipient);
	verdict = inject_close(inject);
	if (verdict.letter == VERDICT_ACCEPTED)
		reply_accepted(smtpd, inject);
	else
		reply_refused(smtpd, &verdict);
}

void
smtpd_receive(struct smtpd *smtpd)
{
	struct receipt receipt;
	struct span first;
	const char *fault;
	int got;

	receipt.text = (struct smtptext)SMTPTEXT_INIT;
	receipt.hops = (struct hops){ 0 };
	receipt.size = 0;
	receipt.is_too_large = false;
	smtpd_reply(&smtpd->out, "354 go ahead");
	/* qmail-queue is started when there is something for it, so that it
	 * finds that in its pipe and need not be woken again. */
	got = in_peek(&smtpd->in, &first);
	if (got <= 0)
		smtpd_end_by_errno(&smtpd->out, got ? errno : 0);
	receipt.is_open = inject_open(&receipt.inject, home_dir) == 0;
	if (receipt.is_open)
		add_received(smtpd, &receipt.inject);
	read_text(smtpd, &receipt);
	fault = find_fault(&receipt);
	if (fault) {
		drop(&receipt);
		smtpd_reply(&smtpd->out, fault);
	} else {
		hand_over(smtpd, &receipt.inject);
	}
}
