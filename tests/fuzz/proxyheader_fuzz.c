/* proxyheader_fuzz.c - what a proxy says first, byte by byte. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "net/proxyheader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxyheader header = { .bytes = STR_INIT };
	struct span rest = span_make((const char *)data, size);
	enum proxyheader_state state = PROXYHEADER_MORE;

	while (state == PROXYHEADER_MORE && rest.len) {
		size_t wanted = proxyheader_wants(&header);

		must(wanted > 0 && wanted <= PROXYHEADER_MAX);
		state = proxyheader_feed(&header, span_upto(rest, wanted));
		rest = span_from(rest, wanted);
		must(header.bytes.len <= PROXYHEADER_MAX);
	}
	proxyheader_free(&header);
	return 0;
}
