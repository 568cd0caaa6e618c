/* logincheck_test.c - what qmail-smtpd makes of the answers of qmail-authd, and
 * of none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "queue/logincheck.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "scratch.h"

static const struct logincheck ann = { { "192.0.2.1", 9 }, { "smtp", 4 },
	{ "ann", 3 }, { "top secret", 10 } };
#define QUESTION SPAN("A192.0.2.1\0Ssmtp\0Uann\0Ptop secret\0")

/* Answers one question; an empty answer: it ends the connection instead.  Exits
 * with 0 if the question was right. */
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
	if (answer.len && send(client, answer.s, answer.len, 0) < 0)
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
		{ { "D\0", 2 }, LOGINCHECK_WRONG },
		{ { "L\0", 2 }, LOGINCHECK_TOO_OFTEN },
		{ { "Z\0", 2 }, LOGINCHECK_LATER },
		{ { "K", 1 }, LOGINCHECK_LATER },
		{ { "Kx\0", 3 }, LOGINCHECK_LATER },
		{ { "k\0", 2 }, LOGINCHECK_LATER },
		{ { "A\0", 2 }, LOGINCHECK_LATER },
		{ { "\0", 1 }, LOGINCHECK_LATER },
		{ { "", 0 }, LOGINCHECK_LATER },
	};

	(void)state;
	assert_int_equal(mkdir("login", 0700), 0);
	assert_int_equal(logincheck_ask(&ann), LOGINCHECK_LATER);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		pid_t pid = serve(cases[i].answer);
		int status;

		assert_int_equal(logincheck_ask(&ann), cases[i].means);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	/* Dead, but its door is there. */
	assert_int_equal(logincheck_ask(&ann), LOGINCHECK_LATER);
}

/* Nobody is asked. */
static void
test_not_fit(void **state)
{
	char many[LOGINCHECK_SECRETS_MAX + 1];
	struct logincheck login = ann;

	(void)state;
	memset(many, 'a', sizeof(many));
	login.name = span_make(many, LOGINCHECK_SECRETS_MAX - 10);
	assert_true(logincheck_is_fit(&login));
	login.name.len++;
	assert_false(logincheck_is_fit(&login));
	login.name.len = sizeof(many);
	assert_false(logincheck_is_fit(&login));
	assert_int_equal(logincheck_ask(&login), LOGINCHECK_WRONG);
	login = ann;
	login.name = SPAN("");
	assert_false(logincheck_is_fit(&login));
	login.name = SPAN("a\nb");
	assert_false(logincheck_is_fit(&login));
	login.name = SPAN("a\0b");
	assert_false(logincheck_is_fit(&login));
	login = ann;
	login.password = SPAN("a\0b");
	assert_false(logincheck_is_fit(&login));
	login.password = SPAN("a\nb");
	assert_true(logincheck_is_fit(&login));
	login = ann;
	login.address = span_make(many, LOGINCHECK_ADDRESS_MAX + 1);
	assert_false(logincheck_is_fit(&login));
	login.address = SPAN("1\x7f");
	assert_false(logincheck_is_fit(&login));
	login = ann;
	login.service = span_make(many, LOGINCHECK_SERVICE_MAX + 1);
	assert_false(logincheck_is_fit(&login));
}

static void
test_parse(void **state)
{
	struct logincheck login;
	struct span all = QUESTION;

	(void)state;
	assert_true(logincheck_parse(all, &login));
	assert_true(span_equal(login.address, ann.address));
	assert_true(span_equal(login.service, ann.service));
	assert_true(span_equal(login.name, ann.name));
	assert_true(span_equal(login.password, ann.password));
	for (size_t len = 0; len < all.len; len++)
		assert_false(logincheck_parse(span_upto(all, len), &login));
	assert_false(logincheck_parse(
	    SPAN("A192.0.2.1\0Ssmtp\0Uann\0Ptop secret\0Px\0"), &login));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_not_fit),
		cmocka_unit_test(test_parse),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
