/* dkimcanon_test.c - the canonical forms of DKIM. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/dkimcanon.h"

static const struct {
	const char *field, *simple, *relaxed;
} fields[] = {
	/* RFC 6376 3.4.5 */
	{ "A: X\n", "A: X\r\n", "a:X\r\n" },
	{ "B : Y\t\n\tZ  \n", "B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n" },
	/* and others */
	{ "A: X", "A: X\r\n", "a:X\r\n" },
	{ "SubJect:\n", "SubJect:\r\n", "subject:\r\n" },
	{ "Subject: \t \n  \n", "Subject: \t \r\n  \r\n", "subject:\r\n" },
	{ "A:b\n c\n\td\n", "A:b\r\n c\r\n\td\r\n", "a:b c d\r\n" },
	{ "A:  b:C \t d\n", "A:  b:C \t d\r\n", "a:b:C d\r\n" },
	{ "A: \xc3\x84\r\n", "A: \xc3\x84\r\r\n", "a:\xc3\x84\r\r\n" },
};

static void
test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct str text = STR_INIT;

		str_add_z(&text, "-");
		dkimcanon_add_field(
		    &text, DKIM_SIMPLE, span_of(fields[i].field));
		assert_string_equal(str_z(&text) + 1, fields[i].simple);
		str_cut(&text, 1);
		dkimcanon_add_field(
		    &text, DKIM_RELAXED, span_of(fields[i].field));
		assert_string_equal(str_z(&text) + 1, fields[i].relaxed);
		str_free(&text);
	}
}

static const struct {
	const char *body, *simple, *relaxed;
} bodies[] = {
	/* RFC 6376 3.4.5 */
	{ " C \nD \t E\n\n\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n" },
	/* 3.4.3, 3.4.4: empty bodies */
	{ "", "\r\n", "" },
	{ "\n", "\r\n", "" },
	{ "\n\n\n", "\r\n", "" },
	{ " \n", " \r\n", "" },
	{ " \t", " \t\r\n", "" },
	{ " \n\t\n\n", " \r\n\t\r\n", "" },
	/* no end of the last line */
	{ "a", "a\r\n", "a\r\n" },
	{ "a \t", "a \t\r\n", "a\r\n" },
	{ "a\n ", "a\r\n \r\n", "a\r\n" },
	/* what is not at an end stays */
	{ "\n\na\n\n\nb\n", "\r\n\r\na\r\n\r\n\r\nb\r\n",
	    "\r\n\r\na\r\n\r\n\r\nb\r\n" },
	{ "a\n \n\tb \t c\n", "a\r\n \r\n\tb \t c\r\n",
	    "a\r\n\r\n b c\r\n" },
	{ "a\rb\r\n", "a\rb\r\r\n", "a\rb\r\r\n" },
	{ "\xff\x80", "\xff\x80\r\n", "\xff\x80\r\n" },
};

static void
take(void *text, struct span bytes)
{
	str_add(text, bytes);
}

/* Fed in pieces of this size. */
static void
canonize(struct str *text, enum dkim_canon canon, uint64_t limit,
    struct span bytes, size_t size, bool *is_cut)
{
	struct dkimcanon_body body;

	str_reset(text);
	dkimcanon_body_init(&body, canon, limit, take, text);
	for (; bytes.len; bytes = span_from(bytes, size))
		dkimcanon_body_feed(&body, span_upto(bytes, size));
	dkimcanon_body_end(&body);
	*is_cut = body.is_cut;
}

static void
check_body(enum dkim_canon canon, const char *body, const char *wanted)
{
	size_t len = strlen(wanted);
	struct str text = STR_INIT;
	bool is_cut;

	for (size_t size = 1; size < 5; size++) {
		canonize(&text, canon, DKIMCANON_NO_LIMIT, span_of(body),
		    size, &is_cut);
		assert_string_equal(str_z(&text), wanted);
		assert_false(is_cut);
		/* The same up to each length. */
		for (size_t limit = 0; limit < len + 2; limit++) {
			canonize(&text, canon, limit, span_of(body), size,
			    &is_cut);
			assert_true(span_equal(str_span(&text),
			    span_upto(span_of(wanted), limit)));
			assert_int_equal(is_cut, limit < len);
		}
	}
	str_free(&text);
}

static void
test_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		check_body(DKIM_SIMPLE, bodies[i].body, bodies[i].simple);
		check_body(DKIM_RELAXED, bodies[i].body, bodies[i].relaxed);
	}
}

/* Longer than the buffer, in lines and in empty lines. */
static void
test_long(void **state)
{
	static const size_t sizes[] = { 1, DKIMCANON_BUFFER - 1,
		DKIMCANON_BUFFER, DKIMCANON_BUFFER + 1, 100000 };
	struct str body = STR_INIT, wanted = STR_INIT, text = STR_INIT;
	bool is_cut;

	(void)state;
	for (size_t i = 0; i < 5 * DKIMCANON_BUFFER; i++) {
		str_add_byte(&body, (char)('a' + i % 26));
		str_add_byte(&wanted, (char)('a' + i % 26));
		if (i == 10) {
			for (size_t k = 0; k < 2 * DKIMCANON_BUFFER; k++) {
				str_add_byte(&body, '\n');
				str_add_z(&wanted, "\r\n");
			}
		}
	}
	str_add_byte(&body, '\n');
	str_add_z(&wanted, "\r\n");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int canon = DKIM_SIMPLE; canon <= DKIM_RELAXED; canon++) {
			canonize(&text, (enum dkim_canon)canon,
			    DKIMCANON_NO_LIMIT, str_span(&body), sizes[i],
			    &is_cut);
			assert_true(span_equal(
			    str_span(&text), str_span(&wanted)));
		}
	str_free(&body);
	str_free(&wanted);
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
