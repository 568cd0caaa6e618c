/*
 * reports.c - the reports: what each counts, and how it is shown.
 * Input: hostile
 */
#include "reports.h"

#include "base/split.h"
#include "mail/logevent.h"

/* ---- what is counted ---- */

static void
count_reason(struct rows *rows, const struct outcome *outcome,
    enum logevent_result result)
{
	struct row *row;

	if (outcome->result != (char)result)
		return;
	row = rows_at(rows, outcome->reason);
	row->tries++;
	row->xdelay += outcome_xdelay(outcome);
}

static void
count_success(struct rows *rows, const struct outcome *outcome)
{
	count_reason(rows, outcome, LOGEVENT_SUCCESS);
}

static void
count_failure(struct rows *rows, const struct outcome *outcome)
{
	count_reason(rows, outcome, LOGEVENT_FAILURE);
}

static void
count_deferral(struct rows *rows, const struct outcome *outcome)
{
	count_reason(rows, outcome, LOGEVENT_DEFERRAL);
}

/* A message counts for a recipient when it is settled, well or not. */
static void
count_at_recipient(
    struct rows *rows, const struct outcome *outcome, struct span key)
{
	struct row *row = rows_at(rows, key);

	row->tries++;
	row->xdelay += outcome_xdelay(outcome);
	if (outcome->result == LOGEVENT_SUCCESS)
		outcome_add_total(
		    &row->successful_bytes, outcome_number(outcome->bytes));
	if (outcome->result == LOGEVENT_SUCCESS ||
	    outcome->result == LOGEVENT_FAILURE)
		row->messages++;
}

static void
count_recipient(struct rows *rows, const struct outcome *outcome)
{
	if (outcome->result != OUTCOME_MESSAGE)
		count_at_recipient(rows, outcome, outcome->recipient);
}

static void
count_host(struct rows *rows, const struct outcome *outcome)
{
	struct span who = outcome->recipient;
	size_t at = span_find_last(who, '@');

	if (outcome->result != OUTCOME_MESSAGE)
		count_at_recipient(
		    rows, outcome, at < who.len ? span_from(who, at + 1) : who);
}

/* Of a sender counts what has ended, but the time of each delivery. */
static void
count_at_sender(
    struct rows *rows, const struct outcome *outcome, struct span key)
{
	uint64_t bytes = outcome_number(outcome->bytes);
	uint64_t successes = outcome_number(outcome->successes);
	uint64_t failures = outcome_number(outcome->failures);
	struct row *row = rows_at(rows, key);

	if (outcome->result != OUTCOME_MESSAGE) {
		row->xdelay += outcome_xdelay(outcome);
		return;
	}
	row->messages++;
	outcome_add_total(&row->bytes, bytes);
	outcome_add_total(
	    &row->successful_bytes, outcome_product(bytes, successes));
	outcome_add_total(&row->recipients, successes);
	outcome_add_total(&row->recipients, failures);
	outcome_add_total(
	    &row->recipient_bytes, outcome_product(bytes, successes));
	outcome_add_total(
	    &row->recipient_bytes, outcome_product(bytes, failures));
	outcome_add_total(&row->tries, successes);
	outcome_add_total(&row->tries, failures);
	outcome_add_total(&row->tries, outcome_number(outcome->deferrals));
}

static void
count_sender(struct rows *rows, const struct outcome *outcome)
{
	char key[2 * LINES_MAX];
	size_t len = outcome->uid.len;

	/* Both are parts of one line. */
	memcpy(key, outcome->uid.s, len);
	key[len++] = '/';
	memcpy(key + len, outcome->sender.s, outcome->sender.len);
	count_at_sender(
	    rows, outcome, span_make(key, len + outcome->sender.len));
}

static void
count_uid(struct rows *rows, const struct outcome *outcome)
{
	count_at_sender(rows, outcome, outcome->uid);
}

/* ---- how a row is shown ---- */

static void
add_number(struct str *text, uint64_t number)
{
	str_add_u64(text, number);
	str_add_byte(text, ' ');
}

static void
show_reason(struct str *text, const struct row *row, struct span key)
{
	add_number(text, row->tries);
	outcome_add_decimal2(text, row->xdelay);
	str_add_byte(text, ' ');
	str_add(text, key);
}

static void
show_recipient(struct str *text, const struct row *row, struct span key)
{
	add_number(text, row->successful_bytes);
	add_number(text, row->messages);
	add_number(text, row->tries);
	outcome_add_decimal2(text, row->xdelay);
	str_add_byte(text, ' ');
	str_add(text, key);
}

