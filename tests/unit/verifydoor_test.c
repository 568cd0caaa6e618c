/* verifydoor_test.c - what a filter believes of what it is told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/verifydoor.h"

/* Who hears nothing gives up soon, and a service at work says so at once. */
#undef VERIFYDOOR_SECONDS
#define VERIFYDOOR_SECONDS 2
#undef VERIFYDOOR_WORK_MS
#define VERIFYDOOR_WORK_MS 0
#undef VERIFYDOOR_TOTAL_MS
#define VERIFYDOOR_TOTAL_MS 300
#include "../../src/lib/net/verifydoor.c"
#include "scratch.h"

static const struct {
	struct span record;
	bool is_fine;
} records[] = {
	{ { "An\0\0", 4 }, true },
	{ { "Arthere.example\0X: y\n\0", 21 }, true },
	{ { "An\0X: y\n z\n\0", 12 }, true },
	{ { "An\0", 3 }, false },
	{ { "", 0 }, false },
	{ { "Ax\0\0", 4 }, false },
	{ { "Bn\0\0", 4 }, false },
	{ { "An\0\0\0", 5 }, false },
	{ { "An\0X: y\0", 8 }, false },
	{ { "An\0X: y\n\nbody\n\0", 15 }, false },
	{ { "An\0\nX: y\n\0", 10 }, false },
	{ { "An\0 X: y\n\0", 10 }, false },
	{ { "An\0\tX: y\n\0", 10 }, false },
};

static void
test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		struct verifydoor_answer answer = VERIFYDOOR_ANSWER_INIT;

		assert_int_equal(parse_answer(records[i].record, &answer),
		    records[i].is_fine);
		verifydoor_answer_free(&answer);
	}
}

static void
test_there_and_back(void **state)
{
	struct verifydoor_answer answer = VERIFYDOOR_ANSWER_INIT;
	struct str record = STR_INIT;

	(void)state;
	verifydoor_format(&record, VERIFYDOOR_QUARANTINE, SPAN("there.example"),
	    SPAN("X: y\n\tz\n"));
	assert_true(parse_answer(str_span(&record), &answer));
	assert_int_equal(answer.wish, VERIFYDOOR_QUARANTINE);
	assert_string_equal(str_z(&answer.domain), "there.example");
	assert_string_equal(str_z(&answer.fields), "X: y\n\tz\n");
	verifydoor_answer_free(&answer);
	str_free(&record);
}

static void
test_questions(void **state)
{
	struct verifydoor_question question;

	(void)state;
	assert_true(
	    verifydoor_parse(span_make("Q192.0.2.1\0h\0s@x\0", 17), &question));
	assert_true(span_equal(question.sender, SPAN("s@x")));
	assert_true(verifydoor_parse(span_make("Q\0\0\0", 4), &question));
	assert_false(verifydoor_parse(span_make("Q\0\0", 3), &question));
	assert_false(verifydoor_parse(span_make("Q\0\0x", 4), &question));
	assert_false(verifydoor_parse(span_make("Q\0\0\0\0", 5), &question));
	assert_false(verifydoor_parse(span_make("A\0\0\0", 4), &question));
}

static void
test_signed(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	assert_true(take_text((struct span){ "sX: y\n\0", 7 }, 's', &text));
	assert_string_equal(str_z(&text), "X: y\n");
	assert_true(take_text((struct span){ "s\0", 2 }, 's', &text));
	assert_int_equal(text.len, 0);
	assert_false(take_text((struct span){ "s", 1 }, 's', &text));
	assert_false(take_text((struct span){ "tX\0", 3 }, 's', &text));
	assert_false(take_text((struct span){ "sX", 2 }, 's', &text));
	assert_false(take_text((struct span){ "sX\0\0", 4 }, 's', &text));
	str_free(&text);
}

static void
test_questions_to_sign(void **state)
{
	struct span sender;
	bool is_resent;

	(void)state;
	assert_true(verifydoor_parse_sign(
	    (struct span){ "Sa@b\0", 5 }, &sender, &is_resent));
	assert_int_equal(sender.len, 3);
	assert_false(is_resent);
	assert_true(verifydoor_parse_sign(
	    (struct span){ "Ra@b\0", 5 }, &sender, &is_resent));
	assert_true(is_resent && sender.len == 3);
	assert_true(verifydoor_parse_sign(
	    (struct span){ "S\0", 2 }, &sender, &is_resent));
	assert_int_equal(sender.len, 0);
	assert_false(verifydoor_parse_sign(
	    (struct span){ "Sa", 2 }, &sender, &is_resent));
	assert_false(verifydoor_parse_sign(
	    (struct span){ "Qa\0", 3 }, &sender, &is_resent));
	assert_false(verifydoor_parse_sign(
	    (struct span){ "Sa\0b", 4 }, &sender, &is_resent));
}

