/*
 * receipt.c - a message on its way to qmail-queue.
 * Input: hostile
 */
#include "receipt.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "config/control.h"
#include "config/home.h"
#include "sys/clock.h"
#include "sys/filesystem.h"
#include "sys/logline.h"

#define HEADER_MAX (1 << 20) /* bytes, without control/maxheader */
#define WORDS_ROOM 64	     /* bytes of what is told of a message we have */

/* The size limit: $DATABYTES, else control/databytes. */
static int
read_data_max(uint64_t *data_max)
{
	const char *value = getenv("DATABYTES");

	*data_max = 0;
	if (!value)
		return control_read_number(
		    "control/databytes", UINT64_MAX, data_max);
	(void)scan_u64_prefix(span_of(value), UINT64_MAX, data_max);
	return 0;
}

int
receipt_limits_read(struct receipt_limits *limits)
{
	limits->header_max = HEADER_MAX;
	limits->min_free = limits->logs_id = 0;
	return control_read_number(
		   "control/maxheader", UINT64_MAX, &limits->header_max) < 0 ||
		control_read_number(
		    "control/minfree", UINT64_MAX / 2, &limits->min_free) < 0 ||
		control_read_number(
		    "control/logmessageid", 1, &limits->logs_id) < 0 ||
		read_data_max(&limits->data_max) < 0
	    ? -1
	    : 0;
}

bool
receipt_has_room(const struct receipt_limits *limits, uint64_t size)
{
	return size <= UINT64_MAX - limits->min_free &&
	    filesystem_has_free(home_queue_dir, size + limits->min_free);
}

void
receipt_begin(struct receipt *receipt, const struct received *received)
{
	struct str field = STR_INIT;

	receipt->is_too_large = false;
	receipt->has_lone_cr = receipt->has_lone_lf = false;
	receipt->hops = (struct hops){ 0 };
	receipt->id = (struct messageid){ 0 };
	receipt->size = 0;
	str_reset(&receipt->words);
	str_reserve(&receipt->words, WORDS_ROOM);
	receipt->is_open =
	    inject_open(&receipt->inject, home_dir,
		receipt->is_submitted ? INJECT_FILTERED | INJECT_SUBMITTED
				      : INJECT_FILTERED) == 0;
	if (!receipt->is_open)
		return;
	received_add(&field, received, clock_seconds());
	inject_message(&receipt->inject, str_span(&field));
	str_free(&field);
}

void
receipt_store(struct receipt *receipt, struct span piece)
{
	uint64_t max = receipt->limits.data_max;

	hops_add(&receipt->hops, piece);
	if (receipt->limits.logs_id)
		messageid_add(&receipt->id, piece);
	receipt->size += piece.len;
	if (max && receipt->size > max)
		receipt->is_too_large = true;
	if (receipt->is_open && !receipt->is_too_large)
		inject_message(&receipt->inject, piece);
}

void
receipt_drop(struct receipt *receipt)
{
	if (!receipt->is_open)
		return;
	inject_break(&receipt->inject);
	(void)inject_close(&receipt->inject);
	receipt->is_open = false;
}

uint64_t
receipt_qp(const struct receipt *receipt)
{
	return (uint64_t)receipt->inject.pid;
}

void
receipt_log_id(const struct receipt *receipt, struct str *line)
{
	struct span id = messageid_value(&receipt->id);

	if (id.len)
		logline_quoted(line, " messageid", id);
}

/* What is wrong with the message itself. */
static struct answer
find_fault(const struct receipt *receipt)
{
	uint64_t header_max = receipt->limits.header_max;

	if (receipt->hops.count >= HOPS_MAX)
		return ANSWER(554, "5.4.6", "passed on too often; a loop?");
	if (receipt->is_too_large)
		return ANSWER(552, "5.3.4", "larger than we take");
	if (header_max && receipt->hops.header > header_max)
		return ANSWER(
		    552, "5.3.4", "its header is larger than we take");
	if (receipt->has_lone_cr)
		return ANSWER(
		    554, "5.6.0", "carriage return without line feed");
	if (receipt->has_lone_lf)
		return ANSWER(
		    554, "5.6.0", "line feed without carriage return");
	if (!receipt->is_open)
		return ANSWER(451, "4.3.0", "cannot run the queue program");
	return (struct answer)ANSWER_NONE;
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

/* "ok TIME qp PID".  Now it is queued, and no lack of memory may hinder that we
 * say so: receipt_begin has made room. */
static struct answer
accepted(struct receipt *receipt)
{
	str_set(&receipt->words, SPAN("ok "));
	str_add_u64(&receipt->words, (uint64_t)clock_seconds());
	str_add_z(&receipt->words, " qp ");
	str_add_u64(&receipt->words, receipt_qp(receipt));
	return (struct answer){ 250, SPAN("2.0.0"), str_span(&receipt->words) };
}

/* The words of the verdict, made fit for a line. */
static struct answer
refused(struct receipt *receipt, const struct verdict *verdict)
{
	bool is_permanent = verdict->letter == VERDICT_PERMANENT;

	if (!is_permanent && !verdict->is_custom &&
	    !receipt_has_room(&receipt->limits, receipt->size))
		return ANSWER(452, "4.3.1", "no room for it now");
	str_reset(&receipt->words);
	for (size_t i = 0; i < verdict->text.len; i++) {
		char c = verdict->text.s[i];

		str_add_byte(&receipt->words, ascii_is_control(c) ? '?' : c);
	}
	return (struct answer){ is_permanent ? 554 : 451, status_of(verdict),
		str_span(&receipt->words) };
}

struct answer
receipt_end(struct receipt *receipt, const struct receipt_envelope *envelope)
{
	struct span recipients = envelope->recipients;
	struct span wishes = envelope->wishes, recipient, own;

	struct answer answer = find_fault(receipt);
	struct verdict verdict;

	if (answer.code) {
		receipt_drop(receipt);
		return answer;
	}
	inject_sender(&receipt->inject, envelope->sender);
	inject_sender_parameters(&receipt->inject, envelope->parameters);
	while (span_cut_next(&recipients, '\0', &recipient)) {
		if (span_cut_next(&wishes, '\0', &own))
			inject_recipient_parameters(&receipt->inject, own);
		inject_recipient(&receipt->inject, recipient);
	}
	verdict = inject_close(&receipt->inject);
	receipt->is_open = false;
	return verdict.letter == VERDICT_ACCEPTED ? accepted(receipt)
						  : refused(receipt, &verdict);
}
