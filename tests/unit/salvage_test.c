/* salvage_test.c - addresses of a field that is no list. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/salvage.h"

static void
note(void *context, struct token822_list *address)
{
	token822_list_add_plain(context, address);
	str_add_byte(context, '|');
}

static void
test_salvage(void **state)
{
	static const struct {
		const char *body, *addresses;
	} cases[] = {
		{ "", "" },
		{ ",,;", "" },
		{ "a@b", "a@b|" },
		{ "a@b.c, d@e\n", "a@b.c|d@e|" },
		{ "a", "" },
		{ "@b", "" },
		{ "a@", "" },
		{ "a@b@c", "" },
		{ "a b@c", "" },
		{ "<A B <a@b>, C <c@d>, \"E\" <e@f>", "a@b|c@d|e@f|" },
		{ "Bob <bob@b", "bob@b|" },
		{ "a@b>, c@d", "a@b|c@d|" },
		{ "<<a@b>>", "a@b|" },
		{ "team: a@b, <c@d", "a@b|c@d|" },
		{ "Web (Shop <n@x>, b@c", "b@c|" },
		{ "(a, b@c) d@e, (f@g, h@i", "d@e|h@i|" },
		{ "\"A, B\" <a@b>, C\" <c@d>, e@f", "a@b|c@d|e@f|" },
		{ "\"x <a@b>, y@z", "a@b|y@z|" },
		{ "\"x y\"@b, )", "x y@b|" },
		{ "[a@b], c@d", "c@d|" },
		{ "a@[1.2.3.4]", "a@[1.2.3.4]|" },
		{ "a@b)", "a@b|" },
		{ "\\", "" },
		{ "\"\\", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str found = STR_INIT;

		salvage_addresses(span_of(cases[i].body), note, &found);
		assert_string_equal(str_z(&found), cases[i].addresses);
		str_free(&found);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_salvage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
