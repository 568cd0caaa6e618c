/* smtpline_fuzz.c - any bytes as replies; whole and byte by byte agree. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "net/smtpline.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static size_t
feed(struct smtpreply *reply, struct span bytes, size_t step)
{
	size_t used = 0;

	smtpreply_init(reply);
	while (used < bytes.len && reply->state == SMTPREPLY_MORE)
		used += smtpreply_feed(
		    reply, span_upto(span_from(bytes, used), step));
	return used;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span all = span_make((const char *)bytes, size);
	struct smtpreply whole, pieces;

	must(feed(&whole, all, size) == feed(&pieces, all, 1));
	must(whole.state == pieces.state && whole.code == pieces.code);
	must(whole.offers == pieces.offers);
	must(whole.size_max == pieces.size_max);
	must(whole.rcpt_max == pieces.rcpt_max);
	must(span_equal(str_span(&whole.text), str_span(&pieces.text)));
	must(whole.text.len <= SMTPREPLY_TEXT_MAX);
	smtpreply_free(&whole);
	smtpreply_free(&pieces);
	return 0;
}
