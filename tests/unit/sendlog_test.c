/* sendlog_test.c - a log that nobody reads does not grow for ever. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "../../src/send/sendlog.c"

static void
test_lines(void **state)
{
	struct sendlog log = { .text = STR_INIT };

	(void)state;
	sendlog_z(&log, "a ");
	sendlog_u64(&log, 7);
	sendlog_safe(&log, SPAN(" b\nc%\x7f\xe4"));
	sendlog_end(&log);
	sendlog_message(&log, "end msg ", 9, "!");
	assert_string_equal(str_z(&log.text), "a 7_b/c___\nend msg 9!\n");
	str_free(&log.text);
}

static void
test_stuck(void **state)
{
	struct sendlog log = { .text = STR_INIT };
	uint64_t lines = 0;
	size_t full;
	int ends[2];
	char byte;

	(void)state;
	while (log.dropped == 0 && lines < LOG_MAX) {
		sendlog_line(&log, "0123456789");
		lines++;
	}
	assert_true(log.dropped == 1);
	full = log.text.len;
	assert_true(full < LOG_MAX + 20);
	for (int i = 0; i < 1000; i++)
		sendlog_line(&log, "0123456789");
	assert_int_equal(log.text.len, full);
	assert_true(log.dropped == 1001);
	/* The reader comes back: it gets all whole lines, and the number. */
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[1], DAEMONS_LOG_FD), DAEMONS_LOG_FD);
	while (log.dropped) {
		sendlog_flush(&log);
		for (int i = 0; i < LOG_WRITE && log.dropped; i++)
			assert_int_equal(read(ends[0], &byte, 1), 1);
		if (log.text.len == 0)
			break;
	}
	assert_string_equal(
	    str_z(&log.text), "warning: the log was stuck; lines lost: 1001\n");
	str_free(&log.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_stuck),
	};
	int result, out = dup(1);

	result = cmocka_run_group_tests(tests, NULL, NULL);
	(void)out;
	return result;
}
