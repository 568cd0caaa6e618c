/* inject_test.c - handing a message to a queue program. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "queue/inject.h"
#include "sys/file.h"
#include "sys/signal.h"
#include "scratch.h"

static struct inject inject;

static void
make_program(const char *script)
{
	struct str text = STR_INIT;

	str_add_z(&text, "#!/bin/sh\n");
	str_add_z(&text, script);
	scratch_write("program", text.s, text.len);
	assert_int_equal(chmod("program", 0755), 0);
	str_free(&text);
}

static void
check_file(const char *name, struct span wanted)
{
	struct str text = STR_INIT;

	assert_int_equal(file_read(name, &text, 10000), 0);
	assert_true(span_equal(str_span(&text), wanted));
	str_free(&text);
}

static void
test_accepted(void **state)
{
	struct verdict verdict;

	(void)state;
	make_program("cat >message; cat <&1 >envelope; exit 0\n");
	assert_int_equal(inject_open(&inject, ".", INJECT_AS_IT_IS), 0);
	inject_message(&inject, SPAN("a\n"));
	inject_message(&inject, SPAN("b\n"));
	inject_sender(&inject, SPAN("s@x"));
	inject_recipient(&inject, SPAN("r@x"));
	inject_recipient(&inject, SPAN("t@x"));
	verdict = inject_close(&inject);
	assert_int_equal(verdict.letter, VERDICT_ACCEPTED);
	check_file("message", SPAN("a\nb\n"));
	check_file("envelope", SPAN("Fs@x\0Tr@x\0Tt@x\0\0"));
}

static void
test_broken(void **state)
{
	struct verdict verdict;

	(void)state;
	make_program("cat >message; cat <&1 >envelope; exit 0\n");
	assert_int_equal(inject_open(&inject, ".", INJECT_AS_IT_IS), 0);
	inject_message(&inject, SPAN("a\n"));
	inject_sender(&inject, SPAN("s@x"));
	inject_break(&inject);
	verdict = inject_close(&inject);
	assert_int_equal(verdict.letter, VERDICT_TEMPORARY);
	check_file("envelope", SPAN(""));
	/* Broken before the message is out. */
	assert_int_equal(inject_open(&inject, ".", INJECT_AS_IT_IS), 0);
	inject_message(&inject, SPAN("a\n"));
	inject_break(&inject);
	verdict = inject_close(&inject);
	assert_int_equal(verdict.letter, VERDICT_TEMPORARY);
}

static struct verdict
run_in(const char *home)
{
	static char much[100000];

	assert_int_equal(inject_open(&inject, home, INJECT_AS_IT_IS), 0);
	inject_message(&inject, span_make(much, sizeof(much)));
	inject_sender(&inject, SPAN(""));
	return inject_close(&inject);
}

static struct verdict
run_program(const char *script)
{
	make_program(script);
	return run_in(".");
}

static void
test_refused(void **state)
{
	struct verdict verdict;

	(void)state;
	signal_ignore(SIGPIPE);
	verdict = run_program("cat >/dev/null; exit 31\n");
	assert_int_equal(verdict.letter, VERDICT_PERMANENT);
	verdict = run_program("echo Dno way >&6; cat >/dev/null; exit 82\n");
	assert_int_equal(verdict.letter, VERDICT_PERMANENT);
	assert_true(span_starts(verdict.text, SPAN("no way")));
	verdict = run_program("kill -KILL $$\n");
	assert_int_equal(verdict.letter, VERDICT_TEMPORARY);
	/* Success without having read all is none. */
	verdict = run_program("exit 0\n");
	assert_int_equal(verdict.letter, VERDICT_TEMPORARY);
}

