/* metrics.c - figures as text for Prometheus. */
#include "metrics.h"

#include "base/must.h"

static const char *const types[] = { [METRICS_GAUGE] = "gauge",
	[METRICS_COUNTER] = "counter",
	[METRICS_HISTOGRAM] = "histogram" };

size_t
metrics_labels(const struct metrics_family *family)
{
	size_t count = 0;

	while (count < METRICS_LABELS_MAX && family->labels[count])
		count++;
	return count;
}

/* In OpenMetrics a family of counters has a name without the ending of its samples;
 * in the older form it is called as they are. */
static void
add_about(struct metrics *metrics, const char *word, const char *words)
{
	const struct metrics_family *family = metrics->family;

	str_add_z(&metrics->text, "# ");
	str_add_z(&metrics->text, word);
	str_add_byte(&metrics->text, ' ');
	str_add_z(&metrics->text, family->name);
	if (!metrics->is_open && family->type == METRICS_COUNTER)
		str_add_z(&metrics->text, "_total");
	str_add_byte(&metrics->text, ' ');
	str_add_z(&metrics->text, words);
	str_add_byte(&metrics->text, '\n');
}

void
metrics_begin(struct metrics *metrics, const struct metrics_family *family)
{
	metrics->family = family;
	add_about(metrics, "HELP", family->help);
	add_about(metrics, "TYPE", types[family->type]);
	if (metrics->is_open && family->unit)
		add_about(metrics, "UNIT", family->unit);
}

/* Both forms escape the same three bytes; others that are not ASCII would have to be
 * UTF-8. */
static void
add_value(struct str *text, struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.s[i];

		if (c == '\\' || c == '"')
			str_add_byte(text, '\\');
		str_add_byte(text, c >= ' ' && c <= '~' ? c : '_');
	}
}

static void
add_label(struct str *text, const char *name, struct span value, bool *is_first)
{
	str_add_byte(text, *is_first ? '{' : ',');
	*is_first = false;
	str_add_z(text, name);
	str_add_z(text, "=\"");
	add_value(text, value);
	str_add_byte(text, '"');
}

void
metrics_add_part(struct metrics *metrics, const char *suffix,
    const struct span values[], const char *bound, struct span number)
{
	const struct metrics_family *family = metrics->family;
	struct str *text = &metrics->text;
	bool is_first = true;

	str_add_z(text, family->name);
	str_add_z(text, suffix);
	for (size_t i = 0; i < metrics_labels(family); i++)
		add_label(text, family->labels[i], values[i], &is_first);
	if (bound)
		add_label(text, "le", span_of(bound), &is_first);
	if (!is_first)
		str_add_byte(text, '}');
	str_add_byte(text, ' ');
	str_add(text, number);
	str_add_byte(text, '\n');
}

void
metrics_add(
    struct metrics *metrics, const struct span values[], uint64_t number)
{
	struct str digits = STR_INIT;

	must(metrics->family->type != METRICS_HISTOGRAM);
	str_add_u64(&digits, number);
	metrics_add_part(metrics,
	    metrics->family->type == METRICS_COUNTER ? "_total" : "", values,
	    NULL, str_span(&digits));
	str_free(&digits);
}

void
metrics_end(struct metrics *metrics)
{
	if (metrics->is_open)
		str_add_z(&metrics->text, "# EOF\n");
}
