/* srs_test.c - addresses of the Sender Rewriting Scheme, at their limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mail/address.h"
#include "mail/srs.h"

/* A hash that anybody could make: the sum of the text, and the secret. */
static bool
sum(void *context, unsigned secret, struct span text,
    unsigned char digest[SRS_DIGEST])
{
	unsigned value = secret * 77;

	if (secret >= *(unsigned *)context)
		return false;
	for (size_t i = 0; i < text.len; i++)
		value = value * 31 + (unsigned char)text.s[i];
	for (int i = 0; i < SRS_DIGEST; i++)
		digest[i] = (unsigned char)(value >> (i % 4 * 8));
	return true;
}

static unsigned secrets = 1;

static struct srs
make(uint64_t day)
{
	return (struct srs){ .domain = SPAN("us.example"),
		.separator = '=',
		.hash_length = SRS_HASH_LEAST,
		.age = SRS_AGE_DEFAULT,
		.day = day,
		.hash = sum,
		.context = &secrets };
}

static void
assert_forward(const struct srs *srs, const char *address, struct str *result)
{
	assert_int_equal(
	    srs_forward(srs, span_of(address), result), SRS_DONE);
}

static void
test_days(void **state)
{
	struct str made = STR_INIT, back = STR_INIT;

	(void)state;
	for (uint64_t day = 1000; day < 1050; day++) {
		struct srs then = make(day), now = make(day + SRS_AGE_DEFAULT),
			   late = make(day + SRS_AGE_DEFAULT + 1),
			   early = make(day - 1);

		assert_forward(&then, "joe@there.example", &made);
		assert_int_equal(
		    srs_reverse(&now, str_span(&made), &back), SRS_DONE);
		assert_string_equal(str_z(&back), "joe@there.example");
		assert_int_equal(
		    srs_reverse(&late, str_span(&made), &back), SRS_TOO_OLD);
		assert_int_equal(
		    srs_reverse(&early, str_span(&made), &back), SRS_TOO_OLD);
	}
	str_free(&made);
	str_free(&back);
}

static void
test_secrets(void **state)
{
	struct srs srs = make(7);
	struct str made = STR_INIT, back = STR_INIT;

	(void)state;
	secrets = 0;
	assert_int_equal(
	    srs_forward(&srs, SPAN("joe@there.example"), &made), SRS_NO_SECRET);
	secrets = 1;
	assert_forward(&srs, "joe@there.example", &made);
	assert_true(span_ends(
	    str_span(&made), SPAN("=AH=there.example=joe@us.example")));
	secrets = 3; /* the last of several is good, too */
	assert_int_equal(srs_reverse(&srs, str_span(&made), &back), SRS_DONE);
	made.s[6] = made.s[6] == 'x' ? 'y' : 'x';
	assert_int_equal(
	    srs_reverse(&srs, str_span(&made), &back), SRS_WRONG_HASH);
	secrets = 1;
	str_free(&made);
	str_free(&back);
}

/* Of a hash of few letters one could be guessed. */
static void
test_hashes(void **state)
{
	struct srs srs = make(7);
	struct str made = STR_INIT, back = STR_INIT, cut = STR_INIT;

	(void)state;
	for (unsigned len = 0; len <= SRS_HASH_MOST + 1; len++) {
		srs.hash_length = SRS_HASH_MOST + 1;
		assert_forward(&srs, "joe@there.example", &made);
		str_set(&cut, span_upto(str_span(&made), 5 + len));
		str_add(&cut, span_from(str_span(&made), 5 + SRS_HASH_MOST + 1));
		assert_int_equal(srs_reverse(&srs, str_span(&cut), &back),
		    len >= SRS_HASH_LEAST && len <= SRS_HASH_MOST
			? SRS_DONE
			: SRS_WRONG_HASH);
	}
	str_free(&made);
	str_free(&back);
	str_free(&cut);
}

static void
test_lengths(void **state)
{
	struct srs srs = make(7);
	struct str address = STR_INIT, made = STR_INIT;
	size_t beside = strlen("SRS0=HHHH=TT=there.example=@us.example");

	(void)state;
	for (size_t i = 0; i < ADDRESS_MAX - beside; i++)
		str_add_byte(&address, 'a');
	str_add_z(&address, "@there.example");
	assert_forward(&srs, str_z(&address), &made);
	assert_int_equal(made.len, ADDRESS_MAX);
	str_set(&made, SPAN("a"));
	str_add(&made, str_span(&address));
	str_set(&address, str_span(&made));
	assert_int_equal(
	    srs_forward(&srs, str_span(&address), &made), SRS_TOO_LONG);
	str_free(&address);
	str_free(&made);
}

static const char *const malformed[] = { "", "joe", "joe@us.example", "SRS0",
	"SRS0@us.example", "SRS0=@us.example", "SRS0=aaaa@us.example",
	"SRS0=aaaa=AH@us.example", "SRS0=aaaa=AH=there.example@us.example",
	"SRS0=aaaa=AH=there.example=@us.example", "SRS0=aaaa=AH==joe@us.example",
	"SRS0=aaaa=A=there.example=joe@us.example",
	"SRS0=aaaa=AHA=there.example=joe@us.example",
	"SRS0.aaaa=AH=there.example=joe@us.example", "SRS1=aaaa@us.example",
	"SRS1=aaaa=mid.example@us.example", "SRS1=aaaa=mid.example=@us.example",
	"SRS1=aaaa=mid.example==@us.example",
	"SRS1=aaaa=mid.example=x=y@us.example", "SRS1=aaaa===x@us.example",
	"SRS2=aaaa=mid.example==x@us.example" };

static void
test_malformed(void **state)
{
	struct srs srs = make(7);
	struct str back = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(*malformed); i++)
		assert_int_equal(
		    srs_reverse(&srs, span_of(malformed[i]), &back),
		    SRS_NOT_SRS);
	str_free(&back);
}

/* What another host has rewritten badly is an address like others. */
static void
test_tags_of_others(void **state)
{
	static const char *const plain[] = { "SRS1=x@there.example",
		"SRS1=x=y@there.example", "SRS1=x==y@there.example",
		"SRS0@there.example", "SRS0=@there.example",
		"SRS05=a@there.example" };
	struct srs srs = make(7);
	struct str made = STR_INIT, back = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		assert_forward(&srs, plain[i], &made);
		assert_true(span_starts(str_span(&made), SPAN("SRS0=")));
		assert_int_equal(
		    srs_reverse(&srs, str_span(&made), &back), SRS_DONE);
		assert_string_equal(str_z(&back), plain[i]);
	}
	str_free(&made);
	str_free(&back);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_tags_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
