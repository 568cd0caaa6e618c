/*
 * 822field.c - prints what stands in the fields of a name.
 * Runs as   anybody.
 * Reads     a message on fd 0.
 * Writes    what is behind the colon of each, to fd 1.
 * Source    822field(1).
 */
#include "base/must.h"
#include "mail/header.h"
#include "mess_input.h"
#include "queue/headerin.h"

#define NOT_FOUND_EXIT 100

int
main(int argc, char **argv)
{
	struct span name = argc > 1 ? span_of(argv[1]) : SPAN("Subject");
	struct str header = STR_INIT, text = STR_INIT;
	struct span rest, field;
	bool found = false;

	must_hooks(111, NULL);
	mess_input_read("822field", &header);
	rest = str_span(&header);
	while (headerin_next(&rest, &field)) {
		size_t colon;

		if (!span_equal_nocase(header_name(field, &colon), name))
			continue;
		found = true;
		str_add(&text, span_from(field, colon + 1));
	}
	mess_input_write("822field", &text);
	str_free(&header);
	str_free(&text);
	return found ? 0 : NOT_FOUND_EXIT;
}
