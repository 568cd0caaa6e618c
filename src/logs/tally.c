/* tally.c - the counters of qmail-metrics. */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "base/must.h"
#include "base/scan.h"
#include "base/split.h"
#include "order.h"
#include "sys/random.h"

#define WORDS_MAX  (METRICS_LABELS_MAX + 1)
#define WORD_MAX   64 /* bytes */
#define THOUSANDTH 3  /* digits */

#define COUNTER(word, of, words, ...)                                       \
	{                                                                   \
		.name = "qmail_" word, .type = METRICS_COUNTER, .unit = of, \
		.help = words, .labels = {                                  \
			__VA_ARGS__                                         \
		}                                                           \
	}

static const struct metrics_family families[TALLY_FAMILIES] = {
	[TALLY_MESSAGES] = COUNTER(
	    "messages", NULL, "Messages that came into the queue.", NULL),
	[TALLY_BYTES] =
	    COUNTER("message_bytes", "bytes", "Bytes of these messages.", NULL),
	[TALLY_ENDED] = COUNTER(
	    "ended_messages", NULL, "Messages that have left the queue.", NULL),
	[TALLY_NOTICES] = COUNTER("notices", NULL,
	    "Bounces and notices to senders; triple: a bounce that was thrown "
	    "away.",
	    "kind"),
	[TALLY_DELIVERIES] = COUNTER("deliveries", NULL,
	    "Deliveries to a recipient that have ended; code as in RFC 3463, "
	    "with x where none is told.",
	    "channel", "result", "code"),
	[TALLY_DELAY] = { .name = "qmail_delivery_delay_seconds",
	    .type = METRICS_HISTOGRAM,
	    .unit = "seconds",
	    .help =
		"From acceptance of a message to the success of a delivery.",
	    .labels = { "channel" } },
	[TALLY_DELAY_SUM] = { .name = "qmail_delivery_delay_milliseconds",
	    .labels = { "channel" } },
	[TALLY_TLS] = COUNTER("tls_out_sessions", NULL,
	    "Connections to other hosts, and how it was with TLS.", "policy",
	    "result", "protocol"),
	[TALLY_TROUBLE] = COUNTER("send_troubles", NULL,
	    "Warnings and alerts of qmail-send.", "level"),
	[TALLY_ACCEPTED] = COUNTER("accepted_messages", NULL,
	    "Messages that a service has taken.", "service"),
	[TALLY_ACCEPTED_BYTES] = COUNTER("accepted_bytes", "bytes",
	    "Bytes of messages that a service has taken.", "service"),
	[TALLY_ACCEPTED_RECIPIENTS] = COUNTER("accepted_recipients", NULL,
	    "Recipients of messages that a service has taken.", "service"),
	[TALLY_SESSIONS] = COUNTER("sessions", NULL,
	    "Sessions of a service that are over, and how they ended.",
	    "service", "end"),
	[TALLY_REFUSED] = COUNTER("refusals", NULL,
	    "What a service has refused or put off, as far as it logs that.",
	    "service", "reason"),
	[TALLY_CONNECTIONS] = COUNTER("connections", NULL,
	    "Connections that tcpserver has let in or denied.", "log",
	    "result"),
	[TALLY_LOGINS] = COUNTER("logins", NULL,
	    "Logins that qmail-authd was asked about.", "service", "result"),
	[TALLY_TLS_FAILED] = COUNTER("tls_in_failures", NULL,
	    "Handshakes with clients that failed.", NULL),
	[TALLY_DMARC] = COUNTER("dmarc_checks", NULL,
	    "Messages whose author's domain has a policy; dkim and spf: whether "
	    "they speak for it.",
	    "dkim", "spf", "disposition"),
	[TALLY_SPF] = COUNTER(
	    "spf_checks", NULL, "Results of SPF of these messages.", "result"),
	[TALLY_STS] = COUNTER("sts_lookups", NULL,
	    "Policies of MTA-STS that were looked for.", "result"),
	[TALLY_LINES] = COUNTER(
	    "log_lines", NULL, "Lines of logs that were read.", "log", "form"),
};

/* Upper ends of the buckets. */
static const struct bound {
	const char *word;
	uint64_t milliseconds;
} bounds[] = {
	{ "0.1", 100 },
	{ "1.0", 1000 },
	{ "5.0", 5000 },
	{ "10.0", 10000 },
	{ "30.0", 30000 },
	{ "60.0", 60000 },
	{ "300.0", 300000 },
	{ "900.0", 900000 },
	{ "3600.0", 3600000 },
	{ "14400.0", 14400000 },
	{ "43200.0", 43200000 },
	{ "86400.0", 86400000 },
	{ "259200.0", 259200000 },
	{ "604800.0", 604800000 },
	{ "+Inf", UINT64_MAX },
};

