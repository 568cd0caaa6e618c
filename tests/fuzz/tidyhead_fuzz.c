/*
 * tidyhead_fuzz.c - headers of strangers that are put in order, their dates
 * among them.  What is written is a header: no NUL, no blank line, one Date and
 * one Message-ID; and putting it in order once more changes nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/tidyhead.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_lines(struct span text)
{
	struct span line;

	while (span_cut_next(&text, '\n', &line))
		if (line.len == 0 || span_has(line, '\0'))
			abort();
}

static size_t
count(struct span text, const char *name)
{
	struct span line;
	size_t found = 0;

	while (span_cut_next(&text, '\n', &line))
		found += span_starts_nocase(line, span_of(name));
	return found;
}

/* Cuts at line ends that no blank follows, as a reader of headers does. */
static void
tidy(struct span fields, struct str *written)
{
	struct tidyhead head;
	size_t start = 0, colon;

	tidyhead_begin(&head, MAILBOXES_MAX);
	for (size_t i = 0; i < fields.len; i++)
		if (fields.s[i] == '\n' &&
		    (i + 1 == fields.len ||
			(fields.s[i + 1] != ' ' && fields.s[i + 1] != '\t'))) {
			struct span field =
			    span_upto(span_from(fields, start), i + 1 - start);

			start = i + 1;
			if (header_name(field, &colon).len)
				tidyhead_field(&head, SPAN(""), field, NULL);
		}
	tidyhead_write(&head, written, 1700000000, SPAN("id.example"), 1);
	tidyhead_free(&head);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make((const char *)data, size);
	struct str once = STR_INIT, twice = STR_INIT;

	if (span_has(text, '\0'))
		return 0;
	tidy(text, &once);
	check_lines(str_span(&once));
	if (count(str_span(&once), "date:") != 1)
		abort();
	tidy(str_span(&once), &twice);
	if (!span_equal(str_span(&once), str_span(&twice)))
		abort();
	str_free(&once);
	str_free(&twice);
	return 0;
}
