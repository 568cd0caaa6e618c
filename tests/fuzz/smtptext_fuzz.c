/*
 * smtptext_fuzz.c - the text after DATA: the parts in which it comes make no
 * difference, and only CR LF . CR LF ends it.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/str.h"
#include "mail/hops.h"
#include "mail/smtptext.h"

struct outcome {
	enum smtptext_event event;
	struct str text;
	size_t used, hops;
	bool has_lone_cr;
};

static void
decode(struct outcome *outcome, struct span input, size_t step)
{
	struct smtptext text = SMTPTEXT_INIT;
	struct hops hops = { 0 };
	struct span piece;

	outcome->event = SMTPTEXT_HUNGRY;
	while (outcome->used < input.len && outcome->event == SMTPTEXT_HUNGRY) {
		struct span part =
		    span_upto(span_from(input, outcome->used), step);
		size_t len = part.len;

		while ((outcome->event = smtptext_next(&text, &part, &piece)) ==
		    SMTPTEXT_PIECE) {
			hops_add(&hops, piece);
			str_add(&outcome->text, piece);
		}
		outcome->used += len - part.len;
	}
	outcome->has_lone_cr = text.has_lone_cr;
	outcome->hops = hops.count;
}

/* Where the text ends, found in the plainest way; size if it does not. */
static size_t
find_end(struct span input)
{
	if (span_starts(input, SPAN(".\r\n")))
		return 3;
	for (size_t i = 0; i + 5 <= input.len; i++)
		if (span_starts(span_from(input, i), SPAN("\r\n.\r\n")))
			return i + 5;
	return input.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = { .text = STR_INIT };
	struct outcome parts = { .text = STR_INIT };
	struct span input;

	if (size == 0)
		return 0;
	input = span_make((const char *)data + 1, size - 1);
	decode(&whole, input, input.len + 1);
	decode(&parts, input, data[0] % 16 + 1u);
	must(whole.event == parts.event);
	must(whole.has_lone_cr == parts.has_lone_cr ||
	    whole.event == SMTPTEXT_LONE_LF);
	if (whole.event != SMTPTEXT_LONE_LF) {
		must(span_equal(str_span(&whole.text), str_span(&parts.text)));
		must(whole.used == parts.used && whole.hops == parts.hops);
		must(whole.used == find_end(input));
	}
	str_free(&whole.text);
	str_free(&parts.text);
	return 0;
}
