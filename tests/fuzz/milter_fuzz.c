/* milter_fuzz.c - what a milter says, and what it makes of a header. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/header.h"
#include "mail/headeredit.h"
#include "net/milter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* However it is changed, it is a header: each line is a field, or continues one. */
static void
judge(const struct headeredit *edit)
{
	struct span field, line;
	size_t place = 0;
	bool is_hidden;

	while (headeredit_next(edit, &place, &field, &is_hidden)) {
		bool is_first = true;

		must(header_name(field, NULL).len > 0);
		must(field.s[field.len - 1] == '\n');
		while (span_cut_next(&field, '\n', &line)) {
			must(is_first || (line.len && (line.s[0] == ' ' ||
				line.s[0] == '\t')));
			must(is_first || span_trim(line).len);
			is_first = false;
		}
	}
}

static void
apply(struct headeredit *edit, char letter, const struct milter_words *words)
{
	size_t before = edit->fields.len;

	if (letter == MILTER_CHANGE_HEADER)
		(void)!headeredit_change(
		    edit, words->number, words->first, words->second);
	else
		(void)!headeredit_insert(
		    edit, words->number, words->first, words->second);
	must(edit->fields.len <= before + 1);
	judge(edit);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_make((const char *)data, size);
	struct headeredit edit = HEADEREDIT_INIT;
	struct str text = STR_INIT;
	struct milter_terms terms;
	bool is_permanent;

	headeredit_take(&edit, SPAN("Received: ours\n"), true);
	headeredit_take(&edit, SPAN("Subject: a\n b\n"), false);
	headeredit_take(&edit, SPAN("subject:c\n"), false);
	while (rest.len > MILTER_LENGTH) {
		size_t len = milter_length(rest.s);
		struct span packet;
		struct milter_words words;

		rest = span_from(rest, MILTER_LENGTH);
		must(len <= MILTER_PACKET_MAX);
		if (len == 0 || len > rest.len)
			break;
		packet = span_from(span_upto(rest, len), 1);
		if (milter_parse_terms(packet, &terms))
			must(!(terms.actions & ~MILTER_ACTIONS));
		if (milter_parse_words(
			rest.s[0], packet, MILTER_ACTIONS, &words))
			apply(&edit, rest.s[0], &words);
		if (milter_parse_reply(packet, &is_permanent, &text))
			for (size_t i = 0; i < text.len; i++)
				must(text.s[i] >= ' ' && text.s[i] <= '~');
		str_reset(&text);
		rest = span_from(rest, len);
	}
	headeredit_free(&edit);
	str_free(&text);
	return 0;
}
