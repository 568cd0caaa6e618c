/* stsdoor_test.c - questions for policies, and answers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/stsdoor.h"

#undef STSDOOR_SECONDS
#define STSDOOR_SECONDS 2
#include "../../src/lib/net/stsdoor.c"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "scratch.h"

static void
test_question(void **state)
{
	struct span domain;

	(void)state;
	assert_true(stsdoor_question(SPAN("Da.example\0"), &domain));
	assert_true(span_equal(domain, SPAN("a.example")));
	assert_false(stsdoor_question(SPAN("Da.example"), &domain));
	assert_false(stsdoor_question(SPAN("Xa.example\0"), &domain));
	assert_false(stsdoor_question(SPAN("Da\0Da\0"), &domain));
	assert_false(stsdoor_question(SPAN("\0"), &domain));
	assert_false(stsdoor_question(SPAN(""), &domain));
}

/* A record has room for a policy that is as long as one may be. */
static void
test_long_answers(void **state)
{
	static const char *const lines[] = { "mx:a\n", "mx:a.example\n" };
	struct sts_answer answer = STS_ANSWER_INIT;
	struct str record = STR_INIT, file = STR_INIT;

	(void)state;
	str_add_z(&answer.id, "12345678901234567890123456789012");
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct span line = span_of(lines[i]);

		str_set(&file,
		    SPAN("version:STSv1\nmode:enforce\nmax_age:31557600\n"));
		while (file.len + line.len <= STS_POLICY_MAX)
			str_add(&file, line);
		assert_true(sts_policy_parse(str_span(&file), &answer.policy));
		stsdoor_format(&record, STSDOOR_POLICY, &answer);
		assert_true(record.len <= FDPASS_RECORD_MAX);
		assert_int_equal(
		    stsdoor_parse(str_span(&record), &answer), STSDOOR_POLICY);
	}
	sts_answer_free(&answer);
	str_free(&record);
	str_free(&file);
}

static void
test_answers(void **state)
{
	struct sts_answer answer = STS_ANSWER_INIT, back = STS_ANSWER_INIT;
	struct str record = STR_INIT;

	(void)state;
	answer.policy.mode = STS_TESTING;
	answer.policy.max_age = 86400;
	str_add(&answer.policy.hosts, SPAN("a.example\0*.b.example\0"));
	str_add_z(&answer.id, "1");
	str_add_z(&answer.reason, "sts-policy-invalid");
	stsdoor_format(&record, STSDOOR_POLICY, &answer);
	assert_int_equal(
	    stsdoor_parse(str_span(&record), &back), STSDOOR_POLICY);
	assert_int_equal(back.policy.mode, STS_TESTING);
	assert_int_equal(back.policy.max_age, 86400);
	assert_string_equal(str_z(&back.id), "1");
	assert_true(span_equal(
	    str_span(&back.policy.hosts), str_span(&answer.policy.hosts)));
	assert_int_equal(back.reason.len, 0);
	for (size_t len = 0; len < record.len; len++)
		if (record.s[len - (len > 0)] != '\0' || len == 0)
			assert_int_equal(
			    stsdoor_parse(
				span_upto(str_span(&record), len), &back),
			    STSDOOR_LATER);
	assert_int_equal(back.policy.hosts.len, 0);
	stsdoor_format(&record, STSDOOR_FAILED, &answer);
	assert_int_equal(
	    stsdoor_parse(str_span(&record), &back), STSDOOR_FAILED);
	assert_string_equal(str_z(&back.reason), "sts-policy-invalid");
	stsdoor_format(&record, STSDOOR_NONE, &answer);
	assert_int_equal(stsdoor_parse(str_span(&record), &back), STSDOOR_NONE);
	assert_int_equal(
	    stsdoor_parse(SPAN("Penforced\0"), &back), STSDOOR_LATER);
	assert_int_equal(
	    stsdoor_parse(SPAN("Penforce\0X\0"), &back), STSDOOR_LATER);
	assert_int_equal(
	    stsdoor_parse(SPAN("Penforce\0S-1\0"), &back), STSDOOR_LATER);
	assert_int_equal(
	    stsdoor_parse(SPAN("S1\0Penforce\0"), &back), STSDOOR_LATER);
	sts_answer_free(&answer);
	sts_answer_free(&back);
	str_free(&record);
}

/* Who serves: lets one in, hears it, and says the record, if there is one. */
static pid_t
serve(struct span record)
{
	int door = door_open(STSDOOR_PATH, 5);
	pid_t pid = fork();

	assert_true(door >= 0 && pid >= 0);
	if (pid == 0) {
		char buffer[100];
		int sock;

		assert_int_equal(fd_set_blocking(door), 0);
		sock = door_accept(door);
		assert_int_equal(fd_set_blocking(sock), 0);
		(void)!fdpass_receive(sock, buffer, sizeof(buffer), NULL);
		if (record.len)
			(void)!fdpass_send(sock, record, -1);
		else
			(void)!fdpass_receive(
			    sock, buffer, sizeof(buffer), NULL);
		_exit(0);
	}
	close(door);
	return pid;
}

static enum sts_outcome
ask_one(struct span record, int64_t patience)
{
	struct sts_answer answer = STS_ANSWER_INIT;
	pid_t pid = serve(record);
	enum sts_outcome outcome = stsdoor_ask(
	    ".", SPAN("a.example"), clock_monotonic() + patience, &answer);
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	sts_answer_free(&answer);
	return outcome;
}

static void
test_ask(void **state)
{
	struct sts_answer answer = STS_ANSWER_INIT;
	int before = scratch_descriptors();

	(void)state;
	assert_int_equal(stsdoor_ask(".", SPAN("a.example"), 0, &answer),
	    STSDOOR_NO_SERVICE);
	assert_int_equal(mkdir("sts", 0700), 0);
	assert_int_equal(stsdoor_ask(".", SPAN("a.example"), 0, &answer),
	    STSDOOR_NO_SERVICE);
	assert_int_equal(
	    ask_one(SPAN("Penforce\0Ma\0"), 20000), STSDOOR_POLICY);
	assert_int_equal(ask_one(SPAN("Pnone\0"), 20000), STSDOOR_NONE);
	assert_int_equal(ask_one(SPAN("junk"), 20000), STSDOOR_LATER);
	assert_int_equal(ask_one(SPAN(""), 50), STSDOOR_LATER);
	/* However long the delivery may last: somebody hangs there. */
	assert_int_equal(ask_one(SPAN(""), 864000000), STSDOOR_LATER);
	/* Its door is there, and nobody behind it. */
	assert_int_equal(stsdoor_ask(".", SPAN("a.example"), 0, &answer),
	    STSDOOR_LATER);
	assert_int_equal(
	    stsdoor_ask(".", SPAN("a\0b"), 0, &answer), STSDOOR_NONE);
	assert_int_equal(scratch_descriptors(), before);
	sts_answer_free(&answer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_long_answers),
		cmocka_unit_test(test_ask),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
