/* aside_test.c - a file that takes the place of another when it is whole. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "scratch.h"
#include "sys/aside.h"
#include "sys/file.h"

static void
assert_holds(const char *path, const char *text, unsigned mode)
{
	struct str found = STR_INIT;
	struct stat st;

	assert_int_equal(file_read(path, &found, 100), 0);
	assert_string_equal(str_z(&found), text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, mode);
	str_free(&found);
}

static void
test_finish(void **state)
{
	struct aside aside;
	struct stat st;

	(void)state;
	scratch_write("a", "old", 3);
	scratch_write("a.tmp", "left over", 9);
	assert_int_equal(aside_open(&aside, "a.tmp", "a"), 0);
	assert_int_equal(fstat(aside.fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(write(aside.fd, "new", 3), 3);
	assert_holds("a", "old", 0644);
	umask(077);
	assert_int_equal(aside_finish(&aside, 0644), 0);
	umask(022);
	assert_holds("a", "new", 0644);
	assert_int_equal(stat("a.tmp", &st), -1);
}

static void
test_abandon(void **state)
{
	struct aside aside;
	struct stat st;

	(void)state;
	scratch_write("b", "old", 3);
	assert_int_equal(aside_open(&aside, "b.tmp", "b"), 0);
	errno = EIO;
	aside_abandon(&aside);
	assert_int_equal(errno, EIO);
	assert_int_equal(aside.fd, -1);
	assert_int_equal(stat("b.tmp", &st), -1);
	assert_holds("b", "old", 0644);
}

static void
test_two_at_once(void **state)
{
	struct aside one, other;
	int before = scratch_descriptors();

	(void)state;
	assert_int_equal(aside_open(&one, "c.tmp", "c"), 0);
	assert_int_equal(write(one.fd, "one", 3), 3);
	assert_int_equal(aside_open(&other, "c.tmp", "c"), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	assert_int_equal(aside_finish(&one, 0600), 0);
	assert_holds("c", "one", 0600);
	assert_int_equal(scratch_descriptors(), before);
}

static void
test_trouble(void **state)
{
	struct aside aside;
	struct stat st;

	(void)state;
	assert_int_equal(symlink("a", "d.tmp"), 0);
	assert_int_equal(aside_open(&aside, "d.tmp", "d"), -1);
	assert_int_equal(errno, ELOOP);
	assert_holds("a", "new", 0644);
	assert_int_equal(aside_open(&aside, "e.tmp", "no/e"), 0);
	assert_int_equal(aside_finish(&aside, 0644), -1);
	assert_int_equal(stat("e.tmp", &st), -1);
	assert_int_equal(aside_open(&aside, "no/f.tmp", "f"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_abandon),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_trouble),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
