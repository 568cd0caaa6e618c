/* dkimtags_test.c - lists of tags. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/dkimtags.h"

static const struct {
	const char *text;
	const char *tags; /* "name[value]" of those that were read */
	bool is_good;
} lists[] = {
	{ "v=1; a=b", "v[1]a[b]", true },
	{ "v=1;a=b;", "v[1]a[b]", true },
	{ " v = 1 ;\n\ta =\n b c ;\n ", "v[1]a[b c]", true },
	{ "p=", "p[]", true },
	{ "p= ;", "p[]", true },
	{ "a=b=c==", "a[b=c==]", true },
	{ "Ab_9=x", "Ab_9[x]", true },
	{ "a=\xc3\xa9", "a[\xc3\xa9]", true },
	{ "a=1; A=2", "a[1]A[2]", true },
	{ "", "", false },
	{ " \n\t", "", false },
	{ ";", "", false },
	{ "a=1;;b=2", "a[1]b[2]", false },
	{ "a=1; ;", "a[1]", false },
	{ "a=1; b", "a[1]", false },
	{ "=1", "", false },
	{ "9a=1; b=2", "b[2]", false },
	{ "a-b=1; b=2", "b[2]", false },
	{ "a b=1", "", false },
	{ "a=1; b=2; a=1", "a[1]b[2]", false },
	{ "a=\x01", "", false },
	{ "a=x\ry; b=2", "b[2]", false },
	{ "a=\x7f", "", false },
};

static void
test_lists(void **state)
{
	struct dkimtags tags;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct str got = STR_INIT;

		assert_int_equal(
		    dkimtags_parse(span_of(lists[i].text), &tags),
		    lists[i].is_good);
		for (size_t k = 0; k < tags.count; k++) {
			str_add(&got, tags.at[k].name);
			str_add_byte(&got, '[');
			str_add(&got, tags.at[k].value);
			str_add_byte(&got, ']');
		}
		assert_string_equal(str_z(&got), lists[i].tags);
		str_free(&got);
	}
}

static void
test_many(void **state)
{
	struct dkimtags tags;
	struct str text = STR_INIT;

	(void)state;
	for (unsigned i = 0; i < DKIMTAGS_MAX; i++) {
		str_add_byte(&text, 'a');
		str_add_u64(&text, i);
		str_add_z(&text, "=x;");
	}
	assert_true(dkimtags_parse(str_span(&text), &tags));
	assert_int_equal(tags.count, DKIMTAGS_MAX);
	str_add_z(&text, "b=x");
	assert_false(dkimtags_parse(str_span(&text), &tags));
	assert_int_equal(tags.count, DKIMTAGS_MAX);
	str_free(&text);
}

static void
test_finding(void **state)
{
	struct span text = SPAN("v=1; b= x y ;c=2");
	struct dkimtags tags;

	(void)state;
	assert_true(dkimtags_parse(text, &tags));
	assert_null(dkimtags_find(&tags, "V"));
	assert_null(dkimtags_find(&tags, "x"));
	assert_true(span_equal(
	    dkimtags_find(&tags, "b")->whole, SPAN(" x y ")));
	assert_ptr_equal(dkimtags_find(&tags, "b")->whole.s, text.s + 7);
	assert_true(span_equal(
	    dkimtags_value(&tags, "c", SPAN("9")), SPAN("2")));
	assert_true(span_equal(
	    dkimtags_value(&tags, "d", SPAN("9")), SPAN("9")));
}

static const struct {
	const char *list, *items;
} colons[] = {
	{ "a", "[a]" },
	{ "a:b", "[a][b]" },
	{ " a :\n b ", "[a][b]" },
	{ "", "[]" },
	{ ":", "[][]" },
	{ "a::b:", "[a][][b][]" },
};

static void
test_items(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(colons) / sizeof(colons[0]); i++) {
		struct span item, rest = span_of(colons[i].list);
		struct str got = STR_INIT;

		while (dkimtags_next(&rest, &item)) {
			str_add_byte(&got, '[');
			str_add(&got, item);
			str_add_byte(&got, ']');
		}
		assert_string_equal(str_z(&got), colons[i].items);
		str_free(&got);
	}
	assert_true(dkimtags_has(SPAN("sha1 : sha256"), SPAN("sha256")));
	assert_false(dkimtags_has(SPAN("sha1 : SHA256"), SPAN("sha256")));
	assert_false(dkimtags_has(SPAN("sha2567"), SPAN("sha256")));
}

static const struct {
	const char *text, *bytes; /* NULL: it is no base64 */
} codes[] = {
	{ "YWJj", "abc" },
	{ " YW\n\tJ j ", "abc" },
	{ "YWI=", "ab" },
	{ "YWI", "ab" },
	{ "YQ==", "a" },
	{ "YQ = =", "a" },
	{ "YQ", "a" },
	{ "", "" },
	{ "Y", NULL },
	{ "YWJjY", NULL },
	{ "YW*j", NULL },
	{ "YQ==YQ==", NULL },
};

static void
test_base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct str bytes = STR_INIT;
		bool is_good =
		    dkimtags_decode(&bytes, span_of(codes[i].text));

		assert_int_equal(is_good, codes[i].bytes != NULL);
		if (is_good)
			assert_string_equal(str_z(&bytes), codes[i].bytes);
		str_free(&bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_finding),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
