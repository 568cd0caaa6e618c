/* door_test.c - sockets with a name. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "scratch.h"

static void
test_talk(void **state)
{
	int door = door_open("door", 5), client, server;
	char text[10];

	(void)state;
	assert_true(door >= 0);
	assert_int_equal(door_accept(door), -1);
	assert_int_equal(errno, EAGAIN);
	client = door_connect("door");
	server = door_accept(door);
	assert_true(client >= 0 && server >= 0);
	assert_int_equal(fcntl(client, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(server, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(door, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fdpass_send(client, SPAN("hello"), -1), 0);
	assert_int_equal(fdpass_receive(server, text, sizeof(text), NULL), 5);
	assert_int_equal(fdpass_receive(server, text, sizeof(text), NULL), -1);
	assert_int_equal(errno, EAGAIN); /* the server's end does not block */
	fd_close(client);
	fd_close(server);
	fd_close(door);
}

static void
test_who_is_there(void **state)
{
	int door, first;
	struct stat status;

	(void)state;
	assert_int_equal(door_connect("none"), -1);
	assert_int_equal(errno, ENOENT);
	door = door_open("door", 0);
	assert_int_equal(stat("door", &status), 0);
	assert_int_equal(status.st_mode & 0777, 0666);
	first = door_connect("door");
	assert_true(first >= 0);
	assert_int_equal(door_connect("door"), -1);
	assert_int_equal(errno, EAGAIN);
	fd_close(door);
	fd_close(first);
	assert_int_equal(door_connect("door"), -1);
	assert_int_equal(errno, ECONNREFUSED);
}

/* Another takes its place; who is connected stays so. */
static void
test_replaced(void **state)
{
	int old = door_open("door", 5), client = door_connect("door");
	int new = door_open("door", 5);

	(void)state;
	assert_true(new >= 0);
	assert_true(door_accept(old) >= 0);
	assert_true(door_connect("door") >= 0);
	assert_true(door_accept(new) >= 0);
	fd_close(client);
	fd_close(old);
	fd_close(new);
}

/* It has no name before that is told: who comes finds the one that there was. */
static void
test_made(void **state)
{
	int old = door_open("door", 5), new = door_make("door", 5), client;
	struct stat status;

	(void)state;
	assert_true(old >= 0 && new >= 0);
	assert_int_equal(stat("door.new", &status), 0);
	assert_int_equal(status.st_mode & 0777, 0666);
	client = door_connect("door");
	assert_true(door_accept(old) >= 0);
	fd_close(client);
	assert_int_equal(door_show("door"), 0);
	assert_int_equal(stat("door.new", &status), -1);
	client = door_connect("door");
	assert_int_equal(door_accept(old), -1);
	assert_true(door_accept(new) >= 0);
	fd_close(client);
	assert_int_equal(door_show("door"), -1);
	assert_int_equal(errno, ENOENT);
	fd_close(old);
	fd_close(new);
}

/* Where there is no place for one more file, a new one takes that of the last. */
static void
test_spare(void **state)
{
	struct stat shown, spare;
	int old, new;

	(void)state;
	old = door_open("room", 5);
	assert_int_equal(lstat("room.spare", &spare), 0);
	assert_true(S_ISREG(spare.st_mode) && spare.st_size == 0);
	assert_int_equal(lstat("room", &shown), 0);
	new = door_make("room", 5);
	assert_int_equal(lstat("room.spare", &spare), -1);
	assert_int_equal(door_show("room"), 0);
	assert_int_equal(lstat("room.spare", &spare), 0);
	assert_true(S_ISREG(spare.st_mode) && spare.st_size == 0);
	assert_int_equal(lstat("room.new", &spare), -1);
	fd_close(old);
	fd_close(new);
}

/* Nor for an empty file: then it is the old one, under another name. */
static void
test_spare_without_place(void **state)
{
	struct rlimit limit, none = { 0, 0 };
	struct stat shown, spare;
	int old = door_open("small", 5), new;

	(void)state;
	assert_int_equal(lstat("small", &shown), 0);
	new = door_make("small", 5);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none.rlim_max = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(door_show("small"), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(lstat("small.spare", &spare), 0);
	assert_true(spare.st_ino == shown.st_ino);
	fd_close(old);
	fd_close(new);
}

/* What others have put where the spare would be is not touched behind its name. */
static void
test_no_spare(void **state)
{
	struct stat status;
	int door;

	(void)state;
	scratch_write("kept", "text", 4);
	assert_int_equal(symlink("kept", "linked.spare"), 0);
	door = door_open("linked", 5);
	assert_true(door >= 0);
	fd_close(door);
	assert_int_equal(stat("kept", &status), 0);
	assert_int_equal(status.st_size, 4);
	assert_int_equal(mkdir("barred.spare", 0755), 0);
	for (int i = 0; i < 2; i++) {
		door = door_open("barred", 5);
		assert_true(door >= 0);
		fd_close(door);
	}
}

/* A folder has the name of the door: nothing stays open. */
static void
test_no_name(void **state)
{
	int open = scratch_descriptors();

	(void)state;
	assert_int_equal(mkdir("taken", 0755), 0);
	assert_int_equal(door_open("taken", 5), -1);
	assert_int_equal(scratch_descriptors(), open);
}

/* What a crash has left is no hindrance; what is, is told, and leaves nothing
 * open. */
static void
test_failures(void **state)
{
	int open = scratch_descriptors(), door;

	(void)state;
	scratch_write("left.new", "", 0);
	door = door_open("left", 5);
	assert_true(door >= 0);
	fd_close(door);
	assert_int_equal(mkdir("full.new", 0755), 0);
	assert_int_equal(door_open("full", 5), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(door_connect("full.new"), -1);
	assert_int_equal(errno, ECONNREFUSED);
	assert_int_equal(door_connect("none"), -1);
	assert_int_equal(scratch_descriptors(), open);
}

static void
test_long_name(void **state)
{
	char path[DOOR_PATH_MAX + 2];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(door_open(path, 5), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(door_connect(path), -1);
	assert_int_equal(errno, ENAMETOOLONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talk),
		cmocka_unit_test(test_who_is_there),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_spare),
		cmocka_unit_test(test_spare_without_place),
		cmocka_unit_test(test_no_spare),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_long_name),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
