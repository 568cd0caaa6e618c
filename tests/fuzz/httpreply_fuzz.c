/* httpreply_fuzz.c - any bytes from a web server, in pieces. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "net/httpreply.h"

#define MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The first byte chooses the size of the pieces, and a head that is as wanted. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct httpreply reply;
	struct span rest;
	size_t piece;

	if (size == 0)
		return 0;
	rest = span_make((const char *)bytes + 1, size - 1);
	piece = bytes[0] % 32 + 1u;
	httpreply_init(&reply, MAX);
	if (bytes[0] & 0x80)
		(void)httpreply_feed(&reply,
		    SPAN("HTTP/1.1 200 OK\nContent-Type: text/plain\n"));
	if (bytes[0] & 0x40)
		(void)httpreply_feed(
		    &reply, SPAN("Transfer-Encoding: chunked\n\n"));
	while (rest.len) {
		(void)httpreply_feed(&reply, span_upto(rest, piece));
		must(reply.text.len <= MAX);
		must((reply.state == HTTPREPLY_BAD) == (reply.trouble != NULL));
		rest = span_from(rest, piece);
	}
	must(httpreply_end(&reply) != HTTPREPLY_MORE);
	httpreply_free(&reply);
	return 0;
}
