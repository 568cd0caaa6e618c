/* signal_test.c - signals. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "sys/signal.h"

static volatile sig_atomic_t caught;

static void
note_signal(int number)
{
	caught = number;
}

static void
test_blocking(void **state)
{
	(void)state;
	caught = 0;
	signal_catch(SIGUSR1, note_signal);
	signal_block(SIGUSR1);
	raise(SIGUSR1);
	assert_int_equal(caught, 0);
	signal_unblock(SIGUSR1);
	assert_int_equal(caught, SIGUSR1);
	caught = 0;
	signal_block_set((const int[]){ SIGUSR1, SIGUSR2, 0 });
	raise(SIGUSR1);
	assert_int_equal(caught, 0);
	signal_unblock_all();
	assert_int_equal(caught, SIGUSR1);
	signal_ignore(SIGUSR1);
	caught = 0;
	raise(SIGUSR1);
	signal_catch_if_heard(SIGUSR1, note_signal);
	raise(SIGUSR1);
	assert_int_equal(caught, 0);
	signal_default(SIGUSR1);
	signal_catch_if_heard(SIGUSR1, note_signal);
	raise(SIGUSR1);
	assert_int_equal(caught, SIGUSR1);
	signal_default(SIGUSR1);
}

/* A blocked signal ends the wait, and is handled in it. */
static void
test_poll(void **state)
{
	struct pollfd poller;
	int ends[2];

	(void)state;
	caught = 0;
	assert_int_equal(pipe(ends), 0);
	poller = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	assert_int_equal(signal_poll(&poller, 1, 10), 0);
	signal_catch(SIGUSR1, note_signal);
	signal_block(SIGUSR1);
	raise(SIGUSR1);
	assert_int_equal(signal_poll(&poller, 1, -1), 0);
	assert_int_equal(caught, SIGUSR1);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(signal_poll(&poller, 1, -1), 1);
	assert_int_equal(signal_poll(&poller, 1, 0), 1);
	signal_unblock_all();
	signal_default(SIGUSR1);
	close(ends[0]);
	close(ends[1]);
}

/* No SA_RESTART: a caught signal interrupts a read. */
/* Also with a descriptor that is ready at once. */
static void
test_poll_when_ready(void **state)
{
	struct pollfd poller = { .events = POLLIN };
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	poller.fd = ends[0];
	caught = 0;
	signal_catch(SIGUSR1, note_signal);
	signal_block(SIGUSR1);
	raise(SIGUSR1);
	assert_int_equal(signal_poll(&poller, 1, -1), 1);
	assert_int_equal(caught, SIGUSR1);
	assert_true(poller.revents & POLLIN);
	raise(SIGUSR1);
	caught = 0;
	signal_unblock(SIGUSR1);
	assert_int_equal(caught, SIGUSR1);
	signal_ignore(SIGUSR1);
	close(ends[0]);
	close(ends[1]);
}

static void
test_interrupts(void **state)
{
	struct itimerval soon = { .it_value = { 0, 20000 } };
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	signal_catch(SIGALRM, note_signal);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(read(ends[0], &byte, 1), -1);
	assert_int_equal(caught, SIGALRM);
	signal_default(SIGALRM);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocking),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_poll_when_ready),
		cmocka_unit_test(test_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