/* Who has queued it, as the program says it, or else the program. */
static void
test_told_qp(void **state)
{
	static const struct {
		const char *says;
		pid_t qp;
	} cases[] = {
		{ "qp 1\\n", 1 },
		{ "qp 2147483647\\n", 2147483647 },
		{ "qp 2147483648\\n", 0 },
		{ "qp 0\\n", 0 },
		{ "qp -1\\n", 0 },
		{ "qp 12", 0 },
		{ "qp \\n", 0 },
		{ "qp", 0 },
		{ "qp 1 \\n", 0 },
		{ "qp 1\\n\\n", 0 },
		{ "qp 1\\nqp 1\\n", 0 },
		{ "Qp 1\\n", 0 },
		{ "Dqp 1\\n", 0 },
		{ "\\0qp 1\\n", 0 },
		{ "", 0 },
	};
	struct str script = STR_INIT;

	(void)state;
	signal_ignore(SIGPIPE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		pid_t qp = cases[i].qp;
		struct str own = STR_INIT;

		str_set(&script, SPAN("cat >/dev/null; cat <&1 >/dev/null\n"
				      "echo $$ >own; printf '"));
		str_add_z(&script, cases[i].says);
		str_add_z(&script, "' >&6\n");
		assert_int_equal(
		    run_program(str_z(&script)).letter, VERDICT_ACCEPTED);
		assert_int_equal(file_read("own", &own, 20), 0);
		assert_int_equal(
		    inject.pid, qp ? qp : (pid_t)atol(str_z(&own)));
		str_free(&own);
	}
	str_free(&script);
	assert_int_equal(
	    run_program("cat >/dev/null; echo qp 1 >&6; exit 82\n").letter,
	    VERDICT_TEMPORARY);
	assert_int_not_equal(inject.pid, 1);
}

/* A program in place of qmail-queue has no signals of ours blocked or
 * ignored. */
static void
test_surroundings(void **state)
{
	static const char signals[] =
	    "cat >/dev/null; cat <&1 >/dev/null\n"
	    "case $(grep SigBlk: /proc/self/status) in\n"
	    "*0000000000000000) ;; *) exit 31 ;; esac\n"
	    "case $(grep SigIgn: /proc/self/status) in\n"
	    "*[13579bdf][0-9a-f][0-9a-f][0-9a-f]) exit 31 ;; esac\n";

	(void)state;
	signal_ignore(SIGPIPE);
	signal_block(SIGUSR1);
	assert_int_equal(run_program(signals).letter, VERDICT_ACCEPTED);
	signal_unblock(SIGUSR1);
}

/* That the program has ended is enough: who else holds its descriptor 6, or
 * that our caller ignored its children, hinders nothing. */
static void
test_ends(void **state)
{
	struct str pid = STR_INIT;
	int before = scratch_descriptors();

	(void)state;
	assert_int_equal(run_program("cat >/dev/null; cat <&1 >/dev/null\n"
				     "sleep 1000 </dev/null >/dev/null 2>&1 &\n"
				     "echo $! >pid\n")
			     .letter,
	    VERDICT_ACCEPTED);
	assert_int_equal(file_read("pid", &pid, 20), 0);
	assert_int_equal(kill((pid_t)atol(str_z(&pid)), SIGKILL), 0);
	str_free(&pid);
	assert_int_equal(scratch_descriptors(), before);
	signal_ignore(SIGCHLD);
	assert_int_equal(
	    run_program("cat >/dev/null; cat <&1 >/dev/null\n").letter,
	    VERDICT_ACCEPTED);
}

/* Without its exit code nobody knows that the message is in the queue. */
static void
test_nobody_tells(void **state)
{
	(void)state;
	make_program("cat >/dev/null; cat <&1 >/dev/null\n");
	assert_int_equal(inject_open(&inject, ".", INJECT_AS_IT_IS), 0);
	inject_message(&inject, SPAN("x\n"));
	inject_sender(&inject, SPAN(""));
	signal_ignore(SIGCHLD); /* the kernel takes the code */
	assert_int_equal(inject_close(&inject).letter, VERDICT_TEMPORARY);
	signal_default(SIGCHLD);
}

/* What a program leaves behind with descriptor 6 open is not waited for. */
static void
test_left_behind(void **state)
{
	struct str pid = STR_INIT;
	struct verdict verdict;

	(void)state;
	verdict = run_program("sleep 1000 & echo $! >pid\n"
			      "cat >/dev/null; cat <&1 >/dev/null\n"
			      "echo Dno way >&6; exit 82\n");
	assert_int_equal(verdict.letter, VERDICT_PERMANENT);
	assert_true(span_starts(verdict.text, SPAN("no way")));
	assert_int_equal(file_read("pid", &pid, 100), 0);
	assert_int_equal(kill((pid_t)atoi(pid.s), SIGKILL), 0);
	str_free(&pid);
}

