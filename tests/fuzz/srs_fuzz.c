/* srs_fuzz.c - addresses of SRS: what is made can be had again, and nothing else. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/address.h"
#include "mail/srs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* With secret 0 a hash of the text; with 1 one that input can hit. */
static bool
hash(void *context, unsigned secret, struct span text,
    unsigned char digest[SRS_DIGEST])
{
	unsigned value = 0;

	for (size_t i = 0; secret == 0 && i < text.len; i++)
		value = value * 31 + (unsigned char)text.s[i];
	for (int i = 0; i < SRS_DIGEST; i++)
		digest[i] = (unsigned char)(value >> (i % 4 * 8));
	return secret <= *(unsigned *)context;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size);
	struct str made = STR_INIT, back = STR_INIT;
	unsigned last = 1;
	struct srs srs = { .domain = SPAN("us.example"),
		.separator = size && data[0] % 2 ? '=' : '+',
		.hash_length = SRS_HASH_LEAST + (unsigned)size % 22,
		.age = SRS_AGE_DEFAULT,
		.day = size * 7,
		.hash = hash,
		.context = &last };

	(void)srs_reverse(&srs, input, &back);
	if (srs_forward(&srs, input, &made) == SRS_DONE &&
	    !span_equal_nocase(address_domain(input), srs.domain)) {
		enum srs_result result =
		    srs_reverse(&srs, str_span(&made), &back);

		/* An = in a domain, which no host has, or no local part. */
		if (span_has(address_domain(input), '=') || input.s[0] == '@')
			must(result != SRS_TOO_OLD);
		else if (span_starts(str_span(&made), SPAN("SRS0")))
			must(result == SRS_DONE &&
			    span_equal(str_span(&back), input));
	}
	str_free(&made);
	str_free(&back);
	return 0;
}
