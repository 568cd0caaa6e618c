/* mailboxes_test.c - the mailboxes in a list as people write it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/mailboxes.h"

/* The list written anew, with blanks between, and the addresses with |. */
static const struct {
	const char *list, *written, *addresses;
} cases[] = {
	{ "", "", "" },
	{ " , ,\n ", "", "" },
	{ "a@b", "a@b", "a@b|" },
	{ "a, b@c", "a b@c", "a|b@c|" },
	{ "Joe Shmoe <joe@x>", "\"Joe Shmoe\" <joe@x>", "joe@x|" },
	{ "J. S. <b@x>,<c@x> (C (c))", "\"J. S.\" <b@x> \"C (c)\" <c@x>",
	    "b@x|c@x|" },
	{ "(D) d@x", "\"D\" <d@x>", "d@x|" },
	{ "<@r,@q:e@x>", "\"@r@q\" <e@x>", "e@x|" },
	{ "\"f g\"@x", "\"f g\"@x", "f g@x|" },
	{ "<a@x> b@x", "a@x b@x", "a@x|b@x|" },
	{ "<a@x><b@x>", "a@x b@x", "a@x|b@x|" },
	{ "<>", "<>", "|" },
	{ "f: a@x, B <b@x>;, c@x", "f: a@x \"B\" <b@x>; c@x", "a@x|b@x|c@x|" },
	{ "nobody here:;", "nobody here: ;", "|" },
	{ "a b.c: x@y", "\"a b.c\": x@y;", "x@y|" },
	{ "f: a@x; g: b@x", "f: a@x; g: b@x;", "a@x|b@x|" },
	{ "f: a@x, g: b@x;", "f: a@x; g: b@x;", "a@x|b@x|" },
	{ "a@x;b@x;", "a@x b@x", "a@x|b@x|" },
	{ "\"open <a@x>", "\"open <a@x>\"", "open <a@x>|" },
	{ "a@x (open", "\"open\" <a@x>", "a@x|" },
	{ "<a@x", "a@x", "a@x|" },
	{ "a)@x]", "a@x", "a@x|" },
	{ "a@[1.2.3.4", "a@[1.2.3.4]", "a@[1.2.3.4]|" },
	{ "a@x\\", "a@x", "a@x|" },
	{ "a\r\n b <c@x>", "\"a b\" <c@x>", "c@x|" },
	{ "Q \"the\" \\\\ <q@x>", "\"Q the \\\\\" <q@x>", "q@x|" },
};

static void
test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mailboxes list = MAILBOXES_INIT;
		struct str written = STR_INIT, addresses = STR_INIT;

		mailboxes_parse(&list, span_of(cases[i].list));
		for (size_t j = 0; j < list.all.len; j++) {
			if (j > 0)
				str_add_byte(&written, ' ');
			mailboxes_add_written(&written, &list.all.at[j]);
			mailboxes_add_address(&addresses, &list.all.at[j]);
			str_add_byte(&addresses, '|');
		}
		assert_string_equal(str_z(&written), cases[i].written);
		assert_string_equal(str_z(&addresses), cases[i].addresses);
		str_free(&written);
		str_free(&addresses);
		mailboxes_free(&list);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lists) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
