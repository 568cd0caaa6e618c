/*
 * quote_fuzz.c - local parts of strangers: what is quoted for a header reads
 * as the same local part.
 */
#include <stdint.h>
#include <stdlib.h>

#include "mail/quote.h"
#include "mail/token822.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span local = span_make((const char *)data, size);
	struct token822_list tokens = TOKEN822_LIST_INIT;
	struct str quoted = STR_INIT, plain = STR_INIT;

	quote_add_local_part(&quoted, local);
	/* Headers hold neither NUL nor line ends; SMTP checks for itself. */
	if (!span_has(local, '\0') && !span_has(local, '\n') &&
	    !span_has(local, '\r')) {
		if (token822_list_parse(&tokens, str_span(&quoted)) < 0)
			abort();
		token822_list_add_plain(&plain, &tokens);
		if (!span_equal(str_span(&plain), local))
			abort();
	}
	str_reset(&quoted);
	quote_add_address(&quoted, local);
	vec_free(&tokens.tokens);
	str_free(&quoted);
	str_free(&plain);
	return 0;
}
