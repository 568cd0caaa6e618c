/* gzip_fuzz.c - any bytes, made shorter; that they come back is in unit/test_gzip.py. */
#include <stddef.h>
#include <stdint.h>

#include "base/gzip.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span text = span_make((const char *)bytes, size);
	struct str one = STR_INIT, other = STR_INIT;

	gzip_add(&one, text);
	must(one.len <= size + size / 8 + 32);
	gzip_add(&other, text);
	must(span_equal(str_span(&one), str_span(&other)));
	str_free(&one);
	str_free(&other);
	return 0;
}
