/* md5_test.c - digests of RFC 1321 A.5, and lengths around a block. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/md5.h"

static const struct {
	const char *bytes, *hex;
} cases[] = {
	{ "", "d41d8cd98f00b204e9800998ecf8427e" },
	{ "a", "0cc175b9c0f1b6a831c399e269772661" },
	{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
	{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
	{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
	{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
	    "d174ab98d277d9f5a5611c2c9f419d9f" },
	{ "1234567890123456789012345678901234567890"
	  "1234567890123456789012345678901234567890",
	    "57edf4a22be3c955ac49da2e2107b67a" },
	/* RFC 1939 7 */
	{ "<1896.697170952@dbc.mtview.ca.us>tanstaaf",
	    "c4c9334bac560ecc979e58001b3e22fb" },
};

/* Of as many letters x; the end just fits a block, or takes another. */
static const struct {
	size_t len;
	const char *hex;
} lengths[] = {
	{ 55, "04364420e25c512fd958a70738aa8f72" },
	{ 56, "668a72d5ba17f08e62dabcafad6db14b" },
	{ 63, "7dc2ca208106a2f703567bdff99d8981" },
	{ 64, "c1bb4f81d892b2d57947682aeb252456" },
	{ 65, "1bc932052302d074bdec39795fe00cf6" },
	{ 1000, "398533d48111e9f664b1f64cb10c4b63" },
};

static void
test_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str text = STR_INIT;

		str_add_z(&text, "=");
		md5_add_hex(&text, span_of(cases[i].bytes));
		assert_int_equal(text.len, 1 + MD5_HEX);
		assert_string_equal(str_z(&text) + 1, cases[i].hex);
		str_free(&text);
	}
}

static void
test_lengths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct str bytes = STR_INIT, text = STR_INIT;

		while (bytes.len < lengths[i].len)
			str_add_byte(&bytes, 'x');
		md5_add_hex(&text, str_span(&bytes));
		assert_string_equal(str_z(&text), lengths[i].hex);
		str_free(&bytes);
		str_free(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
