/* clock_test.c - the time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "sys/clock.h"

static void
test_clocks(void **state)
{
	int64_t seconds = clock_seconds(), before = clock_monotonic();
	uint64_t micro = clock_microseconds();
	struct timespec moment = { 0, 20000000 };

	(void)state;
	assert_in_range(seconds, time(NULL) - 5, time(NULL) + 5);
	assert_in_range(
	    micro / 1000000, (uint64_t)seconds, (uint64_t)seconds + 5);
	nanosleep(&moment, NULL);
	assert_true(clock_monotonic() - before >= 19);
	assert_true(clock_microseconds() - micro >= 19000);
}

static void
test_local_offset(void **state)
{
	(void)state;
	setenv("TZ", "XXX-1:30", 1);
	tzset();
	assert_int_equal(clock_local_offset(1000000000), 5400);
	setenv("TZ", "XXX5", 1);
	tzset();
	assert_int_equal(clock_local_offset(1000000000), -18000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_local_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
