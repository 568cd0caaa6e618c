/* blocklist_test.c - addresses that are not welcome. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "config/blocklist.h"
#include "config/cdbmake.h"

static void
put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
put_database(const char *name, struct span key, struct span other)
{
	struct cdbmake make;
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_int_equal(cdbmake_begin(&make, fd), 0);
	assert_int_equal(cdbmake_add(&make, key, SPAN("")), 0);
	assert_int_equal(cdbmake_add(&make, other, SPAN("")), 0);
	assert_int_equal(cdbmake_end(&make), 0);
	cdbmake_free(&make);
	close(fd);
}

static void
test_list(void **state)
{
	static const struct {
		const char *address;
		int listed;
	} cases[] = {
		{ "bad@one.example", 1 },
		{ "BAD@ONE.example", 1 },
		{ "bad@one.example.", 1 },
		{ "bad@one.example. ", 1 },
		{ "good@one.example", 0 },
		{ "any@all.example", 1 },
		{ "any@x@all.example", 1 },
		{ "any@not.all.example", 0 },
		{ "x-spam-y@z.example", 1 },
		{ "spa-m@z.example", 0 },
		{ "joe@mail.cheap.example", 1 },
		{ "joe@cheap.example.org", 0 },
		{ "aXbXc", 1 },
		{ "aXb", 0 },
		{ "much@more.example", 1 },
		{ "MUCH@More.example", 1 },
		{ "more.example", 0 },
		{ "one@two.example", 1 },
		{ "two@two.example", 0 },
		{ "end", 1 },
		{ "ending", 1 },
		{ "en", 0 },
		{ "aaab@three.example", 1 }, /* the second a is the first */
		{ "aaac@three.example", 0 },
		{ "", 0 },
		{ "@", 0 },
	};
	struct blocklist list = BLOCKLIST_INIT;

	(void)state;
	put("list",
	    "# a list\nbad@one.example\n@all.example\n*-SPAM-*\n"
	    "*.cheap.example\na*b*c\nend*\n*aab@three.example\n");
	put_database(
	    "more.cdb", SPAN("@more.example"), SPAN("one@two.example"));
	assert_int_equal(blocklist_read(&list, "list", "more.cdb"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
		    blocklist_has(&list, span_of(cases[i].address)),
		    cases[i].listed);
	blocklist_free(&list);
}

static void
test_files(void **state)
{
	struct blocklist list = BLOCKLIST_INIT;

	(void)state;
	assert_int_equal(blocklist_read(&list, "none", "none.cdb"), 0);
	assert_int_equal(blocklist_has(&list, SPAN("a@b")), 0);
	blocklist_free(&list);
	put("bad.cdb", "nonsense");
	assert_int_equal(blocklist_read(&list, "none", "bad.cdb"), 0);
	assert_int_equal(blocklist_has(&list, SPAN("a@b")), -1);
	blocklist_free(&list);
	assert_int_equal(blocklist_read(&list, "/", "none.cdb"), -1);
	blocklist_free(&list);
	/* That it cannot be opened does not mean that there is none. */
	assert_int_equal(symlink("circle.cdb", "circle.cdb"), 0);
	assert_int_equal(blocklist_read(&list, "none", "circle.cdb"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
