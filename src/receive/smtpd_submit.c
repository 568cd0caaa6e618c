/*
 * smtpd_submit.c - new messages of people who have logged in (RFC 6409): from
 * themselves, with complete addresses and headers.
 * Input: hostile
 */
#include <stdlib.h>

#include "mail/hostrules.h"
#include "queue/sendcount.h"
#include "smtpd.h"
#include "sys/clock.h"
#include "sys/random.h"

int
smtpd_submit_read(struct smtpd *smtpd)
{
	struct smtpd_submission *submission = &smtpd->submission;
	int found;

	submission->is_on = getenv("SUBMISSION") != NULL;
	if (!submission->is_on)
		return 0;
	smtpd->login.is_wanted = smtpd->login.is_required = true;
	found = hostnames_read(&submission->names, NULL);
	submission->wishes.rules = str_span(&submission->names.rules);
	submission->wishes.authors = &submission->authors;
	return found < 0 ? -1 : senders_read(&submission->senders);
}

/* ---- the envelope ---- */

void
smtpd_submit_complete(const struct smtpd *smtpd, struct str *address)
{
	if (smtpd->submission.is_on)
		hostrules_apply_to_address(
		    smtpd->submission.wishes.rules, address);
}

const char *
smtpd_submit_find_fault(struct smtpd *smtpd, struct span sender)
{
	int is_own;

	if (!smtpd->submission.is_on)
		return NULL;
	is_own = senders_may(
	    &smtpd->submission.senders, str_span(&smtpd->login.name), sender);
	if (is_own < 0)
		return "451 4.3.0 cannot tell now whose address this is";
	return is_own ? NULL : "553 5.7.1 this address is not yours";
}

const char *
smtpd_submit_count(const struct smtpd *smtpd)
{
	if (!smtpd_auth_is_on(smtpd))
		return NULL;
	switch (sendcount_ask(
	    str_span(&smtpd->login.name), smtpd->recipient_count)) {
	case SENDCOUNT_TAKEN:
		return NULL;
	case SENDCOUNT_TOO_MANY:
		return "452 4.7.0 that is too much mail in an hour";
	case SENDCOUNT_LATER:
		break;
	}
	return "451 4.3.0 nobody can count your mail now; later";
}

/* ---- the header ---- */

void
smtpd_submit_begin(struct smtpd *smtpd)
{
	struct smtpd_submission *submission = &smtpd->submission;

	if (!submission->is_on)
		return;
	tidylines_free(&submission->lines);
	tidylines_begin(&submission->lines);
	mailboxes_free(&submission->authors);
	str_reset(&submission->line);
	submission->is_body = false;
	submission->fault = NULL;
}

/* Whether all that it is from are this user's. */
static void
check_authors(struct smtpd *smtpd)
{
	struct smtpd_submission *submission = &smtpd->submission;
	struct str address = STR_INIT;

	for (size_t i = 0;
	     i < submission->authors.all.len && !submission->fault; i++) {
		int is_own;

		str_reset(&address);
		mailboxes_add_address(&address, &submission->authors.all.at[i]);
		is_own = address.len == 0
		    ? 0
		    : senders_may(&submission->senders,
			  str_span(&smtpd->login.name), str_span(&address));
		if (is_own < 0)
			submission->fault =
			    "451 4.3.0 cannot tell now whose address this is";
		else if (!is_own)
			submission->fault =
			    "550 5.7.1 an address in From or Sender is not yours";
	}
	str_free(&address);
}

/* Without a From it is from the sender. */
static void
add_from(struct smtpd *smtpd)
{
	struct smtpd_submission *submission = &smtpd->submission;
	struct span sender = str_span(&smtpd->sender);
	size_t at = span_find_last(sender, '@');
	struct mailbox mailbox = MAILBOX_INIT;

	if (tidyhead_has(&submission->lines.head, HEADER_FROM))
		return;
	if (sender.len == 0) {
		submission->fault = "554 5.6.0 it is from nobody";
		return;
	}
	str_set(&mailbox.local_part, span_upto(sender, at));
	str_set(&mailbox.host, span_from(sender, at + 1));
	tidyhead_add(&submission->lines.head, HEADER_FROM, &mailbox);
	mailboxes_free_one(&mailbox);
}

static void
end_header(struct smtpd *smtpd)
{
	struct smtpd_submission *submission = &smtpd->submission;
	struct str text = STR_INIT;

	tidylines_end(&submission->lines, &submission->wishes);
	submission->is_body = true;
	check_authors(smtpd);
	add_from(smtpd);
	tidyhead_write(&submission->lines.head, &text, clock_seconds(),
	    str_span(&submission->names.id_host), random_u64());
	receipt_store(&smtpd->receipt, str_span(&text));
	str_free(&text);
}

/* A line of the header, or the first behind it. */
static void
take_line(struct smtpd *smtpd, struct span line)
{
	struct smtpd_submission *submission = &smtpd->submission;

	switch (tidylines_take(&submission->lines, &submission->wishes, line)) {
	case TIDYLINES_TAKEN:
		return;
	case TIDYLINES_TOO_LARGE:
		submission->is_body = true; /* the end tells */
		return;
	case TIDYLINES_BODY:
		break;
	}
	end_header(smtpd);
	if (!span_equal(line, SPAN("\n")))
		receipt_store(&smtpd->receipt, SPAN("\n"));
	receipt_store(&smtpd->receipt, line);
}

void
smtpd_submit_store(struct smtpd *smtpd, struct span piece)
{
	struct smtpd_submission *submission = &smtpd->submission;

	while (submission->is_on && !submission->is_body && piece.len) {
		size_t end = span_find(piece, '\n');
		bool is_whole = end < piece.len;
		struct span part = span_upto(piece, end + is_whole);

		str_add(&submission->line, part);
		piece = span_from(piece, part.len);
		if (!is_whole && submission->line.len <= TIDYLINES_MAX)
			return;
		take_line(smtpd, str_span(&submission->line));
		str_reset(&submission->line);
	}
	if (piece.len)
		receipt_store(&smtpd->receipt, piece);
}

const char *
smtpd_submit_end(struct smtpd *smtpd)
{
	struct smtpd_submission *submission = &smtpd->submission;
	const char *fault;

	if (!submission->is_on)
		return NULL;
	if (!submission->is_body && submission->line.len)
		take_line(smtpd, str_span(&submission->line));
	if (!submission->is_body)
		end_header(smtpd);
	fault = tidylines_find_fault(&submission->lines);
	return fault ? fault : submission->fault;
}
