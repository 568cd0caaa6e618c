/* forwardline_fuzz.c - lines with recipients: what was taken can be sent to. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/forwardline.h"
#include "mail/hostrules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct forwardline_entry *entry)
{
	struct span text = str_span(&entry->text);

	must(text.len > 0);
	must(!span_has(text, '\0'));
	must(entry->local_len <= text.len);
	if (entry->kind != FORWARDLINE_ADDRESS)
		return;
	must(entry->local_len > 0);
	must(entry->local_len == text.len || text.s[entry->local_len] == '@');
	if (!forwardline_complete(entry, SPAN("=:a\n?:.b\n")))
		must(entry->text.len <= FORWARDLINE_ADDRESS_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size);
	struct forwardline line = FORWARDLINE_INIT;
	struct str alias = STR_INIT;

	if (!forwardline_cut_alias(&input, &alias) && alias.len)
		must(span_has(str_span(&alias), '@'));
	must(input.len <= size);
	if (!forwardline_parse(&line, input))
		for (size_t i = 0; i < line.entries.len; i++)
			check(&line.entries.at[i]);
	must(line.entries.len <= size);
	forwardline_free(&line);
	str_free(&alias);
	return 0;
}
