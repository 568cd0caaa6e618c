/*
 * salvage_fuzz.c - fields that are no list of addresses.  What is found is an
 * address: it has an @ and no line end, a plain one is found again when it stands
 * alone, and there are no more of them than @ signs.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "mail/salvage.h"

struct found {
	size_t count;
	struct str last;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
note(void *context, struct token822_list *address)
{
	struct found *found = context;

	found->count++;
	str_reset(&found->last);
	token822_list_add_plain(&found->last, address);
}

/* What needs no quotes: neither side is empty, as in j@"", or has an @. */
static bool
is_plain(struct span text)
{
	size_t at = span_find(text, '@');

	for (size_t i = 0; i < text.len; i++)
		if (i != at && !ascii_is_alnum(text.s[i]) &&
		    !span_has(SPAN("-_"), text.s[i]))
			return false;
	return at > 0 && at + 1 < text.len;
}

static void
check(void *context, struct token822_list *address)
{
	struct found *all = context;
	struct found again = { 0, STR_INIT };

	note(all, address);
	if (!span_has(str_span(&all->last), '@'))
		abort();
	if (span_has(str_span(&all->last), '\n'))
		abort();
	if (!is_plain(str_span(&all->last)))
		return;
	salvage_addresses(str_span(&all->last), note, &again);
	if (again.count != 1 ||
	    !span_equal(str_span(&again.last), str_span(&all->last)))
		abort();
	str_free(&again.last);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct found found = { 0, STR_INIT };
	size_t signs = 0;

	for (size_t i = 0; i < size; i++)
		signs += data[i] == '@';
	salvage_addresses(span_make((const char *)data, size), check, &found);
	if (found.count > signs)
		abort();
	str_free(&found.last);
	return 0;
}
