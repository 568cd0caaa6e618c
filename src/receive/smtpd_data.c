/*
 * smtpd_data.c - DATA and BDAT: the text of a message.
 * Input: hostile
 */
#include "smtpd.h"

#include <errno.h>

#include "base/scan.h"
#include "smtpd_log.h"
#include "smtpd_reply.h"
#include "sys/clock.h"

#define MS 1000

/* The pace of a client that sends: the deadline moves on with the bytes. */
struct pace {
	int64_t start; /* clock_monotonic */
	int64_t end;   /* whatever came */
	uint64_t came; /* bytes */
};

/* For bytes of a message there is no end. */
static struct pace
pace_begin(const struct smtpd *smtpd, bool is_message)
{
	int64_t patience = (int64_t)smtpd->limits.timeout + SMTPD_DATA_SECONDS;

	return (struct pace){ .start = clock_monotonic() + patience * MS,
		.end = is_message ? INT64_MAX : smtpd->session_end };
}

static int64_t
pace_deadline(const struct pace *pace)
{
	int64_t deadline =
	    pace->start + (int64_t)(pace->came / SMTPD_DATA_SPEED) * MS;

	return deadline < pace->end ? deadline : pace->end;
}

/* The bytes that are there, waiting for some. */
static struct span
next_bytes(struct smtpd *smtpd, struct pace *pace)
{
	struct span input;
	int got;

	in_set_deadline(&smtpd->in, pace_deadline(pace));
	got = in_peek(&smtpd->in, &input);
	if (got <= 0) {
		int reason = got ? errno : 0;

		receipt_drop(&smtpd->receipt);
		smtpd_end_by_errno(smtpd, reason);
	}
	return input;
}

/* Whether a message can begin; replies if not. */
static bool
has_envelope(struct smtpd *smtpd)
{
	if (!smtpd->has_sender)
		smtpd_reply(smtpd, "503 5.5.1 MAIL comes first");
	else if (smtpd->recipients.len == 0)
		smtpd_reply(smtpd, "503 5.5.1 RCPT comes first");
	else
		return true;
	return false;
}

/* What stands behind "with" (RFC 3848, RFC 6531): S for TLS, A for a login. */
static struct span
protocol_name(const struct smtpd *smtpd)
{
	static const char *const names[][4] = {
		{ "ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA" },
		{ "UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA" },
	};
	int kind = smtpd->tls.is_on + 2 * smtpd_auth_is_on(smtpd);

	if (!smtpd->is_utf8 && !smtpd->is_extended)
		return SPAN("SMTP");
	return span_of(names[smtpd->is_utf8][kind]);
}

static void
begin_message(struct smtpd *smtpd)
{
	smtpd->is_begun = true;
	smtpd->is_refused = false;
	smtpd->text = (struct smtptext)SMTPTEXT_INIT;
	smtpd->chunk = (struct crlftext)CRLFTEXT_INIT;
	smtpd_submit_begin(smtpd);
	/* For a program in the place of qmail-queue: filters ask SPF. */
	smtpd_set_variable(
	    smtpd, "SMTPHELO", smtpd->has_helo ? str_z(&smtpd->helo) : NULL);
	receipt_begin(&smtpd->receipt,
	    &(struct received){ .host = smtpd->host,
		.helo = str_span(&smtpd->helo),
		.has_helo = smtpd->has_helo,
		.is_hidden =
		    smtpd_auth_is_on(smtpd) && smtpd->login.hides_client,
		.user = smtpd->user,
		.ip = smtpd->ip,
		.by = smtpd->by,
		.protocol = protocol_name(smtpd),
		.tls_protocol = smtpd->tls.protocol,
		.tls_cipher = smtpd->tls.cipher });
}

/* The message is whole: hands it over, and replies. */
static void
end_message(struct smtpd *smtpd)
{
	struct smtpd_counts *counts = &smtpd->counts;
	struct receipt *receipt = &smtpd->receipt;
	const char *fault = smtpd_submit_end(smtpd);
	struct answer answer;

	if (fault) {
		smtpd_reply(smtpd, fault);
		smtpd_forget(smtpd);
		return;
	}
	receipt->has_lone_cr =
	    smtpd->text.has_lone_cr || smtpd->chunk.has_lone_cr;
	receipt->has_lone_lf = smtpd->chunk.has_lone_lf;
	answer = receipt_end(receipt,
	    &(struct receipt_envelope){ .sender = str_span(&smtpd->sender),
		.parameters = str_span(&smtpd->parameters),
		.recipients = str_span(&smtpd->recipients),
		.wishes = str_span(&smtpd->wishes) });
	if (answer.code == 250) {
		counts->messages++;
		counts->recipients += smtpd->recipient_count;
		counts->bytes += receipt->size;
		counts->errors = 0;
	}
	/* Unheard, it would let the client send the message again. */
	smtpd_answer(smtpd, answer);
	if (clock_monotonic() >= smtpd->session_end)
		smtpd_send_late(smtpd);
	if (answer.code == 250)
		smtpd_log_accepted(smtpd);
	smtpd_forget(smtpd);
}

