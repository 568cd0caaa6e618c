/* bounce_test.c - the text of a bounce. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/bounce.h"

static void
test_kinds(void **state)
{
	(void)state;
	assert_int_equal(bounce_kind_of(SPAN("a@b")), BOUNCE_SINGLE);
	assert_int_equal(bounce_kind_of(SPAN("")), BOUNCE_DOUBLE);
	assert_int_equal(bounce_kind_of(SPAN("#@[]")), BOUNCE_TRIPLE);
	assert_true(
	    span_equal(bounce_recipient(SPAN("l-@h-@[]")), SPAN("l-@h")));
	assert_true(span_equal(bounce_recipient(SPAN("a@b")), SPAN("a@b")));
}

static void
test_paragraphs(void **state)
{
	static const struct {
		const char *recipient, *report, *paragraph;
	} cases[] = {
		{ "a@b", "gone\n", "<a@b>:\ngone\n\n" },
		{ "a@b", "", "<a@b>:\n\n" },
		{ "a@b", "\n\n", "<a@b>:\n\n" },
		{ "a\n@b", "x", "<a_@b>:\nx\n\n" },
		{ "a@b", "x\n\n\ny\n\n", "<a@b>:\nx\n/\ny\n\n" },
		{ "a@b", "\nx", "<a@b>:\n/x\n\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str text = STR_INIT;

		bounce_add_paragraph(&text, span_of(cases[i].recipient),
		    span_of(cases[i].report));
		assert_string_equal(str_z(&text), cases[i].paragraph);
		str_free(&text);
	}
}

static void
test_paragraphs_are_read(void **state)
{
	static const char *const none[] = { "", "<a@b>:", "<a@b>\n", "a@b>:\n",
		"<:\n", "a\n<a@b>:\n" };
	struct span recipient, words;

	(void)state;
	assert_true(bounce_parse_paragraph(
	    SPAN("<a>:b@c>:\nx\ny\n"), &recipient, &words));
	assert_true(span_equal(recipient, SPAN("a>:b@c")));
	assert_true(span_equal(words, SPAN("x\ny\n")));
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_int_equal(bounce_parse_paragraph(
				     span_of(none[i]), &recipient, &words),
		    i == 1);
}

static void
test_frame(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	bounce_add_head(&text,
	    &(struct bounce_head){ .from = SPAN("Post Office@h.example"),
		.to = SPAN("joe@x\nBcc: y"),
		.id = SPAN("1.2") },
	    BOUNCE_SINGLE);
	assert_non_null(
	    strstr(str_z(&text), "\nMessage-ID: <1.2@h.example>\n"));
	assert_non_null(
	    strstr(str_z(&text), "\nAuto-Submitted: auto-replied\n"));
	assert_non_null(
	    strstr(str_z(&text), "From: \"Post Office\"@h.example\n"));
	assert_null(strstr(str_z(&text), "\nBcc:"));
	assert_non_null(strstr(str_z(&text),
	    "\n\nHi. This is the qmail-send program at h.example.\n"));
	str_reset(&text);
	bounce_add_break(&text, BOUNCE_WHOLE);
	bounce_add_return_path(&text, SPAN("l-@h-@[]"));
	assert_string_equal(str_z(&text),
	    "--- Below this line is a copy of the message.\n\n"
	    "Return-Path: <l-@h>\n");
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_paragraphs),
		cmocka_unit_test(test_paragraphs_are_read),
		cmocka_unit_test(test_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