#define BOUNDS (sizeof(bounds) / sizeof(*bounds))

static const char *const channels[] = { "local", "remote" };

#define CHANNEL_WORDS (sizeof(channels) / sizeof(*channels))

/* ---- series ---- */

static size_t
words_of(enum tally_family family)
{
	return metrics_labels(&families[family]) + (family == TALLY_DELAY);
}

/* The counter of these words; NULL: there is no place for another one. */
static struct tally_series *
find(struct tally *tally, enum tally_family family, struct span words)
{
	struct tally_series series = { .family = family };
	struct str key = STR_INIT;
	size_t number = tally->series.len;
	struct span value;

	str_add_z(&key, families[family].name);
	str_add_byte(&key, ' ');
	str_add(&key, words);
	if (wordset_find(&tally->names, str_span(&key), &value)) {
		memcpy(&number, value.s, sizeof(number));
	} else if (number < TALLY_SERIES_MAX) {
		wordset_add(&tally->names, str_span(&key),
		    span_make((char *)&number, sizeof(number)));
		str_add(&series.words, words);
		vec_push(&tally->series, series);
	}
	str_free(&key);
	return number < tally->series.len ? &tally->series.at[number] : NULL;
}

void
tally_add(struct tally *tally, enum tally_family family, const char *words,
    uint64_t number)
{
	struct tally_series *series = find(tally, family, span_of(words));

	if (series && number <= TALLY_STEP_MAX)
		series->number += number;
}

static void
add_with_bound(
    struct tally *tally, const char *channel, size_t bound, uint64_t number)
{
	struct str words = STR_INIT;

	str_add_z(&words, channel);
	str_add_byte(&words, ' ');
	str_add_z(&words, bounds[bound].word);
	tally_add(tally, TALLY_DELAY, str_z(&words), number);
	str_free(&words);
}

void
tally_add_delay(struct tally *tally, const char *channel, uint64_t milliseconds)
{
	size_t i = 0;

	if (milliseconds > TALLY_STEP_MAX)
		return;
	while (milliseconds > bounds[i].milliseconds)
		i++;
	add_with_bound(tally, channel, i, 1);
	tally_add(tally, TALLY_DELAY_SUM, channel, milliseconds);
}

void
tally_init(struct tally *tally)
{
	static const char *const results[] = { "success 2.x.x",
		"deferral 4.x.x", "failure 5.x.x" };
	struct str words = STR_INIT;

	*tally = (struct tally){ .series = VEC_INIT };
	tally->names.seed = random_seed();
	for (int i = 0; i < TALLY_FAMILIES; i++)
		if (words_of((enum tally_family)i) == 0)
			tally_add(tally, (enum tally_family)i, "", 0);
	for (size_t i = 0; i < CHANNEL_WORDS; i++) {
		for (size_t j = 0; j < sizeof(results) / sizeof(*results);
		     j++) {
			str_reset(&words);
			str_add_z(&words, channels[i]);
			str_add_byte(&words, ' ');
			str_add_z(&words, results[j]);
			tally_add(tally, TALLY_DELIVERIES, str_z(&words), 0);
		}
		for (size_t j = 0; j < BOUNDS; j++)
			add_with_bound(tally, channels[i], j, 0);
		tally_add(tally, TALLY_DELAY_SUM, channels[i], 0);
	}
	str_free(&words);
}

void
tally_free(struct tally *tally)
{
	for (size_t i = 0; i < tally->series.len; i++)
		str_free(&tally->series.at[i].words);
	vec_free(&tally->series);
	wordset_free(&tally->names);
}

/* ---- as text ---- */

/* Milliseconds as seconds. */
static void
add_seconds(struct str *text, uint64_t milliseconds)
{
	char digits[FMT_U64_MAX];

	str_add_u64(text, milliseconds / 1000);
	str_add_byte(text, '.');
	str_add(text,
	    span_make(
		digits, fmt_u64_pad(digits, milliseconds % 1000, THOUSANDTH)));
}

static uint64_t
delay_number(struct tally *tally, const char *channel, size_t bound)
{
	struct str words = STR_INIT;
	const struct tally_series *series;

	str_add_z(&words, channel);
	str_add_byte(&words, ' ');
	str_add_z(&words, bounds[bound].word);
	series = find(tally, TALLY_DELAY, str_span(&words));
	str_free(&words);
	return series ? series->number : 0;
}

