/* authresults_fuzz.c - fields of others, and values of strangers in ours. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/authresults.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size);
	struct str text = STR_INIT;

	(void)authresults_is_from(input, SPAN("us.example"));
	(void)authresults_pretends(input, SPAN("us.example"));
	/* What we write is known again, whatever the name is. */
	authresults_add_value(&text, input);
	must(text.len <= 2 * AUTHRESULTS_VALUE_MAX + 2);
	for (size_t i = 0; i < text.len; i++)
		must(text.s[i] >= 32 && text.s[i] < 127);
	if (size && size <= AUTHRESULTS_VALUE_MAX) {
		struct span written = str_span(&text);

		if (written.s[0] != '"')
			must(authresults_is_from(written, input));
	}
	str_free(&text);
	return 0;
}
