/* users_test.c - who gets the mail of a local address. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "config/cdbmake.h"
#include "config/users.h"
#include "sys/fd.h"
#include "sys/file.h"

#define JOE           \
	"joe\0"       \
	"1001\0"      \
	"1001\0"      \
	"/home/joe\0" \
	"\0"          \
	"\0"
#define LIST           \
	"list\0"       \
	"1002\0"       \
	"1002\0"       \
	"/home/list\0" \
	"-\0"
#define ALL            \
	"alias\0"      \
	"1003\0"       \
	"1003\0"       \
	"/var/alias\0" \
	"-\0"

static void
make_database(const char *path, bool with_marks)
{
	static struct cdbmake make;
	int fd = file_create(path, 0600);

	assert_true(fd >= 0);
	assert_int_equal(cdbmake_begin(&make, fd), 0);
	assert_int_equal(cdbmake_add(&make, SPAN("!joe\0"), SPAN(JOE)), 0);
	assert_int_equal(cdbmake_add(&make, SPAN("!list-"), SPAN(LIST)), 0);
	assert_int_equal(cdbmake_add(&make, SPAN("!"), SPAN(ALL)), 0);
	if (with_marks)
		assert_int_equal(cdbmake_add(&make, SPAN(""), SPAN("-")), 0);
	assert_int_equal(cdbmake_end(&make), 0);
	cdbmake_free(&make);
	fd_close(fd);
}

static void
test_find(void **state)
{
	static const struct {
		const char *local_part, *user, *extension;
	} cases[] = {
		{ "joe", "joe", "" },
		{ "JOE", "joe", "" },
		{ "list-Owner", "list", "Owner" },
		{ "list-a-b", "list", "a-b" },
		{ "list", "alias", "list" },
		{ "Anybody", "alias", "Anybody" },
	};
	struct str record = STR_INIT;
	struct cdb cdb = CDB_INIT;

	(void)state;
	make_database("users", true);
	assert_int_equal(cdb_open(&cdb, "users"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct users_account account;

		assert_int_equal(
		    users_find(&cdb, span_of(cases[i].local_part), &record), 1);
		assert_true(users_parse(str_span(&record), &account));
		assert_true(span_equal(account.user, span_of(cases[i].user)));
		assert_true(
		    span_equal(account.extension, span_of(cases[i].extension)));
	}
	cdb_close(&cdb);
	make_database("no-marks", false);
	assert_int_equal(cdb_open(&cdb, "no-marks"), 0);
	assert_int_equal(users_find(&cdb, SPAN("joe"), &record), 1);
	assert_int_equal(users_find(&cdb, SPAN("ann"), &record), -1);
	assert_int_equal(errno, EBADMSG);
	cdb_close(&cdb);
	str_free(&record);
}

static void
test_parse(void **state)
{
	const struct span bad[] = {
		SPAN(""),
		SPAN("Z"),
		SPAN("joe\0"
		     "1\0"
		     "1\0"
		     "/home\0"), /* four fields */
		SPAN("\0"
		     "1\0"
		     "1\0"
		     "/home\0"
		     "\0"
		     "\0"), /* no user */
		SPAN("joe\0"
		     "-1\0"
		     "1\0"
		     "/home\0"
		     "\0"
		     "\0"),
		SPAN("joe\0"
		     "1x\0"
		     "1\0"
		     "/home\0"
		     "\0"
		     "\0"),
		SPAN("joe\0"
		     "1\0"
		     "1\0"
		     "\0"
		     "\0"
		     "\0"), /* no home */
		SPAN("joe\0"
		     "4294967295\0"
		     "1\0"
		     "/h\0"
		     "\0"
		     "\0"),
		SPAN("joe\0"
		     "1\0"
		     "4294967295\0"
		     "/h\0"
		     "\0"
		     "\0"),
	};
	struct users_account account;

	(void)state;
	assert_true(users_parse(SPAN(JOE), &account));
	assert_int_equal(account.uid, 1001);
	assert_int_equal(account.gid, 1001);
	assert_true(span_equal(account.home, SPAN("/home/joe")));
	/* As qmail-newu of notqmail ends an exact record. */
	assert_true(
	    users_parse(span_upto(SPAN(JOE), sizeof(JOE) - 2), &account));
	assert_true(span_equal(account.home, SPAN("/home/joe")));
	assert_int_equal(account.extension.len, 0);
	assert_true(users_parse(SPAN("joe\0"
				     "1\0"
				     "2\0"
				     "/h\0"
				     "-\0"
				     "ext"),
	    &account));
	assert_true(span_equal(account.extension, SPAN("ext")));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(users_parse(bad[i], &account));
}

/* Key and record with | for NUL; no key: refused. */
static const struct {
	const char *line, *key, *record;
} lines[] = {
	{ "=Joe:joe:1:2:/h:::", "!joe|", "joe|1|2|/h||" },
	{ "=a:b:1:2:/h:-:x:rest", "!a|", "b|1|2|/h|-|x" },
	{ "+Joe-:joe:1:2:/h:-::", "!joe-", "joe|1|2|/h|-|" },
	{ "+:alias:1:2:/h:-::", "!", "alias|1|2|/h|-|" },
	{ "=:::::::", "!|", "|||||" },
	{ "=a:b:1:2:/h::", NULL, NULL },
	{ "", NULL, NULL },
	{ "joe:joe:1:2:/h:::", NULL, NULL },
	{ ".", NULL, NULL },
};

static void
show_nuls(struct str *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->s[i] == '\0')
			text->s[i] = '|';
}

static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct users_assignment assignment;
		struct str key = STR_INIT, record = STR_INIT;
		const char *fault =
		    users_parse_line(span_of(lines[i].line), &assignment);

		if (!lines[i].key) {
			assert_non_null(fault);
			continue;
		}
		assert_null(fault);
		users_add_key(&key, &assignment);
		users_add_record(&record, &assignment);
		show_nuls(&key);
		show_nuls(&record);
		assert_string_equal(str_z(&key), lines[i].key);
		assert_string_equal(str_z(&record), lines[i].record);
		str_free(&key);
		str_free(&record);
	}
	assert_non_null(users_parse_line(
	    SPAN("=a\0b:c:1:2:/h:::"), &(struct users_assignment){ false }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
