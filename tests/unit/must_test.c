/* must_test.c - how programs die. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"

/* Runs act in a child.  Returns its exit code; text receives its fd 2. */
static int
run(void (*act)(void), char *text, size_t size)
{
	int ends[2], status;
	ssize_t got = 0, len = 0;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 2);
		act();
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], text + len, size - 1 - (size_t)len)) > 0)
		len += got;
	text[len] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
do_nothing_wrong(void)
{
	must(1 == 1);
}

static void
do_wrong(void)
{
	must(1 == 2);
}

static void
do_wrong_81(void)
{
	must_hooks(81, NULL);
	must(1 == 2);
}

static void
exit_51(void)
{
	_exit(51);
}

/* Volatile: the compiler need not know that this is too much. */
static volatile size_t too_much = SIZE_MAX / 4;

static void
take_too_much(void)
{
	(void)must_realloc(NULL, too_much);
}

static void
take_too_much_51(void)
{
	must_hooks(81, exit_51);
	(void)must_realloc(NULL, too_much);
}

static void
test_must(void **state)
{
	char text[200];

	(void)state;
	assert_int_equal(run(do_nothing_wrong, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(run(do_wrong, text, sizeof(text)), 111);
	assert_non_null(strstr(text, "must_test.c:"));
	assert_non_null(strstr(text, ": bug\n"));
	assert_int_equal(run(do_wrong_81, text, sizeof(text)), 81);
}

static void
test_memory(void **state)
{
	char text[4000];
	char *memory = must_realloc(NULL, 1);

	(void)state;
	memory = must_realloc(memory, 100);
	memset(memory, 'x', 100);
	free(memory);
#if !defined(__SANITIZE_ADDRESS__)
	/* The sanitizer ends the program in its own way. */
	assert_int_equal(run(take_too_much, text, sizeof(text)), 111);
	assert_int_equal(run(take_too_much_51, text, sizeof(text)), 51);
#else
	(void)take_too_much;
	(void)take_too_much_51;
	(void)text;
#endif
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_must),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
