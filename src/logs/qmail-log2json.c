/*
 * qmail-log2json.c - the log of any service as lines of JSON.
 * Runs as   the administrator.
 * Reads     the log on fd 0: with words of strangers.
 * Writes    an object for each line to fd 1, before it waits for more.
 * Source    qmail-log2json(8); RFC 8259, RFC 3339.
 */
#include "base/json.h"
#include "base/must.h"
#include "entry.h"
#include "mail/date.h"
#include "sys/fd.h"
#include "sys/lines.h"

#define PROGRAM	    "qmail-log2json"
#define USAGE_EXIT  100
#define TIME_DIGITS 9

static char out_buffer[65536];

/* Names that the object has already. */
static bool
is_taken(struct span name)
{
	return span_equal(name, SPAN("time")) ||
	    span_equal(name, SPAN("service")) ||
	    span_equal(name, SPAN("event"));
}

/* "NAME": and nothing behind it, but a comma before it. */
static void
add_name(struct str *json, struct span name, const char *more)
{
	str_add_byte(json, json->len > 1 ? ',' : '{');
	str_add_byte(json, '"');
	str_add(json, name); /* it has no byte that would need escaping */
	str_add_z(json, more);
	str_add_z(json, "\":");
}

static void
add_field(struct str *json, struct str *value, const struct entry_field *field)
{
	struct span name = field->field.name;

	add_name(json, name, is_taken(name) ? "_" : "");
	if (field->is_number) {
		json_add_number(json, field->number);
		return;
	}
	str_reset(value);
	logfield_add_value(value, &field->field);
	json_add_string(json, str_span(value));
}

static void
add_entry(struct str *json, struct str *value, const struct entry *entry)
{
	if (entry->has_time) {
		add_name(json, SPAN("time"), "");
		str_add_byte(json, '"');
		date_add_rfc3339(json, entry->time.seconds,
		    entry->time.nanoseconds, TIME_DIGITS);
		str_add_byte(json, '"');
	}
	if (!entry->service.len) {
		add_name(json, SPAN("text"), "");
		json_add_string(json, entry->text);
	} else {
		add_name(json, SPAN("service"), "");
		json_add_string(json, entry->service);
		add_name(json, SPAN("event"), "");
		json_add_string(json, entry->event);
	}
	for (size_t i = 0; i < entry->count; i++)
		add_field(json, value, &entry->fields[i]);
	str_add_z(json, "}\n");
}

/* Whoever follows a log sees each line at once. */
static void
flush(void *out)
{
	lines_flush(PROGRAM, out);
}

int
main(int argc, char **argv)
{
	struct str json = STR_INIT, value = STR_INIT;
	struct entry entry;
	struct lines lines;
	struct span line;
	struct out out;

	(void)argv;
	must_hooks(111, NULL);
	if (argc != 1) {
		(void)!fd_write_all(2, SPAN("usage: " PROGRAM " <log\n"));
		return USAGE_EXIT;
	}
	lines_init(&lines, PROGRAM);
	out_init(&out, 1, out_buffer, sizeof(out_buffer));
	in_before_wait(&lines.in, flush, &out);
	while (lines_next(&lines, &line)) {
		(void)entry_parse(line, &entry);
		str_reset(&json);
		add_entry(&json, &value, &entry);
		out_add(&out, str_span(&json));
	}
	lines_flush(PROGRAM, &out);
	str_free(&json);
	str_free(&value);
	lines_free(&lines);
	return 0;
}
