/* dkim_body_fuzz.c - any bytes as a body: its canonical forms are the same however it
 * was cut, and change no more when they are made again. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/dkimcanon.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
take(void *text, struct span bytes)
{
	must(bytes.len > 0);
	str_add(text, bytes);
}

static void
canonize(struct str *text, enum dkim_canon canon, uint64_t limit,
    struct span bytes, size_t size)
{
	struct dkimcanon_body body;

	str_reset(text);
	dkimcanon_body_init(&body, canon, limit, take, text);
	for (; bytes.len; bytes = span_from(bytes, size))
		dkimcanon_body_feed(&body, span_upto(bytes, size));
	dkimcanon_body_end(&body);
}

/* With the ends of lines as in the queue. */
static void
take_ends(struct str *text, struct span wire)
{
	str_reset(text);
	for (size_t i = 0; i < wire.len; i++)
		if (wire.s[i] != '\r' || i + 1 == wire.len ||
		    wire.s[i + 1] != '\n')
			str_add_byte(text, wire.s[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span text = span_make((const char *)bytes, size);
	struct str whole = STR_INIT, other = STR_INIT, again = STR_INIT;
	size_t cut = size ? bytes[0] % 7 + 1u : 1;
	uint64_t limit = size ? bytes[size - 1] : 0;

	for (int i = DKIM_SIMPLE; i <= DKIM_RELAXED; i++) {
		enum dkim_canon canon = (enum dkim_canon)i;

		canonize(&whole, canon, DKIMCANON_NO_LIMIT, text, size + 1);
		canonize(&other, canon, DKIMCANON_NO_LIMIT, text, cut);
		must(span_equal(str_span(&whole), str_span(&other)));
		canonize(&other, canon, limit, text, cut);
		must(span_equal(str_span(&other),
		    span_upto(str_span(&whole), (size_t)limit)));
		must(whole.len <= 2 * size + 2);
		must(whole.len ? span_ends(str_span(&whole), SPAN("\r\n"))
			       : canon == DKIM_RELAXED);
		take_ends(&again, str_span(&whole));
		canonize(&other, canon, DKIMCANON_NO_LIMIT, str_span(&again),
		    size + 1);
		must(span_equal(str_span(&whole), str_span(&other)));
	}
	str_free(&whole);
	str_free(&other);
	str_free(&again);
	return 0;
}
