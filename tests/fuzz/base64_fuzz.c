/* base64_fuzz.c - any text as base64. */
#include <stddef.h>
#include <stdint.h>

#include "base/base64.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span text = span_make((const char *)bytes, size);
	struct str found = STR_INIT;
	bool is_whole;

	str_reserve(&found, base64_size(size));
	is_whole = base64_decode(&found, text);
	must(found.len <= base64_size(size));
	if (is_whole && size)
		must(size % 4 == 0 && found.len + 2 >= base64_size(size));
	for (size_t i = 0; is_whole && i < size; i++)
		must(text.s[i] > ' ' && text.s[i] < 127);
	str_free(&found);
	return 0;
}
