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
	(void)state;
	assert_true(error_is_temporary(ENOMEM));
	assert_true(error_is_temporary(EINTR));
	assert_true(error_is_temporary(ENOSPC));
	assert_true(error_is_temporary(EMFILE));
	assert_true(error_is_temporary(EIO));
	assert_true(error_is_temporary(ETIMEDOUT));
	assert_false(error_is_temporary(0));
	assert_false(error_is_temporary(ENOENT));
	assert_false(error_is_temporary(EACCES));
	assert_false(error_is_temporary(EINVAL));
	assert_true(strlen(error_text(ENOENT)) > 0);
}

static void
test_exit(void **state)
{
	static const char expected[] = "pump: cannot prime: ";
	char text[200];
	ssize_t got;
	int ends[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 2);
		errno = ENOENT;
		error_exit("pump", "cannot prime");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_exit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
