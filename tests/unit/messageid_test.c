/* messageid_test.c - the Message-ID of a message that goes by in pieces. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mail/messageid.h"

static const struct {
	const char *message, *id;
} cases[] = {
	{ "Subject: x\nMessage-ID: <a@b>\n\nMessage-ID: <c>\n", "<a@b>" },
	{ "message-id:<a@b>", "<a@b>" },
	{ "Message-ID \t: \t <a@b> \t\nX: y\n\n", "<a@b>" },
	{ "Message-ID:\n <a\n\t@b>\n\n", "<a\t@b>" },
	{ "Message-ID:\nX: y\n\n", "" },
	{ "Message-ID: <a>\nMessage-ID: <b>\n\n", "<a>" },
	{ "Message-ID:\nMessage-ID: <b>\n\n", "" },
	{ "X-Message-ID: <a>\nMessage-IDs: <b>\n Message-ID: <c>\n\n", "" },
	{ "\nMessage-ID: <a@b>\n", "" },
	{ "X: y\n\n\nMessage-ID: <a@b>\n", "" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: x\nMessage-ID: y\n", "y" },
	{ "", "" },
};

static void
test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t step = 1; step < 70; step++) {
			struct span rest = span_of(cases[i].message);
			struct messageid id = { 0 };

			while (rest.len) {
				messageid_add(&id, span_upto(rest, step));
				rest = span_from(rest, step);
			}
			assert_true(span_equal(
			    messageid_value(&id), span_of(cases[i].id)));
		}
}

static void
test_long_values(void **state)
{
	struct messageid id = { 0 };

	(void)state;
	messageid_add(&id, SPAN("Message-ID: "));
	for (int i = 0; i < 3 * MESSAGEID_MAX; i++)
		messageid_add(&id, SPAN("x"));
	assert_int_equal(messageid_value(&id).len, MESSAGEID_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_long_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
