/* times_test.c - a clock that is set makes no message older. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../../src/send/times.c"

/* The clocks of these tests, in milliseconds. */
static int64_t wall = 1700000000000, monotonic = 5000;

int64_t
clock_seconds(void)
{
	return wall / 1000;
}

uint64_t
clock_microseconds(void)
{
	return (uint64_t)wall * 1000;
}

int64_t
clock_monotonic(void)
{
	return monotonic;
}

long
clock_local_offset(int64_t seconds)
{
	(void)seconds;
	return 0;
}

/* What times.c asks of others. */
int64_t
slots_next_event(const struct send *send)
{
	(void)send;
	return INT64_MAX;
}

bool
hops_take_any(struct hops *hops, struct backlog_entry *entry)
{
	(void)hops;
	(void)entry;
	return false;
}

static unsigned troubles_forgotten;

void
hops_forget_troubles(struct hops *hops)
{
	(void)hops;
	troubles_forgotten++;
}

int64_t
trouble_next(const struct trouble *trouble)
{
	(void)trouble;
	return INT64_MAX;
}

static char log_text[1000];

void
sendlog_z(struct sendlog *log, const char *text)
{
	(void)log;
	strcat(log_text, text);
}

void
sendlog_u64(struct sendlog *log, uint64_t number)
{
	(void)log;
	sprintf(
	    log_text + strlen(log_text), "%llu", (unsigned long long)number);
}

void
sendlog_line(struct sendlog *log, const char *text)
{
	sendlog_z(log, text);
	strcat(log_text, "\n");
}

void
sendlog_trouble(struct sendlog *log, const char *what, struct queue_path path,
    const char *after)
{
	(void)log;
	(void)what;
	(void)path;
	(void)after;
}

static void
pass(int64_t real, int64_t shown)
{
	monotonic += real;
	wall += shown;
}

static void
test_steps(void **state)
{
	static struct send send;

	(void)state;
	heap_add(
	    &send.channels[0].waiting, (struct heap_entry){ 1700001000, 1 });
	times_look(&send);
	assert_true(send.now == 1700000000);
	/* Time goes by; a clock that drifts a little is no step. */
	pass(1000, 1000);
	times_look(&send);
	pass(60000, 63000);
	times_look(&send);
	pass(86400000, 86440000);
	times_look(&send);
	assert_string_equal(log_text, "");
	assert_true(send.stepped == 0);
	/* Forward by four weeks. */
	pass(1000, (int64_t)28 * 86400 * 1000 + 1000);
	times_look(&send);
	assert_string_equal(log_text,
	    "warning: the clock was set forward by 2419200 seconds\n");
	assert_true(send.stepped == 28 * 86400);
	assert_true(send.stepped_at == send.now);
	assert_int_equal(troubles_forgotten, 0);
	/* And back by one: all is due. */
	log_text[0] = '\0';
	pass(1000, -(int64_t)7 * 86400 * 1000 + 1000);
	times_look(&send);
	assert_string_equal(
	    log_text, "warning: the clock was set back by 604800 seconds\n");
	assert_true(send.stepped == 21 * 86400);
	assert_true(heap_first(&send.channels[0].waiting)->when == send.now);
	assert_int_equal(troubles_forgotten, 1);
	/* Further back than it was ever set forward. */
	pass(0, -(int64_t)100 * 86400 * 1000);
	times_look(&send);
	assert_true(send.stepped == 0);
	heap_free(&send.channels[0].waiting);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_steps) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
