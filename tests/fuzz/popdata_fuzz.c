/* popdata_fuzz.c - any bytes as a message: whole and byte by byte agree, and
 * nothing in it ends the reply. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "net/popdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint64_t
encode(struct span rest, uint64_t lines, size_t step, struct str *wire)
{
	struct popdata data;

	popdata_init(&data, lines);
	while (rest.len) {
		popdata_add(&data, span_upto(rest, step), wire);
		rest = span_from(rest, step);
	}
	popdata_end(&data, wire);
	return data.octets;
}

/* Lines that a client would end the reply at, and those with a doubled dot. */
static size_t
count_dots(struct span wire)
{
	size_t doubled = 0, start = 0;

	for (size_t i = 1; i < wire.len; i++) {
		struct span line;

		if (wire.s[i] != '\n')
			continue;
		must(wire.s[i - 1] == '\r');
		line = span_make(wire.s + start, i - 1 - start);
		must(!span_equal(line, SPAN(".")));
		if (span_starts(line, SPAN(".")))
			must(span_starts(line, SPAN(".."))), doubled++;
		start = i + 1;
	}
	must(start == wire.len);
	return doubled;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span all = span_make((const char *)bytes, size);
	struct str whole = STR_INIT, pieces = STR_INIT, part = STR_INIT;
	uint64_t octets, lines = size ? bytes[0] % 8 : 0;

	octets = encode(all, POPDATA_ALL, size, &whole);
	must(encode(all, POPDATA_ALL, 1, &pieces) == octets);
	must(span_equal(str_span(&whole), str_span(&pieces)));
	must(whole.len <= 2 * size + 2);
	must(whole.len == octets + count_dots(str_span(&whole)));
	str_reset(&pieces);
	must(encode(all, lines, size, &part) == encode(all, lines, 1, &pieces));
	must(span_equal(str_span(&part), str_span(&pieces)));
	must(span_starts(str_span(&whole), str_span(&part)));
	str_free(&whole);
	str_free(&pieces);
	str_free(&part);
	return 0;
}
