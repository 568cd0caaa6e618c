/* tlsa_fuzz.c - any bytes as the data of a TLSA record. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "net/dane.h"
#include "net/tlsdemand.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tlsa tlsa;

	if (tlsa_parse(span_make((const char *)bytes, size), &tlsa))
		must(!tlsa_is_usable(&tlsa) ||
		    (tlsa.data.len > 0 && tlsa.data.len <= TLSDEMAND_TLSA_MAX));
	return 0;
}
