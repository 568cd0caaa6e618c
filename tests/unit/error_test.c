/* error_test.c - what errno means. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/error.h"

static void
test_kinds(void **state)
{
	static const int temporary[] = { EINTR, ENOMEM, ETXTBSY, EIO, ETIMEDOUT,
		EAGAIN, EDEADLK, EBUSY, ENFILE, EMFILE, EFBIG, ENOSPC, ENETDOWN,
		ENETUNREACH, ENETRESET, ECONNABORTED, ECONNRESET, ENOBUFS,
		ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, ESTALE, EDQUOT, EROFS };
	static const int permanent[] = { 0, ENOENT, EACCES, EPERM, EINVAL,
		ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, EEXIST, EBADMSG };

	(void)state;
	for (size_t i = 0; i < sizeof(temporary) / sizeof(*temporary); i++)
		assert_true(error_is_temporary(temporary[i]));
	for (size_t i = 0; i < sizeof(permanent) / sizeof(*permanent); i++)
		assert_false(error_is_temporary(permanent[i]));
	assert_true(error_is_shortage(EMFILE) && error_is_shortage(ENOBUFS));
	assert_false(error_is_shortage(ECONNREFUSED));
	assert_true(strlen(error_text(ENOENT)) > 0);
}

static void
exit_simply(void)
{
	error_exit("pump", "cannot prime");
}

static void
exit_cannot(void)
{
	error_cannot("pump", "prime", "itself");
}

static void
check_exit(void (*end)(void), const char *expected)
{
	char text[200];
	ssize_t got;
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 2);
		errno = ENOENT;
		end();
	}
	close(ends[1]);
	got = read(ends[0], text, sizeof(text));
	assert_true(got > (ssize_t)strlen(expected));
	assert_memory_equal(text, expected, strlen(expected));
	assert_int_equal(text[got - 1], '\n');
	assert_memory_equal(text + strlen(expected), error_text(ENOENT),
	    (size_t)got - strlen(expected) - 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 111);
	close(ends[0]);
}

static void
test_exit(void **state)
{
	(void)state;
	check_exit(exit_simply, "pump: cannot prime: ");
	check_exit(exit_cannot, "pump: fatal: cannot prime itself: ");
}

/* What failed was no system call. */
static void
test_no_errno(void **state)
{
	static const char expected[] = "pump: dry\n";
	int ends[2], kept = dup(2);
	char text[200];

	(void)state;
	assert_true(kept >= 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[1], 2), 2);
	errno = 0;
	error_warn("pump", "dry");
	assert_int_equal(dup2(kept, 2), 2);
	assert_int_equal(
	    read(ends[0], text, sizeof(text)), sizeof(expected) - 1);
	assert_memory_equal(text, expected, sizeof(expected) - 1);
	close(ends[0]);
	close(ends[1]);
	close(kept);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_no_errno),
		cmocka_unit_test(test_exit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