static void
show_sender(struct str *text, const struct row *row, struct span key)
{
	add_number(text, row->messages);
	add_number(text, row->bytes);
	add_number(text, row->successful_bytes);
	add_number(text, row->recipient_bytes);
	add_number(text, row->recipients);
	add_number(text, row->tries);
	outcome_add_decimal6(text, row->xdelay);
	str_add_byte(text, ' ');
	str_add(text, key);
}

/* ---- rxdelay: from rows of recipients, as they are printed ---- */

static void
add_average(struct str *text, struct span tries, struct span xdelay,
    struct span recipient)
{
	uint64_t number = outcome_number(tries);

	if (!number)
		return;
	outcome_add_decimal2(text, outcome_decimal(xdelay) / (double)number);
	str_add_byte(text, ' ');
	add_number(text, number);
	str_add(text, recipient);
	str_add_byte(text, '\n');
}

static void
make_averages(struct lines *lines, struct str *text)
{
	struct span line, words[5];

	while (lines_next(lines, &line))
		if (split_words(line, words, 5) == 5)
			add_average(text, words[2], words[3], words[4]);
}

/* The time in all is rounded first, as recipients prints it. */
static void
show_average(struct str *text, const struct row *row, struct span key)
{
	struct str tries = STR_INIT, xdelay = STR_INIT;

	str_add_u64(&tries, row->tries);
	outcome_add_decimal2(&xdelay, row->xdelay);
	add_average(text, str_span(&tries), str_span(&xdelay), key);
	str_cut(text, text->len - 1); /* the end of the line */
	str_free(&tries);
	str_free(&xdelay);
}

/* ---- zsendmail ---- */

static const char *
status_of(char result)
{
	if (result == LOGEVENT_SUCCESS)
		return "Sent";
	return result == LOGEVENT_FAILURE ? "Failed" : "Deferred";
}

static void
add_delivery(struct str *text, const struct outcome *outcome)
{
	str_add(text, outcome->recipient);
	str_add_z(text, ", uid=");
	str_add(text, outcome->uid);
	str_add_z(text, ", ddelay=");
	outcome_add_decimal6(text, outcome_age(outcome));
	str_add_z(text, ", xdelay=");
	outcome_add_decimal6(text, outcome_xdelay(outcome));
	str_add_z(text, ", stat=");
	str_add_z(text, status_of(outcome->result));
	str_add_z(text, " (");
	str_add(text, outcome->reason);
	str_add_z(text, ")\n");
}

static void
add_message(struct str *text, const struct outcome *outcome)
{
	uint64_t recipients = outcome_number(outcome->successes);

	outcome_add_total(&recipients, outcome_number(outcome->failures));
	str_add(text, outcome->sender);
	str_add_z(text, ", uid=");
	str_add(text, outcome->uid);
	str_add_z(text, ", size=");
	str_add(text, outcome->bytes);
	str_add_z(text, ", nrcpts=");
	str_add_u64(text, recipients);
	str_add_z(text, ", deferrals=");
	str_add(text, outcome->deferrals);
	str_add_z(text, ", qtime=");
	outcome_add_decimal6(text, outcome_age(outcome));
	str_add_byte(text, '\n');
}

static void
write_like_sendmail(struct lines *lines, struct out *out)
{
	struct str text = STR_INIT;
	struct outcome outcome;
	struct span line;

	while (lines_next(lines, &line)) {
		bool is_message;

		if (!outcome_parse(line, &outcome))
			continue;
		is_message = outcome.result == OUTCOME_MESSAGE;
		str_reset(&text);
		str_add(&text, outcome.end);
		str_add_z(&text, " qp ");
		str_add(&text, outcome.qp);
		str_add_z(&text, is_message ? ": from=" : ": to=");
		if (is_message)
			add_message(&text, &outcome);
		else
			add_delivery(&text, &outcome);
		out_add(out, str_span(&text));
	}
	str_free(&text);
}

/* ---- the table ---- */

#define OF_REASONS                                        \
	"del: deliveries that ended so.\n"                \
	"xdelay: the seconds that they took, together.\n" \
	"\n"
#define OF_RECIPIENTS                                                     \
	"sbytes: bytes that were delivered.\n"                            \
	"mess: deliveries that were settled, well or not.\n"              \
	"tries: all deliveries, also those that are to be tried again.\n" \
	"xdelay: the seconds that they took, together.\n"                 \
	"\n"
