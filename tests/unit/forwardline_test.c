/* forwardline_test.c - lines with recipients as people write them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/forwardline.h"
#include "mail/hostrules.h"

/* Entries: addresses, with : for their first @; "|program", "include"; each
 * ends in a blank.  NULL: refused. */
static const struct {
	const char *line, *entries;
} cases[] = {
	{ "", "" },
	{ " \t\r", "" },
	{ ",, ,;", "" },
	{ "a", "a " },
	{ "a, b@c", "a b:c " },
	{ "a; b,", "a b " },
	{ "a b@c d.e", "a b:c d.e " },
	{ "a@x # b", "a:x # b " },
	{ "a@b@c", "a@b:c " },
	{ "Joe Shmoe <joe@x>", "joe:x " },
	{ "a b <c@x> d", "c:x d " },
	{ "<a@x><b@x>", "a:x b:x " },
	{ "<@r,@q:e@x>", "e:x " },
	{ "<>, a", "a " },
	{ "\"\", a", "a " },
	{ "(c (d)) a (e)", "a " },
	{ "\"f g\"@x", "f g:x " },
	{ "\"a@b\"@x", "a@b:x " },
	{ "\\joe", "joe " },
	{ "a@[1.2.3.4]", "a:[1.2.3.4] " },
	{ "joe @ x . example", "joe:x.example " },
	{ "/x=y/@z", "/x=y/:z " },
	{ "\"|p\"@x", "|p:x " },
	{ "|p", "|p " },
	{ "\"|p a, 'b'\"", "|p a, 'b' " },
	{ "x, \"|p a\"", "x |p a " },
	{ "x <\"|p a\">", "|p a " },
	{ ":include:/a/b", "I/a/b " },
	{ " : include : \"a b\", c", "Ia b c " },
	{ ":include:./x.y, :include:z", "I./x.y Iz " },
	/* no half of a line is taken */
	{ "a <b@c", NULL },
	{ "a> b", NULL },
	{ "\"a", NULL },
	{ "a (b", NULL },
	{ "a )b", NULL },
	{ "a\\", NULL },
	{ "<a b@c>", NULL },
	{ "<a,b@c>", NULL },
	{ "<a<b@c>>", NULL },
	{ "<:include:/x>", NULL },
	{ "friends: a, b;", NULL },
	{ ":a", NULL },
	{ "a :include:/x", NULL },
	{ ":INCLUDE:/x", NULL },
	{ ":include:", NULL },
	{ ":include:, a", NULL },
	{ ":include:/x y", NULL },
	{ ":include:<x>", NULL },
	{ ":include::include:x", NULL },
	{ "/var/log/x", NULL },
	{ "\"/x\"", NULL },
	{ "|cat - x", NULL },
	{ "|\"cat x\"", NULL },
	{ "a |cat", NULL },
	{ "|", NULL },
	{ "\"| \"", NULL },
	{ "@h", NULL },
	{ "a@", NULL },
	{ "@", NULL },
};

static void
show(struct str *text, const struct forwardline *line)
{
	for (size_t i = 0; i < line->entries.len; i++) {
		const struct forwardline_entry *entry = &line->entries.at[i];
		struct span all = str_span(&entry->text);

		if (entry->kind == FORWARDLINE_PROGRAM)
			str_add_byte(text, '|');
		if (entry->kind == FORWARDLINE_INCLUDE)
			str_add_byte(text, 'I');
		str_add(text, span_upto(all, entry->local_len));
		if (entry->local_len < all.len) {
			str_add_byte(text, ':');
			str_add(text, span_from(all, entry->local_len + 1));
		}
		str_add_byte(text, ' ');
	}
}

static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct forwardline line = FORWARDLINE_INIT;
		struct str text = STR_INIT;
		const char *fault =
		    forwardline_parse(&line, span_of(cases[i].line));

		if (!cases[i].entries) {
			if (!fault)
				fail_msg("%s is taken", cases[i].line);
		} else {
			if (fault)
				fail_msg("%s: %s", cases[i].line, fault);
			show(&text, &line);
			assert_string_equal(str_z(&text), cases[i].entries);
		}
		forwardline_free(&line);
		str_free(&text);
	}
}

static void
test_nul(void **state)
{
	struct forwardline line = FORWARDLINE_INIT;

	(void)state;
	assert_non_null(forwardline_parse(&line, SPAN("a\0b@x")));
	forwardline_free(&line);
}

/* The alias, and what is left; NULL: refused. */
static const struct {
	const char *line, *alias, *rest;
} aliases[] = {
	{ "", "", "" },
	{ " (c) ", "", "" },
	{ "root: alice", "root@", " alice" },
	{ "root alice", "root@", " alice" },
	{ "Joe@Host+ : b", "joe@host+", " b" },
	{ "@x.example: b", "@x.example", " b" },
	{ "\"a B\": c", "a b@", " c" },
	{ "a (c) :b", "a@", "b" },
	{ "a", "a@", "" },
	{ "a.b:", "a.b@", "" },
	{ "a: b: c;", "a@", " b: c;" },
	{ ": b", NULL, NULL },
	{ "a, b: c", NULL, NULL },
	{ "<a>: b", NULL, NULL },
	{ "\"a: b", NULL, NULL },
};

static void
test_aliases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++) {
		struct span rest = span_of(aliases[i].line);
		struct str alias = STR_INIT, left = STR_INIT;
		const char *fault = forwardline_cut_alias(&rest, &alias);

		if (!aliases[i].alias) {
			if (!fault)
				fail_msg("%s is taken", aliases[i].line);
		} else {
			if (fault)
				fail_msg("%s: %s", aliases[i].line, fault);
			str_set(&left, span_trim_end(rest));
			assert_string_equal(str_z(&alias), aliases[i].alias);
			assert_string_equal(str_z(&left), aliases[i].rest);
		}
		str_free(&alias);
		str_free(&left);
	}
}

static void
test_complete(void **state)
{
	static const char *const completed[][2] = { { "a", "a@def.dom" },
		{ "a@h", "a@h.dom" }, { "a@h+", "a@h.plus" },
		{ "a@h.", "a@h." }, { "a@[1]", "a@[1]" },
		{ "a+", "a+@def.dom" }, { "\"x@y\"", "x@y@def.dom" } };
	struct str rules = STR_INIT;

	(void)state;
	hostrules_add_completion(
	    &rules, SPAN("def"), SPAN("plus"), SPAN("dom"));
	for (size_t i = 0; i < sizeof(completed) / sizeof(*completed); i++) {
		struct forwardline line = FORWARDLINE_INIT;

		assert_null(forwardline_parse(&line, span_of(completed[i][0])));
		assert_null(forwardline_complete(
		    &line.entries.at[0], str_span(&rules)));
		assert_string_equal(
		    str_z(&line.entries.at[0].text), completed[i][1]);
		forwardline_free(&line);
	}
	str_free(&rules);
}

static void
test_long_address(void **state)
{
	struct forwardline line = FORWARDLINE_INIT;
	struct str text = STR_INIT;

	(void)state;
	for (int i = 0; i < FORWARDLINE_ADDRESS_MAX - 4; i++)
		str_add_byte(&text, 'a');
	str_add_z(&text, "@b.c,");
	str_add(&text, str_span(&text));
	text.s[text.len - 1] = 'd';
	assert_null(forwardline_parse(&line, str_span(&text)));
	assert_null(forwardline_complete(&line.entries.at[0], SPAN("")));
	assert_non_null(forwardline_complete(&line.entries.at[1], SPAN("")));
	forwardline_free(&line);
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_long_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
