/* header_test.c - what is a field, and which. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/header.h"

static const struct {
	const char *line, *name;
	size_t colon;
} lines[] = {
	{ "To: x\n", "To", 2 },
	{ "To:x", "To", 2 },
	{ "Subject \t: s", "Subject", 9 },
	{ "!#(),;<>\"\\: x", "!#(),;<>\"\\", 10 },
	{ "a:b:c", "a", 1 },
	{ "", "", 0 },
	{ "\n", "", 0 },
	{ ": x", "", 0 },
	{ " To: x", "", 0 },
	{ "My Field: x", "", 0 },
	{ "To\n", "", 0 },
	{ "From joe", "", 0 },
	{ "T\xf6: x", "", 0 },
	{ "T\x01: x", "", 0 },
	{ "\r\n", "", 0 },
};

static void
test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		size_t colon = 0;
		struct span name = header_name(span_of(lines[i].line), &colon);

		assert_true(span_equal(name, span_of(lines[i].name)));
		assert_int_equal(colon, lines[i].colon);
		(void)header_name(span_of(lines[i].line), NULL);
	}
}

static void
test_fields(void **state)
{
	(void)state;
	assert_int_equal(header_identify(SPAN("To")), HEADER_TO);
	assert_int_equal(header_identify(SPAN("bCC")), HEADER_BCC);
	assert_int_equal(
	    header_identify(SPAN("message-id")), HEADER_MESSAGE_ID);
	assert_int_equal(header_identify(SPAN("Resent-Message-ID")),
	    HEADER_RESENT_MESSAGE_ID);
	assert_int_equal(
	    header_identify(SPAN("notice-requested-upon-delivery-to")),
	    HEADER_NOTICE_REQUESTED);
	assert_int_equal(header_identify(SPAN("Too")), HEADER_OTHER);
	assert_int_equal(header_identify(SPAN("T")), HEADER_OTHER);
	assert_int_equal(header_identify(SPAN("")), HEADER_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