/* Which program it is, told by what it leaves behind. */
static void
test_choice(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	make_program("echo mine >which; cat >/dev/null; cat <&1 >/dev/null\n");
	assert_int_equal(file_read("program", &text, 1000), 0);
	assert_int_equal(mkdir("home", 0755), 0);
	assert_int_equal(mkdir("home/bin", 0755), 0);
	scratch_write("home/filter", text.s, text.len);
	assert_int_equal(chmod("home/filter", 0755), 0);
	str_set(&text,
	    SPAN("#!/bin/sh\ntest ! -e /proc/self/fd/6 || exit 1\n"
		 "echo standard >which; cat >/dev/null; cat <&1 >/dev/null\n"));
	scratch_write("home/bin/qmail-queue", text.s, text.len);
	assert_int_equal(chmod("home/bin/qmail-queue", 0755), 0);
	str_free(&text);
	/* Not in the working folder, nor by PATH. */
	setenv("QMAILQUEUE", "filter", 1);
	assert_int_equal(run_in("home").letter, VERDICT_ACCEPTED);
	check_file("which", SPAN("mine\n"));
	setenv("QMAILQUEUE", "true", 1);
	assert_int_equal(inject_open(&inject, "home", INJECT_AS_IT_IS), -1);
	setenv("QMAILQUEUE", "/none", 1);
	assert_int_equal(inject_open(&inject, "home", INJECT_AS_IT_IS), -1);
	setenv("QMAILQUEUE", "", 1);
	assert_int_equal(run_in("home").letter, VERDICT_ACCEPTED);
	check_file("which", SPAN("standard\n"));
	unsetenv("QMAILQUEUE");
	assert_int_equal(run_in("home").letter, VERDICT_ACCEPTED);
}

/* What is asked of notifications is for qmail-queue, and nobody else. */
static void
test_parameters(void **state)
{
	static const struct {
		const char *program;
		struct span envelope;
	} cases[] = {
		{ NULL, { "Fs\0ERET=FULL\0RNOTIFY=NEVER\0Ta\0Tb\0\0", 34 } },
		{ "bin/qmail-queue", { "Fs\0Ta\0Tb\0\0", 10 } },
	};
	static const char program[] =
	    "#!/bin/sh\ncat >/dev/null; cat <&1 >envelope\n";
	struct inject inject;

	(void)state;
	scratch_write("home/bin/qmail-queue", program, sizeof(program) - 1);
	assert_int_equal(chmod("home/bin/qmail-queue", 0755), 0);
	for (int i = 0; i < 2; i++) {
		if (cases[i].program)
			setenv("QMAILQUEUE", cases[i].program, 1);
		else
			unsetenv("QMAILQUEUE");
		assert_int_equal(
		    inject_takes_parameters("home"), cases[i].program == NULL);
		assert_int_equal(inject_open(&inject, "home", INJECT_AS_IT_IS), 0);
		inject_sender(&inject, SPAN("s"));
		inject_sender_parameters(&inject, SPAN("RET=FULL"));
		inject_recipient_parameters(&inject, SPAN("NOTIFY=NEVER"));
		inject_recipient(&inject, SPAN("a"));
		inject_recipient_parameters(&inject, SPAN(""));
		inject_recipient(&inject, SPAN("b"));
		assert_int_equal(
		    inject_close(&inject).letter, VERDICT_ACCEPTED);
		check_file("envelope", cases[i].envelope);
	}
	unsetenv("QMAILQUEUE");
	assert_int_equal(rename("home/bin/qmail-queue", "home/bin/kept"), 0);
	assert_int_equal(symlink("qmail-qmqpc", "home/bin/qmail-queue"), 0);
	assert_false(inject_takes_parameters("home"));
	assert_int_equal(unlink("home/bin/qmail-queue"), 0);
	assert_int_equal(symlink("kept", "home/bin/qmail-queue"), 0);
	assert_true(inject_takes_parameters("home"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_told_qp),
		cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_nobody_tells),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_parameters),
	};

	setenv("QMAILQUEUE", "program", 1);
	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