/* A service: lets one in, says w so many times, -1: for ever, and an answer. */
static pid_t
serve(int count, struct span answer)
{
	int door = door_open(VERIFYDOOR_SIGN, 5);
	pid_t pid = fork();

	assert_true(door >= 0 && pid >= 0);
	if (pid == 0) {
		char buffer[100];
		int sock;

		assert_int_equal(fd_set_blocking(door), 0);
		sock = door_accept(door);
		assert_int_equal(fd_set_blocking(sock), 0);
		(void)!fdpass_receive(sock, buffer, sizeof(buffer), NULL);
		for (int i = 0; i != count; i++)
			if (fdpass_send(sock, SPAN("w"), -1) < 0)
				_exit(1);
		(void)!fdpass_send(sock, answer, -1);
		_exit(0);
	}
	close(door);
	return pid;
}

/* What verifydoor_sign makes of it; *has_gone: the service found that it had gone. */
static int
ask_one(int count, struct span answer, struct str *fields, bool *has_gone)
{
	pid_t pid = serve(count, answer);
	int result = verifydoor_sign(".", SPAN("a@b"), false, 0, fields),
	    status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	*has_gone = WEXITSTATUS(status) == 1;
	return result;
}

static void
test_a_service_at_work(void **state)
{
	struct str fields = STR_INIT;
	bool has_gone;

	(void)state;
	assert_int_equal(mkdir("sign", 0700), 0);
	assert_int_equal(ask_one(0, SPAN("sX: y\n\0"), &fields, &has_gone), 1);
	assert_int_equal(ask_one(3, SPAN("sX: y\n\0"), &fields, &has_gone), 1);
	assert_string_equal(str_z(&fields), "X: y\n");
	assert_false(has_gone);
	assert_int_equal(ask_one(3, SPAN("tX\0"), &fields, &has_gone), -1);
	assert_string_equal(str_z(&fields), "X");
	assert_int_equal(ask_one(3, SPAN("ww"), &fields, &has_gone), -1);
	/* It never gets anywhere. */
	assert_int_equal(ask_one(-1, SPAN("s\0"), &fields, &has_gone), -1);
	assert_true(has_gone);
	str_free(&fields);
}

/* A message of 100 bytes, and who waits for it; returns his end. */
static int
begin_message(struct verifydoor_message *message)
{
	char record[VERIFYDOOR_RECORD_MAX], text[100] = "";
	int socks[2], fd;

	scratch_write("message", text, sizeof(text));
	fd = open("message", O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fd_pair(socks), 0);
	assert_int_equal(fdpass_send(socks[0], SPAN("Sa\0"), fd), 0);
	close(fd);
	assert_int_equal(verifydoor_receive(socks[1], record, message).len, 3);
	assert_int_equal(message->sock, socks[1]);
	assert_true(
	    message->deadline <= clock_monotonic() + VERIFYDOOR_TOTAL_MS);
	message->deadline = INT64_MAX;
	return socks[0];
}

static void
end_message(struct verifydoor_message *message, int sock)
{
	close(sock);
	close(message->sock);
	close(message->fd);
}

static void
test_work_is_said(void **state)
{
	struct verifydoor_message message;
	int sock = begin_message(&message);
	char buffer[60];

	(void)state;
	message.said = 0;
	assert_int_equal(verifydoor_read(&message, buffer, 60), 60);
	assert_true(message.said > 0);
	assert_int_equal(fdpass_receive(sock, buffer, 60, NULL), 1);
	assert_int_equal(buffer[0], 'w');
	assert_int_equal(verifydoor_read(&message, buffer, 60), 40);
	assert_int_equal(verifydoor_read(&message, buffer, 60), 0);
	end_message(&message, sock);
}

static void
test_nobody_waits(void **state)
{
	struct verifydoor_message message;
	int sock = begin_message(&message);
	char byte;

	(void)state;
	assert_int_equal(verifydoor_read(&message, &byte, 1), 1);
	assert_int_equal(fdpass_receive(sock, &byte, 1, NULL), 1);
	close(sock);
	assert_int_equal(verifydoor_read(&message, &byte, 1), -1);
	assert_int_equal(errno, EPIPE);
	end_message(&message, -1);
}

/* Who waits takes nothing; a process of the service does not wait for him. */
static void
test_nobody_hears(void **state)
{
	struct verifydoor_message message;
	int sock = begin_message(&message);
	ssize_t got = 0;
	char byte;

	(void)state;
	while (got >= 0) {
		assert_int_equal(lseek(message.fd, 0, SEEK_SET), 0);
		got = verifydoor_read(&message, &byte, 1);
	}
	assert_int_equal(errno, EAGAIN);
	end_message(&message, sock);
}

static void
test_a_message_without_end(void **state)
{
	struct verifydoor_message message;
	int sock = begin_message(&message);
	char byte;

	(void)state;
	message.deadline = clock_monotonic();
	assert_int_equal(verifydoor_read(&message, &byte, 1), -1);
	assert_int_equal(errno, ETIMEDOUT);
	end_message(&message, sock);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_questions_to_sign),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_a_service_at_work),
		cmocka_unit_test(test_work_is_said),
		cmocka_unit_test(test_nobody_waits),
		cmocka_unit_test(test_nobody_hears),
		cmocka_unit_test(test_a_message_without_end),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm(60);
	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
