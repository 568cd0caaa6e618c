/* spawn_test.c - starting programs. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/signal.h"
#include "sys/spawn.h"

/* Runs a shell command; its descriptor `to` is our pipe. */
static int
run_shell(
    const char *command, int to, const char *folder, char *text, size_t size)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
	struct spawn plan = { .path = "sh", .argv = argv, .folder = folder };
	int ends[2], status;
	ssize_t got, len = 0;
	pid_t pid;

	assert_int_equal(fd_pipe(ends), 0);
	plan.fd_count = 1;
	plan.fds[0] = (struct spawn_fd){ ends[1], to };
	pid = spawn_start(&plan);
	assert_true(pid > 0);
	fd_close(ends[1]);
	while ((got = fd_read(ends[0], text + len, size - 1 - (size_t)len)) > 0)
		len += got;
	text[len] = '\0';
	fd_close(ends[0]);
	assert_int_equal(spawn_wait(pid, &status), 0);
	return spawn_exit_code(status);
}

static void
test_running(void **state)
{
	char text[200];

	(void)state;
	assert_int_equal(
	    run_shell("echo hi; exit 7", 1, NULL, text, sizeof(text)), 7);
	assert_string_equal(text, "hi\n");
	assert_int_equal(
	    run_shell("pwd >&6", 6, "/usr", text, sizeof(text)), 0);
	assert_string_equal(text, "/usr\n");
	assert_int_equal(
	    run_shell("kill -KILL $$", 1, NULL, text, sizeof(text)), -1);
}

/* Descriptors that swap their numbers, and one that stays where it is. */
static void
test_descriptor_plan(void **state)
{
	char *argv[] = { (char *)"sh", (char *)"-c",
		(char *)"echo one >&8; echo two >&9; echo three >&7", NULL };
	struct spawn plan = { .path = "/bin/sh", .argv = argv };
	int pipes[3][2], status;
	char text[20];
	pid_t pid;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fd_pipe(pipes[i]), 0);
		assert_int_equal(dup2(pipes[i][1], 7 + i), 7 + i);
		fd_close(pipes[i][1]);
		/* As all of ours; those of the plan are kept in any case. */
		assert_int_equal(fcntl(7 + i, F_SETFD, FD_CLOEXEC), 0);
	}
	plan.fd_count = 3;
	plan.fds[0] = (struct spawn_fd){ 7, 7 };
	plan.fds[1] = (struct spawn_fd){ 8, 9 };
	plan.fds[2] = (struct spawn_fd){ 9, 8 };
	pid = spawn_start(&plan);
	assert_true(pid > 0);
	assert_int_equal(spawn_wait(pid, &status), 0);
	assert_int_equal(fd_read(pipes[0][0], text, sizeof(text)), 6);
	assert_memory_equal(text, "three\n", 6);
	assert_int_equal(fd_read(pipes[1][0], text, sizeof(text)), 4);
	assert_memory_equal(text, "two\n", 4);
	assert_int_equal(fd_read(pipes[2][0], text, sizeof(text)), 4);
	assert_memory_equal(text, "one\n", 4);
	for (int i = 0; i < 3; i++) {
		fd_close(pipes[i][0]);
		fd_close(7 + i);
	}
}

static void
test_failures(void **state)
{
	char *argv[] = { (char *)"x", NULL };
	int status;

	(void)state;
	assert_int_equal(
	    spawn_start(&(struct spawn){ .path = "/none", .argv = argv }), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(
	    spawn_start(&(struct spawn){ .path = "/dev/null", .argv = argv }),
	    -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(
	    spawn_start(&(struct spawn){
		.path = "/bin/true", .argv = argv, .folder = "/none" }),
	    -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(spawn_reap(&status), -1);
}

static void
test_environment_and_reaping(void **state)
{
	char *argv[] = { (char *)"sh", (char *)"-c",
		(char *)"test \"$A\" = b && test -z \"$HOME\"", NULL };
	char *envp[] = { (char *)"A=b", NULL };
	int status;
	pid_t pid, got;

	(void)state;
	pid = spawn_start(
	    &(struct spawn){ .path = "/bin/sh", .argv = argv, .envp = envp });
	assert_true(pid > 0);
	while ((got = spawn_reap(&status)) == 0)
		usleep(1000);
	assert_int_equal(got, pid);
	assert_int_equal(spawn_exit_code(status), 0);
}

/* Signals that we ignore or block do not reach the child so. */
static void
test_signals(void **state)
{
	char text[20];

	(void)state;
	signal_ignore(SIGPIPE);
	signal_block(SIGTERM);
	assert_int_equal(
	    run_shell("kill -PIPE $$; echo alive", 1, NULL, text, 20), -1);
	assert_int_equal(
	    run_shell("kill -TERM $$; echo alive", 1, NULL, text, 20), -1);
	signal_unblock(SIGTERM);
	signal_default(SIGPIPE);
}

/* The child of the program is ended with it; what ignores SIGTERM is killed. */
static void
test_groups(void **state)
{
	static const char *const commands[] = { "sleep 1000 & echo; wait",
		"trap '' TERM; sleep 1000 & echo; wait" };
	char text[20];

	(void)state;
	for (int i = 0; i < 2; i++) {
		char *argv[] = { (char *)"sh", (char *)"-c",
			(char *)commands[i], NULL };
		int ends[2], status;
		pid_t pid;

		assert_int_equal(fd_pipe(ends), 0);
		pid = spawn_start(&(struct spawn){ .path = "/bin/sh",
		    .argv = argv,
		    .leads_group = true,
		    .fd_count = 1,
		    .fds = { { ends[1], 1 } } });
		fd_close(ends[1]);
		assert_true(pid > 0);
		assert_int_equal(getpgid(pid), pid);
		assert_int_equal(fd_read(ends[0], text, sizeof(text)), 1);
		spawn_end(pid, i == 1);
		/* The end of all who hold the pipe. */
		assert_int_equal(fd_read(ends[0], text, sizeof(text)), 0);
		assert_int_equal(spawn_wait(pid, &status), 0);
		assert_int_equal(WTERMSIG(status), i == 1 ? SIGKILL : SIGTERM);
		fd_close(ends[0]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_running),
		cmocka_unit_test(test_descriptor_plan),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_environment_and_reaping),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