#define OF_SENDERS                                                        \
	"mess: messages that have ended; bytes: their size.\n"            \
	"sbytes, rbytes: the size times the recipients who got it, times" \
	" all.\n"                                                         \
	"recips: recipients; tries: deliveries to them, also those that"  \
	" were tried again.\n"                                            \
	"xdelay: the seconds that all deliveries took.\n"                 \
	"\n"

const struct report reports[] = {
	{ .name = "zoverall",
	    .about = "Figures of all\n"
		     "\n"
		     "qtime: from the arrival of a message to its end.\n"
		     "ddelay: from its arrival to a delivery that went well.\n"
		     "xdelay: from the start of a delivery to its end.\n"
		     "The concurrency is how many deliveries ran at a time.\n"
		     "\n",
	    .make = overall_make },
	{ .name = "zddist",
	    .is_for_programs = true,
	    .about = "How soon deliveries that went well were done\n"
		     "\n"
		     "Of all of them, pct percent were done after doneby"
		     " seconds, and after\n"
		     "avg seconds on average, since the message arrived.\n"
		     "\n",
	    .head = "doneby avg pct",
	    .make = overall_distribution },
	{ .name = "zsuccesses",
	    .is_for_programs = true,
	    .about = "What was said of deliveries that went well\n"
		     "\n" OF_REASONS,
	    .head = "del xdelay reason",
	    .count = count_success,
	    .show = show_reason,
	    .order = REPORT_BY_TEXT,
	    .column = 2,
	    .has_blanks = true },
	{ .name = "zfailures",
	    .is_for_programs = true,
	    .about = "Why deliveries failed\n"
		     "\n" OF_REASONS,
	    .head = "del xdelay reason",
	    .count = count_failure,
	    .show = show_reason,
	    .order = REPORT_BY_TEXT,
	    .column = 2,
	    .has_blanks = true },
	{ .name = "zdeferrals",
	    .is_for_programs = true,
	    .about = "Why deliveries have to be tried again\n"
		     "\n" OF_REASONS,
	    .head = "del xdelay reason",
	    .count = count_deferral,
	    .show = show_reason,
	    .order = REPORT_BY_TEXT,
	    .column = 2,
	    .has_blanks = true },
	{ .name = "zrecipients",
	    .is_for_programs = true,
	    .about = "Recipients\n"
		     "\n" OF_RECIPIENTS,
	    .head = "sbytes mess tries xdelay recipient",
	    .count = count_recipient,
	    .show = show_recipient,
	    .order = REPORT_BY_TEXT,
	    .column = 4 },
	{ .name = "zrhosts",
	    .is_for_programs = true,
	    .about = "Hosts of recipients\n"
		     "\n" OF_RECIPIENTS,
	    .head = "sbytes mess tries xdelay host",
	    .count = count_host,
	    .show = show_recipient,
	    .order = REPORT_BY_TEXT,
	    .column = 4 },
	{ .name = "zrxdelay",
	    .about = "Recipients, those first who are served fast\n"
		     "\n"
		     "avg: the seconds that a delivery took, on average.\n"
		     "tries: how many there were.\n"
		     "\n",
	    .head = "avg tries recipient",
	    .count = count_recipient,
	    .show = show_average,
	    .order = REPORT_BY_NUMBER,
	    .column = 1 },
	{ .name = "rxdelay",
	    .make = make_averages,
	    .order = REPORT_BY_NUMBER,
	    .column = 1 },
	{ .name = "zsenders",
	    .is_for_programs = true,
	    .about = "Senders, with the users that sent for them\n"
		     "\n" OF_SENDERS,
	    .head = "mess bytes sbytes rbytes recips tries xdelay sender",
	    .count = count_sender,
	    .show = show_sender,
	    .order = REPORT_BY_NUMBER,
	    .column = 7 },
	{ .name = "zsuids",
	    .is_for_programs = true,
	    .about = "Users that sent\n"
		     "\n" OF_SENDERS,
	    .head = "mess bytes sbytes rbytes recips tries xdelay uid",
	    .count = count_uid,
	    .show = show_sender,
	    .order = REPORT_BY_NUMBER,
	    .column = 7 },
	{ .name = "zsendmail", .write = write_like_sendmail },
};

const size_t reports_count = sizeof(reports) / sizeof(*reports);
