/* ulabel_test.c - which characters names have. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/ulabel.h"

static void
test_characters(void **state)
{
	static const uint32_t good[] = { 0xdf, 0xe9, 0xf6, 0xf8, 0x101, 0x105,
		0x142, 0x3b1, 0x3c2, 0x430, 0x5d0, 0x627, 0x661, 0x905, 0x93f,
		0xbbe, 0xe01, 0x1ea1, 0x3007, 0x3042, 0x30fb, 0x30fc, 0x4e2d,
		0xac00, 0x20000 };
	static const uint32_t bad[] = { 0x80, 0xa0, 0xaa, 0xad, 0xb5, 0xb7,
		0xb9, 0xc0, 0xd6, 0xd8, 0x100, 0x141, 0x17f, 0x300, 0x308,
		0x327, 0x345, 0x34f, 0x391, 0x410, 0x640, 0x1100, 0x180e,
		0x1e9e, 0x2000, 0x200b, 0x200c, 0x200d, 0x2011, 0x2024, 0x2028,
		0x202e, 0x2060, 0x2102, 0x212a, 0x2160, 0x2460, 0x3002, 0x302e,
		0x3164, 0xd800, 0xe000, 0xf900, 0xfb00, 0xfe0f, 0xfe52, 0xfeff,
		0xff0e, 0xff41, 0xff61, 0xffa0, 0xffff, 0x1d41a, 0x1f100,
		0x1f600, 0x2f800, 0xe0020, 0x10ffff };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		print_message("U+%04X\n", (unsigned)good[i]);
		assert_true(ulabel_may_have(good[i]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		print_message("U+%04X\n", (unsigned)bad[i]);
		assert_false(ulabel_may_have(bad[i]));
	}
}

static void
test_text(void **state)
{
	(void)state;
	assert_true(ulabel_is_clean(SPAN("")));
	assert_true(ulabel_is_clean(SPAN("Bank.example")));
	assert_true(ulabel_is_clean(SPAN("b\303\274cher.example")));
	assert_true(ulabel_is_clean(SPAN("paral\302\267lel.example")));
	assert_false(ulabel_is_clean(SPAN("para\302\267lel.example")));
	assert_false(ulabel_is_clean(SPAN("paral\302\267el.example")));
	assert_false(ulabel_is_clean(SPAN("l\302\267")));
	assert_false(ulabel_is_clean(SPAN("\302\267l")));
	assert_false(ulabel_is_clean(SPAN("bank.example\200")));
	assert_false(ulabel_is_clean(SPAN("bank.example\303")));
	assert_false(ulabel_is_clean(SPAN("bu\314\210cher.example")));
	assert_false(ulabel_is_clean(SPAN("B\303\234CHER.example")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
