/* rcptcheck_test.c - what qmail-smtpd makes of the answers of qmail-rcptd, and
 * of none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "queue/rcptcheck.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "scratch.h"

/* Answers the questions of one connection after the other; ends with the last
 * answer.  An empty one: it ends the connection instead. */
static pid_t
serve(const struct span *answers)
{
	int door = door_open(RCPTCHECK_DOOR, 5), client = -1;
	char question[RCPTCHECK_ADDRESS_MAX + 2];
	pid_t pid = fork();

	assert_true(door >= 0 && pid >= 0);
	if (pid) {
		fd_close(door);
		return pid;
	}
	while (answers->s) {
		if (client == -1)
			client = accept(door, NULL, NULL);
		if (recv(client, question, sizeof(question), 0) <= 0) {
			fd_close(client);
			client = -1;
			continue;
		}
		if (answers->len == 0) {
			fd_close(client);
			client = -1;
		} else if (send(client, answers->s, answers->len, 0) < 0)
			_exit(1);
		answers++;
	}
	_exit(0);
}

static void
wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_answers(void **state)
{
	const struct span answers[] = { SPAN("K\0"), SPAN("D\0"), SPAN("Z\0"),
		SPAN("K\0"), SPAN("R\0"), SPAN("D"), SPAN("K\0K"), SPAN("D\0"),
		{ NULL, 0 } };
	struct rcptcheck check = RCPTCHECK_INIT;
	struct span address = SPAN("ann@here.example");
	struct timeval limit;
	socklen_t size = sizeof(limit);
	pid_t server = serve(answers);

	(void)state;
	assert_int_equal(rcptcheck_ask(&check, address), RCPTCHECK_KNOWN);
	/* An answer that never comes is not waited for. */
	assert_int_equal(
	    getsockopt(check.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &size), 0);
	assert_int_equal(limit.tv_sec, RCPTCHECK_SECONDS);
	assert_int_equal(rcptcheck_ask(&check, address), RCPTCHECK_UNKNOWN);
	assert_int_not_equal(check.fd, -1);
	/* After a failure the next question goes over a new connection. */
	assert_int_equal(rcptcheck_ask(&check, address), RCPTCHECK_LATER);
	assert_int_equal(check.fd, -1);
	assert_int_equal(rcptcheck_ask(&check, address), RCPTCHECK_KNOWN);
	/* What is no answer says nothing. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(
		    rcptcheck_ask(&check, address), RCPTCHECK_LATER);
	assert_int_equal(rcptcheck_ask(&check, address), RCPTCHECK_UNKNOWN);
	rcptcheck_close(&check);
	wait_for(server);
}

/* Who was silent for long asks over a new connection, but once. */
static void
test_ended(void **state)
{
	const struct span answers[] = { SPAN("K\0"), SPAN(""), SPAN("D\0"),
		SPAN(""), SPAN(""), SPAN("D\0"), { NULL, 0 } };
	struct rcptcheck check = RCPTCHECK_INIT;
	struct span address = SPAN("ann@here.example");
	pid_t server = serve(answers);

	(void)state;
	assert_int_equal(rcptcheck_ask(&check, address), RCPTCHECK_KNOWN);
	assert_int_equal(rcptcheck_ask(&check, address), RCPTCHECK_UNKNOWN);
	assert_int_equal(rcptcheck_ask(&check, address), RCPTCHECK_LATER);
	assert_int_equal(check.fd, -1);
	assert_int_equal(rcptcheck_ask(&check, address), RCPTCHECK_UNKNOWN);
	rcptcheck_close(&check);
	wait_for(server);
}

/* Nobody has such a name, and it would not fit into a question. */
static void
test_long_address(void **state)
{
	char address[RCPTCHECK_ADDRESS_MAX + 1];
	const struct span answers[] = { SPAN("D\0"), { NULL, 0 } };
	struct rcptcheck check = RCPTCHECK_INIT;
	pid_t server = serve(answers);

	(void)state;
	memset(address, 'x', sizeof(address));
	assert_int_equal(
	    rcptcheck_ask(&check, span_make(address, sizeof(address))),
	    RCPTCHECK_KNOWN);
	assert_int_equal(
	    rcptcheck_ask(&check, span_make(address, sizeof(address) - 1)),
	    RCPTCHECK_UNKNOWN);
	rcptcheck_close(&check);
	wait_for(server);
}

/* The lock tells whether the suite runs. */
static void
test_nobody_serves(void **state)
{
	struct rcptcheck check = RCPTCHECK_INIT;
	struct span address = SPAN("ann@here.example");
	int lock, open;

	(void)state;
	(void)unlink(RCPTCHECK_DOOR);
	assert_int_equal(rcptcheck_ask(&check, address), RCPTCHECK_KNOWN);
	lock = file_create(RCPTCHECK_LOCK, 0644);
	open = scratch_descriptors();
	assert_int_equal(rcptcheck_ask(&check, address), RCPTCHECK_KNOWN);
	assert_int_equal(lock_try(lock), 0);
	assert_int_equal(rcptcheck_ask(&check, address), RCPTCHECK_LATER);
	assert_int_equal(scratch_descriptors(), open);
	fd_close(lock);
	(void)unlink(RCPTCHECK_LOCK);
}

/* The line before its door is full: somebody is there, whatever the lock
 * says. */
static void
test_full(void **state)
{
	struct rcptcheck check = RCPTCHECK_INIT;
	int door = door_open(RCPTCHECK_DOOR, 0);
	int other = door_connect(RCPTCHECK_DOOR);

	(void)state;
	assert_true(door >= 0 && other >= 0);
	assert_int_equal(
	    rcptcheck_ask(&check, SPAN("ann@here.example")), RCPTCHECK_LATER);
	fd_close(other);
	fd_close(door);
}

static int
enter(void **state)
{
	return scratch_enter(state) < 0 ? -1 : mkdir("run", 0755);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_long_address),
		cmocka_unit_test(test_nobody_serves),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, enter, scratch_leave);
}
