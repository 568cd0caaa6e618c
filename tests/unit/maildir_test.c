/* maildir_test.c - the messages of a Maildir. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "scratch.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/maildir.h"

static void
write_dated(const char *name, int64_t seconds)
{
	scratch_write(name, name, strlen(name));
	assert_int_equal(file_set_time(name, seconds), 0);
}

static void
test_list(void **state)
{
	struct maildir_files files = MAILDIR_FILES_INIT;

	(void)state;
	write_dated("new/b", 20);
	write_dated("new/a", 20);
	write_dated("cur/c:2,S", 10);
	write_dated("new/.hidden", 1);
	assert_int_equal(mkdir("new/folder", 0700), 0);
	assert_int_equal(symlink("nowhere", "new/dangling"), 0);
	assert_int_equal(symlink("loop", "new/loop"), 0);
	assert_int_equal(maildir_list(&files, "new"), 0);
	assert_int_equal(maildir_list(&files, "cur"), 0);
	maildir_sort(&files);
	assert_int_equal(files.all.len, 3);
	assert_string_equal(files.all.at[0].name, "cur/c:2,S");
	assert_int_equal(files.all.at[0].changed, 10);
	assert_int_equal(files.all.at[0].size, 9);
	assert_string_equal(files.all.at[1].name, "new/a");
	assert_string_equal(files.all.at[2].name, "new/b");
	maildir_free(&files);
	assert_int_equal(maildir_list(&files, "none"), -1);
	assert_int_equal(errno, ENOENT);
	maildir_sort(&files);
	maildir_free(&files);
}

static void
test_leftovers(void **state)
{
	int64_t now = clock_seconds();
	struct stat st;

	(void)state;
	write_dated("tmp/old", now - MAILDIR_LEFTOVER_AGE - 1);
	write_dated("tmp/young", now - MAILDIR_LEFTOVER_AGE + 60);
	maildir_remove_leftovers(now);
	assert_int_equal(stat("tmp/old", &st), -1);
	assert_int_equal(stat("tmp/young", &st), 0);
}

static int
enter(void **state)
{
	return scratch_enter(state) || mkdir("new", 0700) ||
	    mkdir("cur", 0700) || mkdir("tmp", 0700);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_leftovers),
	};

	return cmocka_run_group_tests(tests, enter, scratch_leave);
}
