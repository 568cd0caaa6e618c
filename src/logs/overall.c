/*
 * overall.c - figures of all deliveries and messages, and how soon those were
 * done that went well.
 * Input: hostile
 */
#include "mail/logevent.h"
#include "order.h"
#include "reports.h"

#define SECONDS_A_DAY 86400
#define PERCENT_LEAST 10 /* fewer say little */

struct figures {
	uint64_t messages, recipients, message_tries, bytes, successful_bytes;
	double qtime;
	uint64_t deliveries, successes, failures;
	double ddelay, xdelay;
	double first, last; /* moments */
	bool has_span;
};

static void
widen(struct figures *figures, double first, double last)
{
	if (!figures->has_span || first < figures->first)
		figures->first = first;
	if (!figures->has_span || last > figures->last)
		figures->last = last;
	figures->has_span = true;
}

static void
count_message(
    struct figures *figures, const struct outcome *outcome, double age)
{
	uint64_t bytes = outcome_number(outcome->bytes);
	uint64_t successes = outcome_number(outcome->successes);
	uint64_t failures = outcome_number(outcome->failures);

	outcome_add_total(&figures->messages, 1);
	outcome_add_total(&figures->recipients, successes);
	outcome_add_total(&figures->recipients, failures);
	outcome_add_total(&figures->message_tries, successes);
	outcome_add_total(&figures->message_tries, failures);
	outcome_add_total(
	    &figures->message_tries, outcome_number(outcome->deferrals));
	outcome_add_total(&figures->bytes, bytes);
	outcome_add_total(
	    &figures->successful_bytes, outcome_product(bytes, successes));
	figures->qtime += age;
}

static void
count_delivery(
    struct figures *figures, const struct outcome *outcome, double age)
{
	figures->deliveries++;
	figures->xdelay += outcome_xdelay(outcome);
	if (outcome->result == LOGEVENT_SUCCESS) {
		figures->successes++;
		figures->ddelay += age;
	}
	if (outcome->result == LOGEVENT_FAILURE)
		figures->failures++;
}

static void
add_count(struct str *text, const char *name, uint64_t number)
{
	str_add_z(text, name);
	str_add_z(text, ": ");
	str_add_u64(text, number);
	str_add_byte(text, '\n');
}

static void
add_with(struct str *text, const char *name, double number,
    void (*add)(struct str *text, double number))
{
	str_add_z(text, name);
	str_add_z(text, ": ");
	add(text, number);
	str_add_byte(text, '\n');
}

static void
show_messages(struct str *text, const struct figures *figures)
{
	double messages = (double)figures->messages;

	add_count(text, "Completed messages", figures->messages);
	if (!figures->messages)
		return;
	add_count(
	    text, "Recipients for completed messages", figures->recipients);
	add_count(text, "Total delivery attempts for completed messages",
	    figures->message_tries);
	add_with(text, "Average delivery attempts per completed message",
	    (double)figures->message_tries / messages, outcome_add_short);
	add_count(text, "Bytes in completed messages", figures->bytes);
	add_count(text, "Bytes weighted by success", figures->successful_bytes);
	add_with(text, "Average message qtime (s)", figures->qtime / messages,
	    outcome_add_short);
}

static void
show_deliveries(struct str *text, const struct figures *figures)
{
	double length = figures->last - figures->first;

	add_count(text, "Total delivery attempts", figures->deliveries);
	if (!figures->deliveries)
		return;
	add_count(text, "  success", figures->successes);
	add_count(text, "  failure", figures->failures);
	add_count(text, "  deferral",
	    figures->deliveries - figures->successes - figures->failures);
	add_with(
	    text, "Total ddelay (s)", figures->ddelay, outcome_add_decimal6);
	if (figures->successes)
		add_with(text, "Average ddelay per success (s)",
		    figures->ddelay / (double)figures->successes,
		    outcome_add_decimal6);
	add_with(
	    text, "Total xdelay (s)", figures->xdelay, outcome_add_decimal6);
	add_with(text, "Average xdelay per delivery attempt (s)",
	    figures->xdelay / (double)figures->deliveries,
	    outcome_add_decimal6);
	if (length <= 0)
		return;
	add_with(text, "Time span (days)", length / SECONDS_A_DAY,
	    outcome_add_short);
	add_with(text, "Average concurrency", figures->xdelay / length,
	    outcome_add_short);
}

void
overall_make(struct lines *lines, struct str *text)
{
	struct figures figures = { 0 };
	struct outcome outcome;
	struct span line;

	while (lines_next(lines, &line)) {
		double birth, end;

		if (!outcome_parse(line, &outcome))
			continue;
		birth = outcome_decimal(outcome.birth);
		end = outcome_decimal(outcome.end);
		if (outcome.result == OUTCOME_MESSAGE)
			count_message(&figures, &outcome, end - birth);
		else
			count_delivery(&figures, &outcome, end - birth);
		widen(&figures, birth, end);
	}
	show_messages(text, &figures);
	str_add_byte(text, '\n');
	show_deliveries(text, &figures);
}

/* ---- how soon ---- */

/* A row for each percentage that is reached, from the first delivery on that
 * reaches it. */
static void
show_distribution(struct str *text, const struct order *ages)
{
	size_t shown = 0, count = ages->items.len;
	double total = 0;

	for (size_t i = 1; i <= count; i++) {
		double age = order_decimal(ages->items.at[i - 1].key);
		size_t percent = i * 100 / count;

		total += age;
		if (percent < PERCENT_LEAST || percent == shown)
			continue;
		shown = percent;
		outcome_add_decimal2(text, age);
		str_add_byte(text, ' ');
		outcome_add_decimal2(text, total / (double)i);
		str_add_byte(text, ' ');
		str_add_u64(text, percent);
		str_add_byte(text, '\n');
	}
}

void
overall_distribution(struct lines *lines, struct str *text)
{
	struct order ages = { VEC_INIT };
	struct outcome outcome;
	struct span line;

	while (lines_next(lines, &line)) {
		struct order_item item = { 0, NULL };

		if (!outcome_parse(line, &outcome) ||
		    outcome.result != LOGEVENT_SUCCESS)
			continue;
		item.key = order_of_decimal(outcome_age(&outcome));
		vec_push(&ages.items, item);
	}
	order_sort(&ages, NULL);
	show_distribution(text, &ages);
	vec_free(&ages.items);
}
