/* times_test.c - a clock that is set makes no message older. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../../src/send/steps.c"
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

void
hops_forget_blocked(struct hops *hops,
    bool (*is_kept)(void *context, uint64_t number), void *context)
{
	(void)hops;
	(void)is_kept;
	(void)context;
}

void
schedule_unblock(struct channel *channel)
{
	(void)channel;
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
	return trouble->is_on ? trouble->next : INT64_MAX;
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

static int64_t
birth_of(const struct send *send, int64_t birth)
{
	return steps_birth(&send->steps, birth, send->now);
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
	assert_int_equal(send.steps.count, 0);
	/* Forward by four weeks. */
	pass(1000, (int64_t)28 * 86400 * 1000 + 1000);
	times_look(&send);
	assert_string_equal(log_text,
	    "warning: the clock was set forward by 2419200 seconds\n");
	assert_true(birth_of(&send, 1700000000) == 1700000000 + 28 * 86400);
	assert_int_equal(troubles_forgotten, 0);
	/* And back by one: all is due. */
	log_text[0] = '\0';
	pass(1000, -(int64_t)7 * 86400 * 1000 + 1000);
	times_look(&send);
	assert_string_equal(
	    log_text, "warning: the clock was set back by 604800 seconds\n");
	assert_true(birth_of(&send, 1700000000) == 1700000000 + 21 * 86400);
	assert_true(heap_first(&send.channels[0].waiting)->when == send.now);
	assert_int_equal(troubles_forgotten, 1);
	/* Further back than it was ever set forward. */
	pass(0, -(int64_t)100 * 86400 * 1000);
	times_look(&send);
	assert_int_equal(send.steps.count, 0);
	heap_free(&send.channels[0].waiting);
}

/* A machine that sleeps each night: what comes between is older by the nights
 * that it was there for, and never comes from the future. */
static void
test_many_steps(void **state)
{
	static struct send send;
	int64_t first;

	(void)state;
	times_look(&send);
	first = send.now;
	for (int night = 0; night < 3 * STEPS_KEPT; night++) {
		pass(3600000, 9 * 3600000);
		times_look(&send);
		log_text[0] = '\0';
	}
	assert_int_equal(send.steps.count, STEPS_KEPT);
	assert_true(birth_of(&send, first) == send.now - 3 * STEPS_KEPT * 3600);
	pass(3600000, 9 * 3600000);
	times_look(&send);
	/* Half an hour before the last night, and in its morning. */
	assert_true(
	    birth_of(&send, send.now - 8 * 3600 - 1800) == send.now - 1800);
	assert_true(birth_of(&send, send.now) == send.now);
	/* A birth in the future is left alone... */
	assert_true(birth_of(&send, send.now + 1000000) == send.now + 1000000);
	/* Set right: what was there before is no older, nor is what comes. */
	pass(0, -(int64_t)8 * 3600000);
	times_look(&send);
	assert_int_equal(send.steps.count, STEPS_KEPT - 1);
	assert_true(birth_of(&send, send.now - 60) == send.now - 60);
	/* ... unless it came while the clock was weeks ahead. */
	assert_true(birth_of(&send, send.now + 1000000) == send.now);
	heap_free(&send.channels[0].waiting);
}

/* While a round of tries waits for the scribe there is nothing to do when the
 * time of the next round has come. */
static void
test_amid_a_round(void **state)
{
	static struct send send;

	(void)state;
	times_look(&send);
	send.sweep.next = send.now + 86400;
	send.trouble =
	    (struct trouble){ .is_on = true, .next = send.monotonic - 1 };
	assert_int_equal(times_to_wait(&send), 0);
	send.again_end = 1;
	assert_true(times_to_wait(&send) > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_steps),
		cmocka_unit_test(test_many_steps),
		cmocka_unit_test(test_amid_a_round) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
