/*
 * 822date.c - prints the date of a message in other forms.
 * Runs as   anybody.
 * Reads     a message on fd 0.
 * Writes    three lines to fd 1: in its own zone, in UTC, and as ctime.
 * Source    822date(1).
 */
#include "base/must.h"
#include "mail/date.h"
#include "mail/header.h"
#include "mess_input.h"
#include "queue/headerin.h"
#include "sys/clock.h"

#define NOT_FOUND_EXIT 100

/* The date in the last field of the name that can be understood. */
static bool
find_date(struct span rest, struct span name, struct date *date)
{
	struct span field;
	struct date one;
	bool found = false;

	while (headerin_next(&rest, &field)) {
		size_t colon;

		if (span_equal_nocase(header_name(field, &colon), name) &&
		    date_parse(span_from(field, colon + 1), &one)) {
			*date = one;
			found = true;
		}
	}
	return found;
}

int
main(int argc, char **argv)
{
	struct span name = argc > 1 ? span_of(argv[1]) : SPAN("Date");
	struct str header = STR_INIT, text = STR_INIT;
	struct date date;
	bool found;

	must_hooks(111, NULL);
	mess_input_read("822date", &header);
	found = find_date(str_span(&header), name, &date);
	if (found) {
		date_add_iso(&text, date.seconds, date.offset);
		str_add_byte(&text, '\n');
		date_add_iso(&text, date.seconds, 0);
		str_add_byte(&text, '\n');
		date_add_ctime(
		    &text, date.seconds + clock_local_offset(date.seconds));
		str_add_byte(&text, '\n');
	}
	mess_input_write("822date", &text);
	str_free(&header);
	str_free(&text);
	return found ? 0 : NOT_FOUND_EXIT;
}
