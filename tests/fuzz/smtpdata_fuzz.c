/* smtpdata_fuzz.c - any message: what goes out has only CR LF line ends,
 * also at its end, each dot at the start of a line is doubled, and cuts do not
 * matter. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "net/smtpdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
check(struct span wire)
{
	bool is_start = true;

	for (size_t i = 0; i < wire.len; i++) {
		if (is_start && wire.s[i] == '.')
			must(i + 1 < wire.len && wire.s[i + 1] == '.');
		is_start = false;
		must(wire.s[i] != '\n');
		if (wire.s[i] == '\r') {
			must(i + 1 < wire.len && wire.s[i + 1] == '\n');
			i++;
			is_start = true;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span message = span_make((const char *)bytes, size);
	struct smtpdata whole = SMTPDATA_INIT, pieces = SMTPDATA_INIT;
	struct str one = STR_INIT, two = STR_INIT;

	smtpdata_encode(&whole, message, &one);
	for (size_t i = 0; i < size; i++)
		smtpdata_encode(
		    &pieces, span_upto(span_from(message, i), 1), &two);
	must(one.len <= 2 * size);
	smtpdata_finish(&whole, &one);
	smtpdata_finish(&pieces, &two);
	check(str_span(&one));
	must(one.len == 0 || span_ends(str_span(&one), SPAN("\r\n")));
	must(span_equal(str_span(&one), str_span(&two)));
	must(whole.size == pieces.size && whole.size <= one.len);
	str_free(&one);
	str_free(&two);
	return 0;
}
