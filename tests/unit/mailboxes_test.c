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

		assert_true(
		    mailboxes_parse(&list, span_of(cases[i].list), 3));
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

/* Those before are there; with the last one allowed, all are. */
static void
test_too_many(void **state)
{
	static const char *const lists[] = { "a, b, c@x", "a; b; c",
		"<a> <b> <c>", "f: a, b; c", "f:; g:; h:", "a, b, h:;" };

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		for (size_t max = 0; max <= 4; max++) {
			struct mailboxes list = MAILBOXES_INIT;

			assert_int_equal(
			    mailboxes_parse(&list, span_of(lists[i]), max),
			    max >= 3);
			assert_int_equal(list.all.len, max < 3 ? max : 3);
			mailboxes_free(&list);
		}
}

/* One mailbox, of the most words and of one more; outside and inside of <>. */
static void
test_words(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	for (int is_inside = 0; is_inside < 2; is_inside++)
		for (int more = 0; more < 2; more++) {
			struct mailboxes list = MAILBOXES_INIT;

			str_set(&text, is_inside ? SPAN("<") : SPAN(""));
			for (int i = 0; i < MAILBOXES_WORDS_MAX + more; i++)
				str_add_byte(&text, '.');
			assert_int_equal(mailboxes_parse(&list, str_span(&text),
					     MAILBOXES_MAX),
			    !more);
			assert_int_equal(list.all.len, !more);
			mailboxes_free(&list);
		}
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lists),
		cmocka_unit_test(test_too_many), cmocka_unit_test(test_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
