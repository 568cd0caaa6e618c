/* file_test.c - regular files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/file.h"
#include "scratch.h"

static void
test_reading(void **state)
{
	static char large[10000];
	struct str text = STR_INIT;

	(void)state;
	scratch_write("f", "a\0b", 3);
	assert_int_equal(file_read("f", &text, 3), 0);
	assert_int_equal(file_read("f", &text, 3), 0);
	assert_int_equal(text.len, 6);
	assert_int_equal(file_read("f", &text, 2), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(file_read("none", &text, 3), -1);
	assert_true(file_is_missing(errno));
	assert_int_equal(file_read("f/x", &text, 3), -1);
	assert_true(file_is_missing(errno));
	assert_int_equal(file_read(".", &text, 3), -1);
	assert_int_equal(errno, EISDIR);
	scratch_write("large", large, sizeof(large));
	str_reset(&text);
	assert_int_equal(file_read("large", &text, sizeof(large)), 0);
	assert_int_equal(text.len, sizeof(large));
	assert_int_equal(file_read("large", &text, sizeof(large) - 1), -1);
	str_free(&text);
}

static void
test_never_blocks(void **state)
{
	struct str text = STR_INIT;
	int fd;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	fd = file_open("fifo");
	assert_true(fd >= 0);
	assert_int_equal(file_read_fd(fd, &text, 10), 0);
	assert_int_equal(text.len, 0);
	fd_close(fd);
	assert_int_equal(file_read("fifo", &text, 10), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(file_read_named("fifo", &text, 10), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(file_read("/dev/null", &text, 10), 0);
	assert_int_equal(file_read_named("/dev/null", &text, 10), 0);
}

/* What has come of it by now is not all. */
static void
test_pipe_with_a_writer(void **state)
{
	struct str text = STR_INIT;
	int fd, writer;

	(void)state;
	assert_int_equal(mkfifo("slow", 0600), 0);
	fd = file_open("slow");
	writer = open("slow", O_WRONLY);
	assert_true(fd >= 0 && writer >= 0);
	assert_int_equal(write(writer, "one\n", 4), 4);
	assert_int_equal(file_read_named("slow", &text, 100), -1);
	assert_int_equal(errno, EAGAIN);
	str_reset(&text);
	assert_int_equal(write(writer, "two\n", 4), 4);
	fd_close(writer);
	assert_int_equal(file_read_named("slow", &text, 100), 0);
	assert_true(span_equal(str_span(&text), SPAN("two\n")));
	fd_close(fd);
	str_free(&text);
}

static void
test_opening(void **state)
{
	struct str text = STR_INIT;
	int fd;

	(void)state;
	umask(022);
	fd = file_create("new", 0666);
	assert_true(fd >= 0);
	assert_int_equal(file_create("new", 0666), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(fd_write_all(fd, SPAN("one")), 0);
	assert_int_equal(file_sync(fd), 0);
	fd_close(fd);
	fd = file_append("new", 0666);
	assert_int_equal(fd_write_all(fd, SPAN("two")), 0);
	fd_close(fd);
	fd = file_append("other", 0600);
	assert_true(fd >= 0);
	fd_close(fd);
	assert_int_equal(file_read("new", &text, 10), 0);
	assert_string_equal(str_z(&text), "onetwo");
	assert_int_equal(symlink("new", "link"), 0);
	assert_int_equal(file_open_nofollow("link"), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(file_update("link"), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(file_replace("link", 0600), -1);
	assert_int_equal(errno, ELOOP);
	fd = file_open("link");
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fd_close(fd);
	str_free(&text);
}

/* A file that is there is not lost. */
static void
test_moving(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	scratch_write("from", "one", 3);
	scratch_write("to", "two", 3);
	assert_int_equal(file_move("from", "to"), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(file_read("to", &text, 10), 0);
	assert_string_equal(str_z(&text), "two");
	assert_int_equal(unlink("to"), 0);
	assert_int_equal(file_move("from", "to"), 0);
	assert_int_equal(access("from", F_OK), -1);
	str_reset(&text);
	assert_int_equal(file_read("to", &text, 10), 0);
	assert_string_equal(str_z(&text), "one");
	str_free(&text);
}

static void
test_times_and_folders(void **state)
{
	int before = scratch_descriptors();
	struct stat st;

	(void)state;
	scratch_write("t", "", 0);
	assert_int_equal(file_set_time("t", 1000000000), 0);
	assert_int_equal(stat("t", &st), 0);
	assert_int_equal(st.st_mtime, 1000000000);
	assert_int_equal(st.st_atime, 1000000000);
	assert_int_equal(file_set_time("none", 1), -1);
	assert_int_equal(file_sync_folder("."), 0);
	assert_int_equal(file_sync_folder("t"), -1);
	assert_int_equal(file_sync_folder("none"), -1);
	assert_int_equal(scratch_descriptors(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_never_blocks),
		cmocka_unit_test(test_pipe_with_a_writer),
		cmocka_unit_test(test_opening),
		cmocka_unit_test(test_moving),
		cmocka_unit_test(test_times_and_folders),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
