/*
 * stat.c - the queue by age and domain, as tables and as a picture.
 * Input: files of the queue; addresses: hostile
 */
#include <stdlib.h>

#include "mail/address.h"
#include "sys/clock.h"
#include "verbs.h"

#define DOMAINS_MAX  10000 /* the others are counted together */
#define BUCKETS	     11
#define SHORT_ROWS   15 /* of a table for a screen */
#define SHORT_TASKS  10 /* messages that are being delivered, likewise */
#define PICTURE_ROWS 20
#define NAME_WIDTH   40 /* bytes of a domain in a table */

/* Upper ends of the ages, in minutes; the last has none. */
static const unsigned ends[BUCKETS - 1] = { 5, 10, 20, 40, 80, 160, 320, 640,
	1280, 2560 };

struct row {
	struct str name;
	uint64_t total, counts[BUCKETS];
};

struct shape {
	struct control *control;
	int64_t now;
	VEC(struct row) rows; /* sorted by name while they are counted */
	struct row others, all;
	uint64_t messages, stages[STAGES];
	struct str tasks; /* lines on what is being delivered */
	unsigned task_count;
	struct str name;
};

static size_t
bucket_of(int64_t age)
{
	size_t i = 0;

	while (i < BUCKETS - 1 && age >= (int64_t)ends[i] * 60)
		i++;
	return i;
}

static int
compare_spans(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int result = len ? memcmp(a.s, b.s, len) : 0;

	return result ? result : (a.len > b.len) - (a.len < b.len);
}

/* Where the row of a domain is, or is to be. */
static size_t
place_of(const struct shape *shape, struct span name, bool *is_there)
{
	size_t low = 0, high = shape->rows.len;

	*is_there = false;
	while (low < high && !*is_there) {
		size_t middle = low + (high - low) / 2;
		int order =
		    compare_spans(str_span(&shape->rows.at[middle].name), name);

		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
			*is_there = order == 0;
		}
	}
	return high;
}

static struct row *
row_of(struct shape *shape, struct span name)
{
	bool is_there;
	size_t place = place_of(shape, name, &is_there);
	struct row row = { .name = STR_INIT };

	if (is_there)
		return &shape->rows.at[place];
	if (shape->rows.len >= DOMAINS_MAX)
		return &shape->others;
	str_set(&row.name, name);
	vec_push(&shape->rows, row);
	for (size_t i = shape->rows.len - 1; i > place; i--)
		shape->rows.at[i] = shape->rows.at[i - 1];
	shape->rows.at[place] = row;
	return &shape->rows.at[place];
}

static void
count(struct row *row, size_t bucket)
{
	row->total++;
	row->counts[bucket]++;
}

static void
note_task(struct shape *shape, const struct message *message)
{
	if (shape->task_count++ >= SHORT_TASKS)
		return;
	str_add_byte(&shape->tasks, '#');
	str_add_u64(&shape->tasks, message->number);
	str_add_z(&shape->tasks, "  ");
	str_add_u64(&shape->tasks, message->size);
	str_add_z(&shape->tasks, "  <");
	control_add_safe(&shape->tasks, str_span(&message->info.sender));
	str_add_z(&shape->tasks, ">\n");
}

/* A message counts once for each domain that it still has to go to; one that
 * has its recipients of a domain one after the other costs no more. */
static void
count_message(void *context, const struct message *message, enum stage stage)
{
	struct shape *shape = context;
	size_t bucket = bucket_of(shape->now - message->info.birth);
	struct str last = STR_INIT;

	shape->messages++;
	shape->stages[stage]++;
	count(&shape->all, bucket);
	if (stage == STAGE_DELIVERING)
		note_task(shape, message);
	for (size_t i = 0; i < message->recipients.len; i++) {
		const struct message_recipient *at = &message->recipients.at[i];

		if (at->is_done)
			continue;
		str_reset(&shape->name);
		str_add_lower(
		    &shape->name, address_domain(message_address(message, at)));
		if (last.s &&
		    span_equal(str_span(&last), str_span(&shape->name)))
			continue;
		str_set(&last, str_span(&shape->name));
		count(row_of(shape, str_span(&shape->name)), bucket);
	}
	str_free(&last);
}

/* The largest first. */
static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return compare_spans(str_span(&x->name), str_span(&y->name));
}

static int
gather(struct shape *shape, struct control *control,
    const struct selection *selection)
{
	*shape = (struct shape){ .control = control, .now = clock_seconds() };
	str_add_z(&shape->all.name, "TOTAL");
	str_add_z(&shape->others.name, "(others)");
	if (control_walk(control, selection, count_message, NULL, shape) < 0)
		return -1;
	if (shape->rows.len)
		qsort(shape->rows.at, shape->rows.len, sizeof(*shape->rows.at),
		    compare_rows);
	return 0;
}

static void
shape_free(struct shape *shape)
{
	for (size_t i = 0; i < shape->rows.len; i++)
		str_free(&shape->rows.at[i].name);
	vec_free(&shape->rows);
	str_free(&shape->all.name);
	str_free(&shape->others.name);
	str_free(&shape->tasks);
	str_free(&shape->name);
}

/* ---- tables ---- */

static void
pad(struct str *line, size_t from, size_t width)
{
	while (line->len - from < width)
		str_add_byte(line, ' ');
}

/* A number with blanks before it. */
static void
add_cell(struct str *line, uint64_t number)
{
	struct str digits = STR_INIT;

	str_add_u64(&digits, number);
	for (size_t i = digits.len; i < 7; i++)
		str_add_byte(line, ' ');
	str_add(line, str_span(&digits));
	str_free(&digits);
}

