/* crlftext_fuzz.c - text whose lines end in CR LF: cut anywhere it is the
 * same. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/str.h"
#include "mail/crlftext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct crlftext
decode(struct span input, size_t cut, struct str *all)
{
	struct crlftext text = CRLFTEXT_INIT;
	struct span parts[] = { span_upto(input, cut), span_from(input, cut) };

	for (int i = 0; i < 2; i++) {
		struct span piece;

		while (crlftext_next(&text, &parts[i], &piece))
			str_add(all, piece);
	}
	crlftext_end(&text);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input;
	struct str whole = STR_INIT, halves = STR_INIT;
	struct crlftext one, other;

	if (size == 0)
		return 0;
	input = span_make((const char *)data + 1, size - 1);
	one = decode(input, 0, &whole);
	other = decode(input, data[0], &halves);
	must(span_equal(str_span(&whole), str_span(&halves)));
	must(one.has_lone_cr == other.has_lone_cr);
	must(one.has_lone_lf == other.has_lone_lf);
	must(whole.len <= input.len);
	must(one.has_lone_cr || !span_has(str_span(&whole), '\r'));
	str_free(&whole);
	str_free(&halves);
	return 0;
}