/* A bucket has all that is not above its end. */
static void
print_delay(struct tally *tally, struct metrics *metrics)
{
	struct str text = STR_INIT;

	for (size_t i = 0; i < CHANNEL_WORDS; i++) {
		struct span channel = span_of(channels[i]);
		uint64_t count = 0;

		for (size_t j = 0; j < BOUNDS; j++) {
			count += delay_number(tally, channels[i], j);
			str_reset(&text);
			str_add_u64(&text, count);
			metrics_add_part(metrics, "_bucket", &channel,
			    bounds[j].word, str_span(&text));
		}
		metrics_add_part(
		    metrics, "_count", &channel, NULL, str_span(&text));
		str_reset(&text);
		add_seconds(
		    &text, find(tally, TALLY_DELAY_SUM, channel)->number);
		metrics_add_part(
		    metrics, "_sum", &channel, NULL, str_span(&text));
	}
	str_free(&text);
}

static int
compare(const void *left, const void *right)
{
	const struct tally_series *const *a = left, *const *b = right;

	if ((*a)->family != (*b)->family)
		return (*a)->family < (*b)->family ? -1 : 1;
	return order_compare_text(
	    str_span(&(*a)->words), str_span(&(*b)->words));
}

void
tally_print(struct tally *tally, struct metrics *metrics)
{
	VEC(const struct tally_series *) sorted = VEC_INIT;
	size_t at = 0;

	for (size_t i = 0; i < tally->series.len; i++)
		vec_push(&sorted, &tally->series.at[i]);
	if (sorted.len)
		qsort(sorted.at, sorted.len, sizeof(*sorted.at), compare);
	for (int i = 0; i < TALLY_FAMILIES; i++) {
		enum tally_family family = (enum tally_family)i;
		struct span words[WORDS_MAX];

		if (family != TALLY_DELAY_SUM)
			metrics_begin(metrics, &families[i]);
		if (family == TALLY_DELAY)
			print_delay(tally, metrics);
		for (; at < sorted.len && sorted.at[at]->family == family;
		     at++) {
			if (family == TALLY_DELAY || family == TALLY_DELAY_SUM)
				continue;
			(void)split_words(
			    str_span(&sorted.at[at]->words), words, WORDS_MAX);
			metrics_add(metrics, words, sorted.at[at]->number);
		}
	}
	vec_free(&sorted);
}

/* ---- for reports ---- */

static int
compare_numbers(const void *left, const void *right)
{
	const struct tally_series *const *a = left, *const *b = right;

	if ((*a)->number != (*b)->number)
		return (*a)->number > (*b)->number ? -1 : 1;
	return compare(left, right);
}

void
tally_list(const struct tally *tally, enum tally_family family,
    struct tally_list *list)
{
	*list = (struct tally_list){ VEC_INIT };
	for (size_t i = 0; i < tally->series.len; i++)
		if (tally->series.at[i].family == family &&
		    tally->series.at[i].number)
			vec_push(&list->found, &tally->series.at[i]);
	if (list->found.len)
		qsort(list->found.at, list->found.len, sizeof(*list->found.at),
		    compare_numbers);
}

uint64_t
tally_sum(const struct tally *tally, enum tally_family family)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < tally->series.len; i++)
		if (tally->series.at[i].family == family)
			sum += tally->series.at[i].number;
	return sum;
}

/* ---- in the state ---- */

void
tally_save(const struct tally *tally, struct str *text)
{
	for (size_t i = 0; i < tally->series.len; i++) {
		const struct tally_series *series = &tally->series.at[i];

		str_add_z(text, "count ");
		str_add_z(text, families[series->family].name);
		str_add_byte(text, ' ');
		if (series->words.len) {
			str_add(text, str_span(&series->words));
			str_add_byte(text, ' ');
		}
		str_add_u64(text, series->number);
		str_add_byte(text, '\n');
	}
}

/* The words from the second on, up to the last, which is the number. */
static bool
set(struct tally *tally, enum tally_family family, const struct span words[],
    size_t count)
{
	struct tally_series *series;
	struct str text = STR_INIT;
	uint64_t number;

	if (count != words_of(family) + 2 ||
	    !scan_u64(words[count - 1], UINT64_MAX / 2, &number))
		return false;
	for (size_t i = 1; i + 1 < count; i++) {
		if (words[i].len > WORD_MAX)
			return false;
		if (text.len)
			str_add_byte(&text, ' ');
		str_add(&text, words[i]);
	}
	series = find(tally, family, str_span(&text));
	str_free(&text);
	if (series)
		series->number = number;
	return true;
}

bool
tally_load(struct tally *tally, struct span line)
{
	struct span words[WORDS_MAX + 3];
	size_t count = split_words(line, words, WORDS_MAX + 3);

	for (int i = 0; i < TALLY_FAMILIES; i++)
		if (span_equal(words[0], span_of(families[i].name)))
			return set(tally, (enum tally_family)i, words, count);
	return count > 1;
}
