/* dotqmail_fuzz.c - lines of .qmail files, and quoting for an mbox. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/str.h"
#include "mail/dotqmail.h"
#include "mail/fromquote.h"

static void
quote(struct str *text, struct span input, size_t step)
{
	struct fromquote state = FROMQUOTE_INIT;
	struct span piece;

	while (input.len) {
		struct span part = span_upto(input, step);

		while (fromquote_next(&state, &part, &piece))
			str_add(text, piece);
		input = span_from(input, step);
	}
	while ((piece = fromquote_end(&state)).len)
		str_add(text, piece);
}

/* No line of an mbox may look like the start of the next message. */
static void
check_quoted(struct span text)
{
	struct span line;

	must(text.len == 0 || span_ends(text, SPAN("\n")));
	while (span_cut_next(&text, '\n', &line))
		must(!span_starts(line, SPAN("From ")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size), rest = input;
	struct str whole = STR_INIT, parts = STR_INIT;
	struct dotqmail_line line;

	while (dotqmail_next(&rest, &line)) {
		must(line.text.len <= size);
		if (line.kind != DOTQMAIL_BROKEN &&
		    line.kind != DOTQMAIL_COMMENT &&
		    line.kind != DOTQMAIL_BLANK)
			must(!span_has(line.text, '\0'));
	}
	quote(&whole, input, size + 1);
	quote(&parts, input, size ? data[0] % 8 + 1u : 1);
	must(span_equal(str_span(&whole), str_span(&parts)));
	check_quoted(str_span(&whole));
	str_free(&whole);
	str_free(&parts);
	return 0;
}
