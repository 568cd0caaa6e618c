/* logintry_test.c - what qmail-popup makes of the answers of qmail-authd, and of
 * none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "queue/logintry.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "scratch.h"

static const struct logincheck ann = { { "192.0.2.1", 9 }, { "pop3", 4 },
	{ "ann", 3 }, { "top secret", 10 } };
#define QUESTION SPAN("A192.0.2.1\0Spop3\0Uann\0EB\0")

/* Answers one question.  Exits with 0 if that was right. */
static pid_t
serve(struct span answer)
{
	int door = door_open(LOGINCHECK_DOOR, 5), client;
	char record[LOGINCHECK_RECORD_MAX];
	ssize_t got;
	pid_t pid = fork();

	assert_true(door >= 0 && pid >= 0);
	if (pid) {
		fd_close(door);
		return pid;
	}
	(void)poll(&(struct pollfd){ .fd = door, .events = POLLIN }, 1, 30000);
	client = accept(door, NULL, NULL);
	got = recv(client, record, sizeof(record), 0);
	if (send(client, answer.s, answer.len, 0) < 0)
		_exit(1);
	_exit(got > 0 && span_equal(span_make(record, (size_t)got), QUESTION)
		? 0
		: 1);
}

static void
test_answers(void **state)
{
	static const struct {
		struct span answer;
		enum logincheck_answer means;
	} cases[] = {
		{ { "K\0", 2 }, LOGINCHECK_RIGHT },
		{ { "L\0", 2 }, LOGINCHECK_TOO_OFTEN },
		{ { "Z\0", 2 }, LOGINCHECK_LATER },
		{ { "x\0", 2 }, LOGINCHECK_LATER },
	};

	(void)state;
	/* Nobody counts here. */
	assert_int_equal(
	    logintry_tell(".", &ann, LOGINTRY_BEGINS), LOGINCHECK_RIGHT);
	assert_int_equal(mkdir("login", 0700), 0);
	assert_int_equal(
	    logintry_tell(".", &ann, LOGINTRY_BEGINS), LOGINCHECK_RIGHT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		pid_t pid = serve(cases[i].answer);
		int status;

		assert_int_equal(logintry_tell(".", &ann, LOGINTRY_BEGINS),
		    cases[i].means);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	/* Dead, but its door is there. */
	assert_int_equal(
	    logintry_tell(".", &ann, LOGINTRY_BEGINS), LOGINCHECK_LATER);
}

/* Nobody has such a name, whoever counts. */
static void
test_not_fit(void **state)
{
	struct logincheck login = ann;

	(void)state;
	login.name = SPAN("a\nb");
	assert_int_equal(
	    logintry_tell(".", &login, LOGINTRY_BEGINS), LOGINCHECK_WRONG);
	login.name = SPAN("");
	assert_int_equal(
	    logintry_tell(".", &login, LOGINTRY_BEGINS), LOGINCHECK_WRONG);
}

static void
test_parse(void **state)
{
	static const struct span not[] = {
		{ "A1\0Spop3\0Uann\0E\0", 16 },
		{ "A1\0Spop3\0Uann\0ED\0", 17 },
		{ "A1\0Spop3\0Uann\0EBK\0", 18 },
		{ "A1\0Spop3\0U\0EB\0", 14 },
		{ "A1\0Spop3\0Uann\0PB\0", 17 },
		{ "A1\0Spop3\0Uann\0EB\0EK\0", 20 },
	};
	enum logintry_event event;
	struct logincheck login;
	struct span all = QUESTION;

	(void)state;
	assert_true(logintry_parse(all, &login, &event));
	assert_true(span_equal(login.address, ann.address));
	assert_true(span_equal(login.service, ann.service));
	assert_true(span_equal(login.name, ann.name));
	assert_int_equal(login.password.len, 0);
	assert_int_equal(event, LOGINTRY_BEGINS);
	for (size_t len = 0; len < all.len; len++)
		assert_false(
		    logintry_parse(span_upto(all, len), &login, &event));
	for (size_t i = 0; i < sizeof(not) / sizeof(*not); i++)
		assert_false(logintry_parse(not[i], &login, &event));
	assert_true(logintry_parse(
	    SPAN("A1\0Spop3\0Uann\0EK\0"), &login, &event));
	assert_int_equal(event, LOGINTRY_WAS_RIGHT);
	assert_true(logintry_parse(
	    SPAN("A1\0Spop3\0Uann\0EZ\0"), &login, &event));
	assert_int_equal(event, LOGINTRY_IS_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_answers),
		cmocka_unit_test(test_not_fit), cmocka_unit_test(test_parse) };

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
