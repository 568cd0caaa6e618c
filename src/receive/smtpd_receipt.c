/*
 * smtpd_receipt.c - a message on its way to qmail-queue.
 * Input: hostile
 */
#include "smtpd.h"

#include "base/ascii.h"
#include "config/home.h"
#include "mail/received.h"
#include "smtpd_log.h"
#include "smtpd_reply.h"
#include "sys/clock.h"
#include "sys/filesystem.h"

/* What stands behind "with" (RFC 3848, RFC 6531). */
static struct span
protocol_name(const struct smtpd *smtpd)
{
	if (smtpd->is_utf8)
		return SPAN("UTF8SMTP");
	return smtpd->is_extended ? SPAN("ESMTP") : SPAN("SMTP");
}

static void
add_received(struct smtpd *smtpd)
{
	struct str field = STR_INIT;

	received_add(&field,
	    &(struct received){ .host = smtpd->host,
		.helo = str_span(&smtpd->helo),
		.has_helo = smtpd->has_helo,
		.user = smtpd->user,
		.ip = smtpd->ip,
		.by = smtpd->by,
		.protocol = protocol_name(smtpd) },
	    clock_seconds());
	inject_message(&smtpd->receipt.inject, str_span(&field));
	str_free(&field);
}

void
smtpd_receipt_begin(struct smtpd *smtpd)
{
	struct smtpd_receipt *receipt = &smtpd->receipt;

	receipt->is_begun = true;
	receipt->is_refused = receipt->is_too_large = false;
	receipt->text = (struct smtptext)SMTPTEXT_INIT;
	receipt->chunk = (struct crlftext)CRLFTEXT_INIT;
	receipt->hops = (struct hops){ 0 };
	receipt->size = 0;
	receipt->is_open = inject_open(&receipt->inject, home_dir) == 0;
	if (receipt->is_open)
		add_received(smtpd);
}

void
smtpd_receipt_store(struct smtpd *smtpd, struct span piece)
{
	struct smtpd_receipt *receipt = &smtpd->receipt;
	uint64_t max = smtpd->limits.data_max;

	hops_add(&receipt->hops, piece);
	receipt->size += piece.len;
	if (max && receipt->size > max)
		receipt->is_too_large = true;
	if (receipt->is_open && !receipt->is_too_large)
		inject_message(&receipt->inject, piece);
}

void
smtpd_receipt_drop(struct smtpd_receipt *receipt)
{
	if (receipt->is_open) {
		inject_break(&receipt->inject);
		(void)inject_close(&receipt->inject);
	}
	receipt->is_open = receipt->is_begun = receipt->is_refused = false;
}

/* What is wrong with the message itself, as a reply; NULL: nothing. */
static const char *
find_fault(const struct smtpd *smtpd)
{
	const struct smtpd_receipt *receipt = &smtpd->receipt;

	if (receipt->hops.count >= HOPS_MAX)
		return "554 5.4.6 passed on too often; a loop?";
	if (receipt->is_too_large)
		return "552 5.3.4 larger than we take";
	if (smtpd->limits.header_max &&
	    receipt->hops.header > smtpd->limits.header_max)
		return "552 5.3.4 its header is larger than we take";
	if (receipt->text.has_lone_cr || receipt->chunk.has_lone_cr)
		return "554 5.6.0 carriage return without line feed";
	if (receipt->chunk.has_lone_lf)
		return "554 5.6.0 line feed without carriage return";
	if (!receipt->is_open)
		return "451 4.3.0 cannot run the queue program";
	return NULL;
}

static void
reply_accepted(struct smtpd *smtpd)
{
	struct smtpd_counts *counts = &smtpd->counts;
	uint64_t qp = (uint64_t)smtpd->receipt.inject.pid;
	struct str reply = STR_INIT;

	counts->messages++;
	counts->recipients += smtpd->recipient_count;
	counts->bytes += smtpd->receipt.size;
	counts->errors = 0;
	smtpd_log_accepted(smtpd, qp);
	str_add_z(&reply, "250 2.0.0 ok ");
	str_add_u64(&reply, (uint64_t)clock_seconds());
	str_add_z(&reply, " qp ");
	str_add_u64(&reply, qp);
	smtpd_reply(smtpd, str_z(&reply));
	str_free(&reply);
}

/*
 * The enhanced code of a verdict: the words of a program in the place of
 * qmail-queue may have their own, as "(#5.7.1)".
 */
static struct span
status_of(const struct verdict *verdict)
{
	struct span text =
	    span_from(verdict->text, span_find(verdict->text, '#') + 1);
	size_t len = 0;

	while (len < text.len &&
	    (ascii_is_digit(text.s[len]) || text.s[len] == '.'))
		len++;
	text = span_upto(text, len);
	return len >= 5 && len <= 9 && text.s[0] == verdict->status[0] &&
		text.s[1] == '.'
	    ? text
	    : span_of(verdict->status);
}

/* Repeats the words of the verdict, made fit for a line. */
static void
reply_refused(struct smtpd *smtpd, const struct verdict *verdict)
{
	bool is_permanent = verdict->letter == VERDICT_PERMANENT;
	struct str reply = STR_INIT;

	str_add_z(&reply, is_permanent ? "554 " : "451 ");
	str_add(&reply, status_of(verdict));
	str_add_byte(&reply, ' ');
	for (size_t i = 0; i < verdict->text.len; i++) {
		char c = verdict->text.s[i];

		str_add_byte(&reply, ascii_is_control(c) ? '?' : c);
	}
	smtpd_reply(smtpd, str_z(&reply));
	str_free(&reply);
}

/* Hands over the envelope, and tells the client how that went. */
static void
hand_over(struct smtpd *smtpd)
{
	struct inject *inject = &smtpd->receipt.inject;
	struct span rest = str_span(&smtpd->recipients), recipient;
	struct verdict verdict;

	inject_sender(inject, str_span(&smtpd->sender));
	while (span_cut_next(&rest, '\0', &recipient))
		inject_recipient(inject, recipient);
	verdict = inject_close(inject);
	smtpd->receipt.is_open = false;
	if (verdict.letter == VERDICT_ACCEPTED)
		reply_accepted(smtpd);
	else if (verdict.letter == VERDICT_TEMPORARY && !verdict.is_custom &&
	    !filesystem_has_free(
		home_queue_dir, smtpd->receipt.size + smtpd->limits.min_free))
		smtpd_reply(smtpd, "452 4.3.1 no room for it now");
	else
		reply_refused(smtpd, &verdict);
}

void
smtpd_receipt_end(struct smtpd *smtpd)
{
	const char *fault = find_fault(smtpd);

	if (fault)
		smtpd_reply(smtpd, fault);
	else
		hand_over(smtpd);
	smtpd_receipt_drop(&smtpd->receipt);
}
