/* scan_fuzz.c - numbers of strangers, and the number that is written again. */
#include <stdint.h>
#include <stdlib.h>

#include "base/fmt.h"
#include "base/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make((const char *)data, size);
	uint64_t number = 0, prefix = 0;
	char again[FMT_U64_MAX];
	size_t len = scan_u64_prefix(text, UINT64_MAX, &prefix);

	if (len > size)
		abort();
	if (!scan_u64(text, UINT64_MAX, &number))
		return 0;
	if (len != size || prefix != number)
		abort();
	len = fmt_u64(again, number);
	/* Zeros in front are the only other way to write it. */
	if (!span_ends(text, span_make(again, len)))
		abort();
	return 0;
}