static void
say_row(struct control *control, const struct row *row)
{
	struct str *line = &control->line;

	str_reset(line);
	control_add_safe(line, span_upto(str_span(&row->name), NAME_WIDTH));
	pad(line, 0, NAME_WIDTH);
	add_cell(line, row->total);
	for (size_t i = 0; i < BUCKETS; i++)
		add_cell(line, row->counts[i]);
	str_add_byte(line, '\n');
	control_say(control, str_span(line));
}

static void
say_heads(struct control *control)
{
	struct str *line = &control->line;

	str_reset(line);
	str_add_z(line, "older than so many minutes:");
	pad(line, 0, NAME_WIDTH);
	str_add_z(line, "  total      0");
	for (size_t i = 0; i < BUCKETS - 1; i++)
		add_cell(line, ends[i]);
	str_add_byte(line, '\n');
	control_say(control, str_span(line));
}

static void
say_table(const struct shape *shape, size_t most)
{
	say_heads(shape->control);
	say_row(shape->control, &shape->all);
	for (size_t i = 0; i < shape->rows.len && i < most; i++)
		say_row(shape->control, &shape->rows.at[i]);
	if (shape->others.total)
		say_row(shape->control, &shape->others);
}

static void
say_stages(const struct shape *shape)
{
	struct str *line = &shape->control->line;

	str_reset(line);
	str_add_u64(line, shape->messages);
	str_add_z(line, shape->messages == 1 ? " message" : " messages");
	for (int i = 0; i < STAGES; i++) {
		str_add_z(line, i ? ", " : ": ");
		str_add_u64(line, shape->stages[i]);
		str_add_byte(line, ' ');
		str_add_z(line, stage_name((enum stage)i));
	}
	str_add_byte(line, '\n');
	control_say(shape->control, str_span(line));
}

/* ---- the picture ---- */

static void
add_escaped(struct str *text, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (span_has(SPAN("<>&\"'"), bytes.s[i]))
			str_add_byte(text, '_');
		else
			control_add_safe(text, span_make(&bytes.s[i], 1));
}

static void
add_box(struct str *text, uint64_t x, size_t y, uint64_t width, size_t shade)
{
	str_add_z(text, "<rect x=\"");
	str_add_u64(text, x);
	str_add_z(text, "\" y=\"");
	str_add_u64(text, y);
	str_add_z(text, "\" width=\"");
	str_add_u64(text, width);
	str_add_z(text, "\" height=\"16\" fill=\"hsl(");
	str_add_u64(text, 210 - shade * 21);
	str_add_z(text, ",70%,45%)\"/>\n");
}

static void
add_label(struct str *text, uint64_t x, size_t y, struct span label)
{
	str_add_z(text, "<text x=\"");
	str_add_u64(text, x);
	str_add_z(text, "\" y=\"");
	str_add_u64(text, y + 13);
	str_add_z(text, "\">");
	add_escaped(text, label);
	str_add_z(text, "</text>\n");
}

/* A bar of 600 units for the most; its parts are the ages, the oldest last. */
static void
draw_row(
    const struct shape *shape, const struct row *row, uint64_t most, size_t y)
{
	struct str *text = &shape->control->line, number = STR_INIT;
	uint64_t x = 220;

	str_reset(text);
	add_label(text, 0, y, span_upto(str_span(&row->name), 28));
	for (size_t i = 0; i < BUCKETS; i++) {
		uint64_t width = row->counts[i] * 600 / most;

		if (row->counts[i] && width == 0)
			width = 1;
		if (width)
			add_box(text, x, y, width, i);
		x += width;
	}
	str_add_u64(&number, row->total);
	add_label(text, x + 6, y, str_span(&number));
	control_say(shape->control, str_span(text));
	str_free(&number);
}

static void
draw(const struct shape *shape)
{
	size_t count =
	    shape->rows.len < PICTURE_ROWS ? shape->rows.len : PICTURE_ROWS;
	uint64_t most = shape->all.total;
	struct str *text = &shape->control->line;

	for (size_t i = 0; i < count; i++)
		if (shape->rows.at[i].total > most)
			most = shape->rows.at[i].total;
	str_reset(text);
	str_add_z(text,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 ");
	str_add_u64(text, 60 + 22 * (count + 1));
	str_add_z(text,
	    "\" font-family=\"sans-serif\" font-size=\"13\">\n"
	    "<title>The mail queue by domain; blue is new, red is old"
	    "</title>\n");
	add_label(text, 0, 0,
	    SPAN("Messages by domain. Blue: under 5 minutes old; "
		 "red: over 42 hours"));
	control_say(shape->control, str_span(text));
	draw_row(shape, &shape->all, most ? most : 1, 30);
	for (size_t i = 0; i < count; i++)
		draw_row(shape, &shape->rows.at[i], most ? most : 1,
		    30 + 22 * (i + 1));
	control_say(shape->control, SPAN("</svg>\n"));
}

/* ---- the verbs ---- */

int
verbs_stat(struct control *control, const struct verb *verb,
    const struct selection *selection, const struct str addresses[2])
{
	struct shape shape;
	int result = gather(&shape, control, selection);

	(void)addresses;
	if (result == 0 && verb->shows_picture) {
		draw(&shape);
	} else if (result == 0) {
		say_stages(&shape);
		say_table(&shape, verb->is_short ? SHORT_ROWS : SIZE_MAX);
		if (verb->is_short && shape.task_count) {
			control_say(control, SPAN("\nbeing delivered:\n"));
			control_say(control, str_span(&shape.tasks));
		}
	}
	shape_free(&shape);
	return result;
}
