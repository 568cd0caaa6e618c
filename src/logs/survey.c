/*
 * survey.c - what qmail-report finds in logs.
 * Input: hostile
 */
#include "survey.h"

#include "counting.h"
#include "mail/address.h"
#include "queue/path.h"

#define HOUR	      3600
#define STEPS	      8	       /* of a delay, to its double */
#define STEPS_LOG     3	       /* 2 to that is STEPS */
#define NAME_BYTES    300      /* bytes of an address that are kept */
#define NOBODY	      "(none)" /* an address, or a domain, that is empty */
#define MS_PER_SECOND 1000
#define US_PER_MS     1000
#define NS_PER_MS     1000000

static void
init_rows(struct rows *rows)
{
	rows_init(rows);
	rows->rows_max = SURVEY_ROWS_MAX;
	rows->bytes_max = SURVEY_BYTES_MAX;
}

void
survey_init(struct survey *survey, int64_t from)
{
	*survey = (struct survey){ .from = from };
	tally_init(&survey->tally);
	tally_init(&survey->before);
	init_rows(&survey->senders);
	init_rows(&survey->recipients);
	init_rows(&survey->domains);
}

void
survey_free(struct survey *survey)
{
	for (size_t i = 0; i < survey->logs.len; i++) {
		struct survey_log *log = survey->logs.at[i];

		str_free(&log->name);
		open_free(&log->counted);
		open_free(&log->named);
		must_free(log);
	}
	vec_free(&survey->logs);
	vec_free(&survey->hours);
	tally_free(&survey->tally);
	tally_free(&survey->before);
	rows_free(&survey->senders);
	rows_free(&survey->recipients);
	rows_free(&survey->domains);
}

/* ---- delays ---- */

/* The step of a delay: up to STEPS each has one of its own, then each double of it has
 * so many. */
static size_t
step_of(uint64_t milliseconds)
{
	size_t doubles = 0;

	while (milliseconds >> doubles >= 2 * STEPS)
		doubles++;
	return doubles * STEPS + (size_t)(milliseconds >> doubles);
}

/* The longest delay of a step. */
static uint64_t
end_of(size_t step)
{
	size_t doubles = step < 2 * STEPS ? 0 : step / STEPS - 1;

	return ((uint64_t)(step - doubles * STEPS + 1) << doubles) - 1;
}

static void
count_delay(struct survey *survey, const struct entry *entry, uint64_t message,
    enum survey_channel channel)
{
	uint64_t began = message / US_PER_MS, ended;
	size_t step;

	if (!entry->has_time || !queue_number_is_time(message))
		return;
	ended = (uint64_t)entry->time.seconds * MS_PER_SECOND +
	    entry->time.nanoseconds / NS_PER_MS;
	step = step_of(ended > began ? ended - began : 0);
	if (step < SURVEY_DELAYS)
		survey->delays[channel][step]++;
}

uint64_t
survey_delay(const struct survey *survey, enum survey_channel channel,
    unsigned thousandths)
{
	const uint64_t *delays = survey->delays[channel];
	uint64_t all = 0, found = 0;

	for (size_t i = 0; i < SURVEY_DELAYS; i++)
		all += delays[i];
	for (size_t i = 0; all && i < SURVEY_DELAYS; i++) {
		found += delays[i];
		if (found * 1000 >= all * thousandths)
			return end_of(i);
	}
	return 0;
}

/* ---- deliveries ---- */

static struct survey_log *
find_log(struct survey *survey, struct span name)
{
	struct survey_log *log;

	for (size_t i = 0; i < survey->logs.len; i++)
		if (span_equal(str_span(&survey->logs.at[i]->name), name))
			return survey->logs.at[i];
	log = must_realloc(NULL, sizeof(*log));
	*log = (struct survey_log){ .name = STR_INIT };
	str_add(&log->name, name);
	open_init(&log->counted);
	open_init(&log->named);
	vec_push(&survey->logs, log);
	return log;
}

static struct survey_hour *
hour_of(struct survey *survey, int64_t seconds)
{
	int64_t index = seconds / HOUR - survey->first / HOUR;

	if (index < 0 || index >= SURVEY_HOURS_MAX)
		return NULL;
	while (survey->hours.len <= (size_t)index)
		vec_push(
		    &survey->hours, (struct survey_hour){ .results = { 0 } });
	return &survey->hours.at[index];
}

