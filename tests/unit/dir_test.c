/* dir_test.c - names in a folder. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/dir.h"
#include "scratch.h"

static void
test_listing(void **state)
{
	struct dir dir = { NULL };
	const char *name;
	int got, count = 0;

	(void)state;
	dir_close(&dir);
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(dir_open(&dir, "d"), 0);
	assert_int_equal(dir_next(&dir, &name), 0);
	dir_close(&dir);
	scratch_write("d/a", "", 0);
	scratch_write("d/.b", "", 0);
	scratch_write("d/...", "", 0);
	assert_int_equal(dir_open(&dir, "d"), 0);
	while ((errno = EIO, got = dir_next(&dir, &name)) > 0) {
		assert_true(!strcmp(name, "a") || !strcmp(name, ".b") ||
		    !strcmp(name, "..."));
		count++;
	}
	assert_int_equal(got, 0);
	assert_int_equal(count, 3);
	dir_close(&dir);
	/* An error is not the end. */
	assert_int_equal(dir_open(&dir, "d"), 0);
	assert_int_equal(close(dirfd(dir.stream)), 0);
	assert_int_equal(dir_next(&dir, &name), -1);
	assert_int_equal(errno, EBADF);
	dir_close(&dir);
	assert_int_equal(dir_open(&dir, "none"), -1);
	assert_int_equal(errno, ENOENT);
}

/* A folder in one that is open; no link is one. */
static void
test_below(void **state)
{
	struct dir above, dir;
	struct stat st;
	const char *name;

	(void)state;
	assert_int_equal(mkdir("e", 0700), 0);
	assert_int_equal(mkdir("e/f", 0700), 0);
	scratch_write("e/f/g", "", 0);
	assert_int_equal(symlink("f", "e/link"), 0);
	assert_int_equal(dir_open(&above, "e"), 0);
	assert_int_equal(dir_open_at(&dir, dir_fd(&above), "f"), 0);
	assert_int_equal(fstatat(dir_fd(&dir), "g", &st, 0), 0);
	assert_int_equal(dir_next(&dir, &name), 1);
	assert_string_equal(name, "g");
	dir_close(&dir);
	assert_int_equal(dir_open_at(&dir, dir_fd(&above), "link"), -1);
	assert_true(errno == ELOOP || errno == ENOTDIR);
	dir_close(&dir);
	assert_int_equal(dir_open_at(&dir, dir_fd(&above), "none"), -1);
	assert_int_equal(errno, ENOENT);
	dir_close(&above);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listing),
		cmocka_unit_test(test_below),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
