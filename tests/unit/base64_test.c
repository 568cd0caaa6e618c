/* base64_test.c - bytes as text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base64.h"

static const struct {
	struct span text, bytes;
} right[] = {
	/* RFC 4648 10 */
	{ { "", 0 }, { "", 0 } },
	{ { "Zg==", 4 }, { "f", 1 } },
	{ { "Zm8=", 4 }, { "fo", 2 } },
	{ { "Zm9v", 4 }, { "foo", 3 } },
	{ { "Zm9vYg==", 8 }, { "foob", 4 } },
	{ { "Zm9vYmE=", 8 }, { "fooba", 5 } },
	{ { "Zm9vYmFy", 8 }, { "foobar", 6 } },
	{ { "AGFubgBwdw==", 12 }, { "\0ann\0pw", 7 } },
	{ { "+/+/", 4 }, { "\xfb\xff\xbf", 3 } },
	{ { "////", 4 }, { "\xff\xff\xff", 3 } },
	{ { "AAAA", 4 }, { "\0\0\0", 3 } },
};

static const char *const wrong[] = { "Z", "Zg", "Zg=", "Zm9", "=",
	"==", "===", "====", "Z===", "Zg==Zg==", "Zm8=Zm8=", "Zg==\n",
	" Zg==", "Zg = =", "Zg=g", "Zm9v=", "Zm9vYg", "Zh==", "Zm9=", "Zm-_",
	"Zm9*", "*", "Zm9v\r\nYg==", "Zm9\xe9" };

static void
test_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		struct str found = STR_INIT;

		assert_true(base64_decode(&found, right[i].text));
		assert_true(span_equal(str_span(&found), right[i].bytes));
		assert_true(found.len <= base64_size(right[i].text.len));
		str_reset(&found);
		base64_add(&found, right[i].bytes);
		assert_true(span_equal(str_span(&found), right[i].text));
		str_free(&found);
	}
}

static void
test_wrong(void **state)
{
	struct str found = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(base64_decode(&found, span_of(wrong[i])));
	assert_false(base64_decode(&found, SPAN("Zm9v\0Zm9")));
	str_free(&found);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
