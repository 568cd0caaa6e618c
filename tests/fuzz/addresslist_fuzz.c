/*
 * addresslist_fuzz.c - address lists of strangers.  Besides not crashing: the
 * written field has no line end but folds, and reads as the same addresses.
 */
#include <stdint.h>
#include <stdlib.h>

#include "mail/addresslist.h"

#define WRITTEN_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
note_address(void *context, struct token822_list *address)
{
	token822_list_add_plain(context, address);
	str_add_byte(context, '\0');
}

static void
check_lines(struct span written)
{
	for (size_t i = 0; i < written.len; i++) {
		if (written.s[i] == '\0' || written.s[i] == '\r')
			abort();
		if (written.s[i] == '\n' && i + 1 < written.len &&
		    written.s[i + 1] != ' ')
			abort();
	}
}

static enum addresslist_result
rewrite(struct span body, struct str *addresses, struct str *written)
{
	return addresslist_rewrite(
	    SPAN("To"), body, note_address, addresses, WRITTEN_MAX, written);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str first = STR_INIT, second = STR_INIT;
	struct str written = STR_INIT, again = STR_INIT;

	if (rewrite(span_make((const char *)data, size), &first, &written) ==
	    ADDRESSLIST_FINE) {
		check_lines(str_span(&written));
		if (rewrite(span_from(str_span(&written), 3), &second,
			&again) != ADDRESSLIST_FINE ||
		    !span_equal(str_span(&first), str_span(&second)) ||
		    !span_equal(str_span(&written), str_span(&again)))
			abort();
	}
	str_free(&first);
	str_free(&second);
	str_free(&written);
	str_free(&again);
	return 0;
}
