/*
 * qmail-report.c - a day, a week or a month of the logs, for people.
 * Runs as   the administrator, who may read the logs.
 * Reads     the logs that are named, or all below HOME/log: with words of strangers.
 * Writes    a page to fd 1, and perhaps one for a browser to a file.
 * Source    qmail-report(8).
 */
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "base/split.h"
#include "logset.h"
#include "mail/date.h"
#include "order.h"
#include "page.h"
#include "survey.h"
#include "sys/aside.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"

#define PROGRAM	   "qmail-report"
#define USAGE_EXIT 100
#define DAY	   86400
#define HOUR	   3600
#define TOP	   20 /* rows of a table */
#define BARS	   60 /* of the chart, at most */
#define FILE_MODE  0644u

struct options {
	int64_t from;
	const char *html; /* NULL: none */
	char **logs;
};

NORETURN static void
end_usage(void)
{
	(void)!fd_write_all(2,
	    SPAN("usage: " PROGRAM " [--day | --week | --month] "
		 "[--html file] [logfolder | file ...]\n"));
	_exit(USAGE_EXIT);
}

static struct options
take_options(char **argv)
{
	struct options options = { .from = 0 };
	int64_t now = clock_seconds();

	for (argv++; *argv && **argv == '-'; argv++)
		if (strcmp(*argv, "--day") == 0)
			options.from = now - DAY;
		else if (strcmp(*argv, "--week") == 0)
			options.from = now - (int64_t)7 * DAY;
		else if (strcmp(*argv, "--month") == 0)
			options.from = now - (int64_t)30 * DAY;
		else if (strcmp(*argv, "--html") == 0 && argv[1])
			options.html = *++argv;
		else
			end_usage();
	options.logs = argv;
	return options;
}

/* ---- the logs ---- */

static void
read_logs(struct survey *survey, char **paths)
{
	struct logset set = LOGSET_INIT(PROGRAM);
	const struct entry *entry;
	struct span name;

	logset_add_all(&set, paths);
	logset_begin(&set);
	while (logset_next(&set, &entry, &name))
		survey_take(survey, entry, name);
	logset_free(&set);
}

/* ---- the page ---- */

static void
add_row(struct page *page, const char *what, uint64_t number)
{
	page_cell(page, span_of(what));
	page_number(page, number);
}

static void
add_summary(struct page *page, const struct survey *survey)
{
	static const char *const heads[] = { "", "number", NULL };
	const struct tally *tally = &survey->tally;

	page_begin(page, "All together", heads);
	add_row(page, "messages that came into the queue",
	    tally_sum(tally, TALLY_MESSAGES));
	add_row(page, "bytes of these", tally_sum(tally, TALLY_BYTES));
	add_row(page, "messages that left it", tally_sum(tally, TALLY_ENDED));
	add_row(page, "bounces and notices", tally_sum(tally, TALLY_NOTICES));
	add_row(page, "messages that services took",
	    tally_sum(tally, TALLY_ACCEPTED));
	add_row(page, "refusals", tally_sum(tally, TALLY_REFUSED));
	add_row(page, "handshakes with clients that failed",
	    tally_sum(tally, TALLY_TLS_FAILED));
	add_row(page, "warnings and alerts of qmail-send",
	    tally_sum(tally, TALLY_TROUBLE));
	add_row(page, "lines of logs", survey->lines);
}

/* "30 ms", "12 s", "4 min", "5 h", "3 d": two of a unit at least, or all of it. */
static void
add_time(struct page *page, uint64_t milliseconds)
{
	static const struct {
		uint64_t milliseconds;
		const char *word;
	} units[] = { { 86400000, " d" }, { 3600000, " h" }, { 60000, " min" },
		{ 1000, " s" }, { 1, " ms" } };
	const size_t last = sizeof(units) / sizeof(*units) - 1;
	struct str text = STR_INIT;
	size_t i = 0;

	while (i < last && milliseconds < 2 * units[i].milliseconds)
		i++;
	str_add_u64(&text, milliseconds / units[i].milliseconds);
	str_add_z(&text, units[i].word);
	page_cell(page, str_span(&text));
	str_free(&text);
}

static void
add_channels(struct page *page, const struct survey *survey)
{
	static const char *const names[] = { "local", "remote" };
	static const char *const heads[] = { "deliveries", "success",
		"deferral", "failure", NULL };
	static const char *const delays[] = { "time to delivery", "half within",
		"90 % within", "99 % within", "all within", NULL };
	static const unsigned parts[] = { 500, 900, 990, 1000 };

	page_begin(page, "Deliveries", heads);
	for (int i = 0; i < SURVEY_CHANNELS; i++) {
		page_cell(page, span_of(names[i]));
		for (int j = 0; j < SURVEY_RESULTS; j++)
			page_number(page, survey->results[i][j]);
	}
	page_begin(page, "From acceptance to delivery", delays);
	for (int i = 0; i < SURVEY_CHANNELS; i++) {
		page_cell(page, span_of(names[i]));
		for (size_t j = 0; j < sizeof(parts) / sizeof(*parts); j++)
			add_time(page,
			    survey_delay(
				survey, (enum survey_channel)i, parts[j]));
	}
}