static void
count_row(struct rows *rows, struct span key, enum survey_result result)
{
	struct row *row = rows_at(rows, key.len ? key : SPAN(NOBODY));

	if (result == SURVEY_SUCCESS)
		row->successes++;
	else if (result == SURVEY_FAILURE)
		row->failures++;
	else
		row->deferrals++;
}

static void
take_starting(struct open *named, const struct entry *entry)
{
	struct span to = span_upto(entry_value(entry, "to"), NAME_BYTES);
	struct span channel = entry_value(entry, "channel");
	struct open_entry *added;

	if (named->count >= COUNTING_OPEN_MAX)
		open_end_all(named);
	added = open_add(named, entry_number(entry, "delivery"));
	added->message = entry_number(entry, "message");
	/* A delivery has no user; here it is the channel. */
	added->uid =
	    span_equal(channel, SPAN("remote")) ? SURVEY_REMOTE : SURVEY_LOCAL;
	str_reset(&added->who);
	str_add_lower(&added->who, to);
}

static void
count_delivery(struct survey *survey, const struct entry *entry,
    const struct open_entry *delivery)
{
	enum survey_channel channel = (enum survey_channel)delivery->uid;
	struct span who = str_span(&delivery->who);
	struct span word = entry_value(entry, "result");
	enum survey_result result = SURVEY_DEFERRAL;
	struct survey_hour *hour = hour_of(survey, entry->time.seconds);

	if (span_equal(word, SPAN("success")))
		result = SURVEY_SUCCESS;
	else if (span_equal(word, SPAN("failure")))
		result = SURVEY_FAILURE;
	survey->results[channel][result]++;
	if (hour)
		hour->results[result]++;
	count_row(&survey->recipients, who, result);
	if (channel == SURVEY_REMOTE)
		count_row(&survey->domains, address_domain(who), result);
	if (result == SURVEY_SUCCESS)
		count_delay(survey, entry, delivery->message, channel);
}

static void
take_delivery(struct survey *survey, struct open *named,
    const struct entry *entry, bool counts)
{
	uint64_t number = entry_number(entry, "delivery");
	const struct open_entry *delivery = open_find(named, number);

	if (delivery && counts)
		count_delivery(survey, entry, delivery);
	open_end(named, number);
}

static void
take_sender(struct survey *survey, const struct entry *entry)
{
	struct span from = span_upto(entry_value(entry, "from"), NAME_BYTES);
	uint64_t bytes = entry_number(entry, "bytes");
	struct str name = STR_INIT;
	struct row *row;

	str_add_lower(&name, from.len ? from : SPAN("<>"));
	row = rows_at(&survey->senders, str_span(&name));
	row->messages++;
	if (bytes <= TALLY_STEP_MAX)
		row->bytes += bytes;
	str_free(&name);
}

static void
take_send(struct survey *survey, struct open *named, const struct entry *entry,
    bool counts)
{
	if (span_equal(entry->event, SPAN("starting")))
		take_starting(named, entry);
	else if (span_equal(entry->event, SPAN("delivery")))
		take_delivery(survey, named, entry, counts);
	else if (span_equal(entry->event, SPAN("info")) && counts)
		take_sender(survey, entry);
	else if (counting_is_restart(entry))
		open_end_all(named);
}

void
survey_take(struct survey *survey, const struct entry *entry, struct span name)
{
	bool counts = entry->time.seconds >= survey->from;
	struct survey_log *log;
	struct str word = STR_INIT;

	counting_name(&word, name);
	log = find_log(survey, str_span(&word));
	str_free(&word);
	if (counts) {
		survey->lines++;
		if (!survey->first)
			survey->first = entry->time.seconds;
		survey->last = entry->time.seconds;
	}
	/* Of what was before only the begins of deliveries are of interest. */
	counting_take_entry(counts ? &survey->tally : &survey->before,
	    str_z(&log->name), &log->counted, entry);
	if (span_equal(entry->service, SPAN("qmail-send")))
		take_send(survey, &log->named, entry, counts);
}
