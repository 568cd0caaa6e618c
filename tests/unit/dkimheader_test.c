/* dkimheader_test.c - the fields of a header that a signature covers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/dkimheader.h"

#define MESSAGE        \
	"From: a\n"    \
	"X: 1\n"       \
	"Subject: s\n" \
	" t\n"         \
	"x: 2\n"       \
	"no field\n"   \
	"X : 3\n"      \
	"\n"           \
	"X: body\n"

/* Reads a message in pieces of this size; what is left of it is the body. */
static void
read_header(struct dkimheader *header, struct span message, size_t size,
    struct str *body)
{
	*header = (struct dkimheader)DKIMHEADER_INIT;
	for (; message.len; message = span_from(message, size)) {
		struct span piece = span_upto(message, size);

		if (dkimheader_feed(header, &piece))
			str_add(body, piece);
		else
			assert_int_equal(piece.len, 0);
	}
	if (!header->is_over)
		dkimheader_end(header);
}

static void
test_reading(void **state)
{
	static const char *const names[] = { "From", "X", "Subject", "x", "",
		"X" };

	(void)state;
	for (size_t size = 1; size < sizeof(MESSAGE); size++) {
		struct dkimheader header;
		struct str body = STR_INIT;

		read_header(&header, SPAN(MESSAGE), size, &body);
		assert_string_equal(str_z(&body), "X: body\n");
		assert_int_equal(header.fields.len, 6);
		for (size_t i = 0; i < 6; i++)
			assert_true(span_equal(dkimheader_name(&header, i),
			    span_of(names[i])));
		assert_true(span_equal(dkimheader_field(&header, 2),
		    SPAN("Subject: s\n t\n")));
		assert_false(header.is_too_large);
		dkimheader_free(&header);
		str_free(&body);
	}
}

static const struct {
	const char *message;
	size_t fields;
	const char *body;
	bool is_odd;
} odd[] = {
	{ "", 0, "", false },
	{ "\n", 0, "", false },
	{ "\n\n", 0, "\n", false },
	{ " a: b\nc: d\n\nx", 2, "x", true },
	{ "a: b\nc d\n\nx: y\n", 2, "x: y\n", true },
	{ "From a\nb: c\n\n", 2, "", true },
	{ "a: b\n\nx y", 1, "x y", false },
	{ "a: b", 1, "", false },
	{ "a: b\n c", 1, "", false },
	{ "a: b\n \n c\n\nx\n\n", 1, "x\n\n", false },
};

static void
test_odd(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct dkimheader header;
		struct str body = STR_INIT;

		read_header(&header, span_of(odd[i].message), 1, &body);
		assert_int_equal(header.fields.len, odd[i].fields);
		assert_int_equal(header.is_odd, odd[i].is_odd);
		assert_string_equal(str_z(&body), odd[i].body);
		dkimheader_free(&header);
		str_free(&body);
	}
}

static const struct {
	const char *names;
	size_t own;
	const char *input;
} choices[] = {
	{ "from:subject", DKIMHEADER_NONE, "from:a\r\nsubject:s t\r\n" },
	{ "SUBJECT : From", DKIMHEADER_NONE, "subject:s t\r\nfrom:a\r\n" },
	/* the lowest first, each once, then nothing */
	{ "x", DKIMHEADER_NONE, "x:3\r\n" },
	{ "x:from:x", DKIMHEADER_NONE, "x:3\r\nfrom:a\r\nx:2\r\n" },
	{ "x:x:x:x:x", DKIMHEADER_NONE, "x:3\r\nx:2\r\nx:1\r\n" },
	{ "from:from:to", DKIMHEADER_NONE, "from:a\r\n" },
	/* but never itself */
	{ "x:x:x", 5, "x:2\r\nx:1\r\n" },
	{ "x:x:x", 3, "x:3\r\nx:1\r\n" },
};

static void
test_choosing(void **state)
{
	struct dkimheader header;
	struct str body = STR_INIT;

	(void)state;
	read_header(&header, SPAN(MESSAGE), 7, &body);
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		struct str input = STR_INIT;

		assert_true(dkimheader_is_names(span_of(choices[i].names)));
		dkimheader_add_signed(&input, &header,
		    span_of(choices[i].names), choices[i].own, DKIM_RELAXED);
		assert_string_equal(str_z(&input), choices[i].input);
		str_reset(&input);
		dkimheader_add_signed(
		    &input, &header, SPAN("X"), DKIMHEADER_NONE, DKIM_SIMPLE);
		assert_string_equal(str_z(&input), "X : 3\r\n");
		str_free(&input);
	}
	dkimheader_free(&header);
	str_free(&body);
}

static void
test_names(void **state)
{
	struct str names = STR_INIT;

	(void)state;
	assert_true(dkimheader_is_names(SPAN("a")));
	assert_true(dkimheader_is_names(SPAN(" a :\n b-c_d ")));
	assert_false(dkimheader_is_names(SPAN("")));
	assert_false(dkimheader_is_names(SPAN("a:")));
	assert_false(dkimheader_is_names(SPAN("a::b")));
	assert_false(dkimheader_is_names(SPAN("a b")));
	assert_false(dkimheader_is_names(SPAN("a\xc3\xa9")));
	for (size_t i = 1; i < DKIMHEADER_NAMES_MAX; i++)
		str_add_z(&names, "a:");
	str_add_z(&names, "a");
	assert_true(dkimheader_is_names(str_span(&names)));
	str_add_z(&names, ":a");
	assert_false(dkimheader_is_names(str_span(&names)));
	str_free(&names);
}

/* So many bytes, so many fields; the body is found behind more, too. */
static void
test_limits(void **state)
{
	for (int extra = 0; extra <= 1; extra++) {
		struct dkimheader header;
		struct str message = STR_INIT, body = STR_INIT;

		(void)state;
		str_add_z(&message, "a:");
		while (message.len < DKIMHEADER_MAX - 1 + (size_t)extra)
			str_add_byte(&message, 'x');
		str_add_z(&message, "\n\nbody");
		read_header(&header, str_span(&message), 4096, &body);
		assert_int_equal(header.is_too_large, extra);
		assert_true(header.text.len <= DKIMHEADER_MAX);
		assert_string_equal(str_z(&body), "body");
		dkimheader_free(&header);
		str_reset(&message);
		str_reset(&body);
		for (int i = 0; i < DKIMHEADER_FIELDS_MAX + extra; i++)
			str_add_z(&message, "a:\n");
		str_add_z(&message, "\nbody");
		read_header(&header, str_span(&message), 5, &body);
		assert_int_equal(header.is_too_large, extra);
		assert_int_equal(header.fields.len, DKIMHEADER_FIELDS_MAX);
		assert_string_equal(str_z(&body), "body");
		dkimheader_free(&header);
		str_free(&message);
		str_free(&body);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_choosing),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