/* ---- DATA ---- */

/* Reads up to the end of the message. */
static void
read_text(struct smtpd *smtpd, struct pace *pace)
{
	enum smtptext_event event;

	do {
		struct span input = next_bytes(smtpd, pace), piece;
		size_t len = input.len;

		pace->came += len;
		while ((event = smtptext_next(&smtpd->text, &input, &piece)) ==
		    SMTPTEXT_PIECE)
			smtpd_submit_store(smtpd, piece);
		in_consume(&smtpd->in, len - input.len);
		if (event == SMTPTEXT_LONE_LF) {
			receipt_drop(&smtpd->receipt);
			smtpd_end(smtpd, SMTPD_LONE_LF);
		}
	} while (event != SMTPTEXT_END);
}

void
smtpd_data(struct smtpd *smtpd, struct span argument)
{
	const char *fault;
	struct pace pace;

	(void)argument;
	if (smtpd->is_begun) {
		smtpd_reply(smtpd, "503 5.5.1 this message came by BDAT");
		return;
	}
	if (!has_envelope(smtpd))
		return;
	fault = smtpd_submit_count(smtpd);
	if (fault) {
		smtpd_reply(smtpd, fault);
		return;
	}
	smtpd_reply(smtpd, "354 go ahead");
	/* qmail-queue is started when there is something for it, so that it
	 * finds that in its pipe and need not be woken again. */
	pace = pace_begin(smtpd, true);
	(void)next_bytes(smtpd, &pace);
	begin_message(smtpd);
	read_text(smtpd, &pace);
	end_message(smtpd);
}

/* ---- BDAT (RFC 3030) ---- */

/* Reads so many bytes of a chunk; stores them unless they are refused. */
static void
read_chunk(struct smtpd *smtpd, uint64_t size, bool is_stored)
{
	struct pace pace = pace_begin(smtpd, is_stored);

	while (size) {
		struct span input = next_bytes(smtpd, &pace), piece;
		size_t len;

		input = span_upto(
		    input, size < input.len ? (size_t)size : input.len);
		len = input.len;
		size -= len;
		pace.came += len;
		while (
		    is_stored && crlftext_next(&smtpd->chunk, &input, &piece))
			smtpd_submit_store(smtpd, piece);
		in_consume(&smtpd->in, len);
	}
}

/* Takes SIZE [LAST] apart.  Returns false if that is not what it is. */
static bool
parse_chunk(struct span argument, uint64_t *size, bool *is_last)
{
	struct span word;

	*is_last = false;
	if (!span_cut_next(&argument, ' ', &word) ||
	    !scan_u64(word, UINT64_MAX, size))
		return false;
	argument = span_trim(argument);
	if (argument.len == 0)
		return true;
	*is_last = span_equal_nocase(argument, SPAN("LAST"));
	return *is_last;
}

/* What is wrong with a chunk before it is read, as a reply; NULL: nothing. */
static const char *
find_chunk_fault(const struct smtpd *smtpd, uint64_t size)
{
	uint64_t max = smtpd->receipt.limits.data_max;

	if (smtpd->is_refused)
		return "503 5.5.1 the message was refused: RSET comes first";
	/* Its line ends take twice the room here that they take stored. */
	if (max && size / 2 > max)
		return "552 5.3.4 larger than we take";
	return NULL;
}

void
smtpd_bdat(struct smtpd *smtpd, struct span argument)
{
	const char *fault;
	uint64_t size;
	bool is_last;

	if (!smtpd->is_extended) { /* who was not offered it cannot mean it */
		smtpd_reply(smtpd, "502 5.5.1 no such command");
		return;
	}
	if (!parse_chunk(argument, &size, &is_last)) {
		/* Nobody knows how many bytes follow: they are commands now. */
		smtpd_reply(smtpd, "501 5.5.4 BDAT wants a size");
		return;
	}
	if (!has_envelope(smtpd)) {
		read_chunk(smtpd, size, false);
		return;
	}
	fault = NULL;
	if (!smtpd->is_begun) {
		fault = smtpd_submit_count(smtpd);
		begin_message(smtpd);
	}
	if (!fault)
		fault = find_chunk_fault(smtpd, size);
	read_chunk(smtpd, size, !fault);
	if (!fault && !is_last && smtpd->receipt.is_too_large)
		fault = "552 5.3.4 larger than we take";
	if (fault) {
		receipt_drop(&smtpd->receipt);
		smtpd->is_begun = smtpd->is_refused = true;
		smtpd_reply(smtpd, fault);
	} else if (!is_last) {
		smtpd_reply(smtpd, "250 2.0.0 so far, so good");
	} else {
		crlftext_end(&smtpd->chunk);
		end_message(smtpd);
	}
}