/* Hours, or more of them together if they are too many. */
static void
add_chart(struct page *page, const struct survey *survey)
{
	size_t count = survey->hours.len, each = (count + BARS - 1) / BARS;
	int64_t hour = survey->first / HOUR;
	struct str label = STR_INIT;

	page->chart = "Deliveries over time (UTC)";
	page->parts[SURVEY_SUCCESS] = "success";
	page->parts[SURVEY_DEFERRAL] = "deferral";
	page->parts[SURVEY_FAILURE] = "failure";
	for (size_t i = 0; i < count; i += each) {
		uint64_t parts[PAGE_PARTS] = { 0 };

		for (size_t j = i; j < i + each && j < count; j++)
			for (int k = 0; k < SURVEY_RESULTS; k++)
				parts[k] += survey->hours.at[j].results[k];
		str_reset(&label);
		date_add_iso(&label, (hour + (int64_t)i) * HOUR, 0);
		/* "2026-11-28 11:00": to the minute. */
		page_bar(page, span_upto(str_span(&label), 16), parts);
	}
	str_free(&label);
}

/* The counters of a family, the largest first: their words and numbers. */
static void
add_counters(struct page *page, const struct survey *survey,
    enum tally_family family, const char *title, const char *const heads[],
    size_t labels)
{
	struct tally_list list;

	page_begin(page, title, heads);
	tally_list(&survey->tally, family, &list);
	for (size_t i = 0; i < list.found.len && i < TOP; i++) {
		struct span words[METRICS_LABELS_MAX];

		(void)split_words(str_span(&list.found.at[i]->words), words,
		    METRICS_LABELS_MAX);
		for (size_t j = 0; j < labels; j++)
			page_cell(page, words[j]);
		page_number(page, list.found.at[i]->number);
	}
	vec_free(&list.found);
}

static void
add_all_counters(struct page *page, const struct survey *survey)
{
	static const struct {
		enum tally_family family;
		const char *title;
		const char *heads[5];
		size_t labels;
	} tables[] = {
		{ TALLY_DELIVERIES, "Deliveries by code",
		    { "channel", "result", "code", "number", NULL }, 3 },
		{ TALLY_ACCEPTED, "Messages taken",
		    { "service", "number", NULL }, 1 },
		{ TALLY_SESSIONS, "Sessions by their end",
		    { "service", "end", "number", NULL }, 2 },
		{ TALLY_REFUSED, "Refusals",
		    { "service", "reason", "number", NULL }, 2 },
		{ TALLY_LOGINS, "Logins",
		    { "service", "result", "number", NULL }, 2 },
		{ TALLY_TLS, "TLS to other hosts",
		    { "policy", "result", "protocol", "number", NULL }, 3 },
		{ TALLY_DMARC, "DMARC",
		    { "dkim", "spf", "disposition", "number", NULL }, 3 },
		{ TALLY_SPF, "SPF of these", { "result", "number", NULL }, 1 },
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		add_counters(page, survey, tables[i].family, tables[i].title,
		    tables[i].heads, tables[i].labels);
}

static int
compare_keys(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return (a->key_at > b->key_at) - (a->key_at < b->key_at);
}

/* The rows with most messages, or deliveries that ended: the last of the order. */
static void
add_top(struct page *page, const struct rows *rows, const char *title,
    const char *const heads[], bool is_sender)
{
	struct order order = { .items = VEC_INIT };

	page_begin(page, title, heads);
	for (size_t i = 0; i < rows->rows.len; i++) {
		const struct row *row = &rows->rows.at[i];
		uint64_t key = row->messages + row->successes + row->failures +
		    row->deferrals;

		/* The order is upwards, and we want the most. */
		vec_push(&order.items,
		    ((struct order_item){ UINT64_MAX - key, row }));
	}
	order_sort(&order, compare_keys);
	for (size_t i = 0; i < order.items.len && i < TOP; i++) {
		const struct row *row = order.items.at[i].thing;

		page_cell(page, rows_key(rows, row));
		page_number(page, is_sender ? row->messages : row->successes);
		page_number(page, is_sender ? row->bytes : row->deferrals);
		if (!is_sender)
			page_number(page, row->failures);
	}
	vec_free(&order.items);
}

static void
add_tops(struct page *page, const struct survey *survey)
{
	static const char *const senders[] = { "sender", "messages", "bytes",
		NULL };
	static const char *const recipients[] = { "recipient", "success",
		"deferral", "failure", NULL };
	static const char *const domains[] = { "domain", "success", "deferral",
		"failure", NULL };

	add_top(page, &survey->domains, "Destinations", domains, false);
	add_top(page, &survey->senders, "Senders", senders, true);
	add_top(page, &survey->recipients, "Recipients", recipients, false);
}

static void
fill(struct page *page, const struct survey *survey)
{
	str_add_z(&page->title, "Mail");
	if (survey->lines) {
		date_add_iso(&page->subtitle, survey->first, 0);
		str_add_z(&page->subtitle, " to ");
		date_add_iso(&page->subtitle, survey->last, 0);
	} else {
		str_add_z(&page->subtitle, "no line of that time");
	}
	add_summary(page, survey);
	add_chart(page, survey);
	add_channels(page, survey);
	add_tops(page, survey);
	add_all_counters(page, survey);
}

int
main(int argc, char **argv)
{
	struct page page = { .title = STR_INIT };
	struct str text = STR_INIT;
	struct options options;
	struct survey survey;

	must_hooks(111, NULL);
	if (argc < 1)
		end_usage();
	options = take_options(argv);
	survey_init(&survey, options.from);
	read_logs(&survey, options.logs);
	fill(&page, &survey);
	page_add_text(&page, &text);
	if (fd_write_all(1, str_span(&text)) < 0)
		error_exit(PROGRAM, "cannot write");
	str_reset(&text);
	page_add_html(&page, &text);
	if (options.html &&
	    aside_write(options.html, str_span(&text), FILE_MODE) < 0)
		error_exit(PROGRAM, options.html);
	str_free(&text);
	page_free(&page);
	survey_free(&survey);
	return 0;
}
