/* ip_fuzz.c - any bytes as an address: what parses comes back as itself. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "net/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span text = span_make((const char *)bytes, size);
	struct ip_address address, again;
	struct str back = STR_INIT;

	(void)!ip_parse_literal(text, &address);
	if (!ip_parse(text, &address))
		return 0;
	ip_format(&back, &address);
	must(back.len <= IP_TEXT_MAX);
	must(ip_parse(str_span(&back), &again) && ip_equal(&address, &again));
	str_free(&back);
	return 0;
}
