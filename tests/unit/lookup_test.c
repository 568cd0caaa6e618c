/* lookup_test.c - accounts, asked of helpers that answer, die or hang.  The
 * helper is this program again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"
#include "sys/clock.h"
#include "sys/spawn_apart.h"

static int64_t passed; /* time that went by at once */

static bool has_no_process; /* fork fails */

static pid_t
start_apart(const struct spawn *plan, const char *regret)
{
	return has_no_process ? -1 : spawn_start_apart(plan, regret);
}

#define clock_monotonic() (clock_monotonic() + passed)
#define spawn_start_apart start_apart
#include "../../src/lib/config/lookup.c"

#define LONG_MS 60000

static char self[PATH_MAX];

/* What the helper does is in the local part. */
static int
serve(void)
{
	char request[100], answer[200];
	ssize_t got;

	while ((got = fdpass_receive(0, request, sizeof(request), NULL)) > 0) {
		struct span asked = span_make(request, (size_t)got);
		int len;

		if (span_starts(asked, SPAN("hang")))
			pause();
		if (span_starts(asked, SPAN("die")))
			return 1;
		len = snprintf(answer, sizeof(answer), "%d of %.*s",
		    (int)getpid(), (int)got, request);
		if (span_starts(asked, SPAN("not")))
			len = 1, answer[0] = 'Z';
		if (fdpass_send(0, span_make(answer, (size_t)len), -1) < 0)
			return 1;
		if (span_starts(asked, SPAN("twice")) &&
		    fdpass_send(0, span_make(answer, (size_t)len), -1) < 0)
			return 1;
	}
	return 0;
}

/* One turn of a loop; returns what lookup_hear says. */
static bool
turn(struct lookup *lookup)
{
	struct pollfd fds[LOOKUP_HELPERS];
	int64_t deadline = 0;
	nfds_t count = lookup_watch(lookup, fds, &deadline);
	int64_t left = deadline ? deadline - clock_monotonic() : 0;

	assert_true(poll(fds, count, left < 0 ? 0 : (int)left) >= 0);
	return lookup_hear(lookup, fds);
}

/* Waits for the answer; returns the process that gave it, 0: it failed. */
static int
answer(struct lookup *lookup, const char *local_part)
{
	struct str record = STR_INIT;
	enum lookup_state state;
	int pid = 0;

	while ((state = lookup_ask(lookup, span_of(local_part), &record)) ==
	    LOOKUP_ASKED)
		(void)turn(lookup);
	if (state == LOOKUP_FOUND && record.len > 1) {
		pid = atoi(str_z(&record));
		assert_true(span_ends(str_span(&record), span_of(local_part)));
	}
	str_free(&record);
	return pid;
}

static enum lookup_state
ask(struct lookup *lookup, const char *local_part)
{
	struct str record = STR_INIT;
	enum lookup_state state =
	    lookup_ask(lookup, span_of(local_part), &record);

	str_free(&record);
	return state;
}

static void
test_one_helper_serves_all(void **state)
{
	struct lookup lookup;
	int pid;

	(void)state;
	lookup_init(&lookup, self, NULL);
	pid = answer(&lookup, "ann");
	assert_true(pid > 0);
	assert_int_equal(answer(&lookup, "bob"), pid);
	(void)turn(&lookup);
	assert_int_equal(ask(&lookup, "ann"), LOOKUP_FOUND); /* known */
	assert_int_equal(answer(&lookup, "not-now"), 0);
	(void)turn(&lookup);
	assert_int_equal(ask(&lookup, "not-now"), LOOKUP_ASKED); /* again */
	lookup_end(&lookup);
}

static void
test_one_that_dies_is_replaced(void **state)
{
	struct lookup lookup;
	int pid;

	(void)state;
	lookup_init(&lookup, self, NULL);
	pid = answer(&lookup, "ann");
	assert_int_equal(answer(&lookup, "die"), 0);
	assert_int_equal(ask(&lookup, "die"), LOOKUP_FAILED);
	assert_true(answer(&lookup, "bob") > 0);
	assert_int_not_equal(answer(&lookup, "bob"), pid);
	lookup_end(&lookup);
}

static void
test_a_slow_one_holds_nobody(void **state)
{
	struct lookup lookup;

	(void)state;
	lookup_init(&lookup, self, NULL);
	lookup.patience = LONG_MS;
	for (char name[] = "hang1"; name[4] < '0' + LOOKUP_HELPERS; name[4]++) {
		assert_int_equal(ask(&lookup, name), LOOKUP_ASKED);
		assert_true(answer(&lookup, name + 4) > 0);
	}
	/* The last helper hangs too: who comes now waits. */
	assert_int_equal(ask(&lookup, "hang"), LOOKUP_ASKED);
	assert_int_equal(ask(&lookup, "carl"), LOOKUP_ASKED);
	assert_int_equal(ask(&lookup, "1"), LOOKUP_FOUND); /* known */
	lookup_end(&lookup);
}

static void
test_too_slow(void **state)
{
	struct lookup lookup;

	(void)state;
	lookup_init(&lookup, self, NULL);
	lookup.patience = 100;
	lookup.rest = LONG_MS;
	assert_int_equal(answer(&lookup, "hang"), 0);
	lookup.patience = LONG_MS;
	assert_true(answer(&lookup, "ann") > 0); /* in another place */
	lookup_end(&lookup);
	/* When all places rest nobody waits in vain. */
	lookup_init(&lookup, self, NULL);
	lookup.patience = 100;
	lookup.rest = LONG_MS;
	for (char name[] = "hang1"; name[4] <= '0' + LOOKUP_HELPERS; name[4]++)
		assert_int_equal(ask(&lookup, name), LOOKUP_ASKED);
	assert_int_equal(ask(&lookup, "carl"), LOOKUP_ASKED);
	while (lookup.questions.len)
		(void)turn(&lookup);
	for (int i = 0; i < LOOKUP_HELPERS; i++)
		while (lookup.helpers[i].fd != -1)
			(void)turn(&lookup);
	assert_int_equal(ask(&lookup, "dora"), LOOKUP_FAILED);
	lookup_end(&lookup);
}

/* Who waits for a helper waits no longer than for an answer. */
static void
test_nobody_waits_for_ever(void **state)
{
	struct pollfd fds[LOOKUP_HELPERS];
	struct lookup lookup;
	int64_t now, deadline = 0;

	(void)state;
	lookup_init(&lookup, self, NULL);
	assert_int_equal(ask(&lookup, "hang"), LOOKUP_ASKED);
	now = clock_monotonic();
	(void)lookup_watch(&lookup, fds, &deadline);
	assert_in_range(deadline - now, 1, 30000);
	lookup_end(&lookup);
	lookup_init(&lookup, self, NULL);
	lookup.patience = LONG_MS;
	for (char name[] = "hang1"; name[4] <= '0' + LOOKUP_HELPERS; name[4]++)
		assert_int_equal(ask(&lookup, name), LOOKUP_ASKED);
	lookup.patience = 1000;
	assert_int_equal(ask(&lookup, "carl"), LOOKUP_ASKED);
	passed += 1000;
	(void)turn(&lookup);
	assert_int_equal(ask(&lookup, "carl"), LOOKUP_FAILED);
	assert_int_equal(ask(&lookup, "hang1"), LOOKUP_ASKED);
	lookup_end(&lookup);
}

/* A helper that was too slow is dropped, and its place rests. */
static void
test_rest(void **state)
{
	struct pollfd fds[LOOKUP_HELPERS];
	int64_t deadline = 0;
	struct lookup lookup;

	(void)state;
	lookup_init(&lookup, self, NULL);
	assert_int_equal(ask(&lookup, "hang"), LOOKUP_ASKED);
	passed += LOOKUP_MS;
	(void)turn(&lookup);
	assert_int_equal(lookup.helpers[0].fd, -1);
	assert_true(answer(&lookup, "ann") > 0);
	assert_int_equal(lookup.helpers[0].fd, -1);
	assert_int_equal(ask(&lookup, "hang2"), LOOKUP_ASKED);
	passed += LOOKUP_REST_MS;
	assert_int_equal(ask(&lookup, "hang3"), LOOKUP_ASKED);
	assert_int_not_equal(lookup.helpers[0].fd, -1);
	lookup_end(&lookup);
	/* It has its time though the question, which is older, has had its. */
	lookup_init(&lookup, self, NULL);
	assert_int_equal(ask(&lookup, "hang"), LOOKUP_ASKED);
	lookup.helpers[0].until += 5000;
	passed += LOOKUP_MS;
	(void)turn(&lookup);
	assert_int_equal(ask(&lookup, "hang"), LOOKUP_FAILED);
	(void)lookup_watch(&lookup, fds, &deadline);
	assert_int_equal(deadline, lookup.helpers[0].until);
	lookup_end(&lookup);
}

/* Remembered for two seconds, under its own name, however places are shared. */
static void
test_known(void **state)
{
	struct pollfd said = { .events = POLLIN };
	char other[] = "aa";
	struct lookup lookup;
	int pid;

	(void)state;
	while (cdb_hash(SPAN("ann")) % LOOKUP_KNOWN !=
	    cdb_hash(span_of(other)) % LOOKUP_KNOWN)
		if (other[1]++ == 'z')
			other[0]++, other[1] = 'a';
	lookup_init(&lookup, self, NULL);
	assert_true(answer(&lookup, "ann") > 0);
	(void)turn(&lookup);
	passed += 1900;
	assert_int_equal(ask(&lookup, "ann"), LOOKUP_FOUND);
	assert_int_equal(ask(&lookup, other), LOOKUP_ASKED);
	passed += 100;
	assert_int_equal(ask(&lookup, "ann"), LOOKUP_ASKED);
	/* An answer that nobody asked for ends the helper. */
	pid = answer(&lookup, "twice");
	for (int i = 0; i < LOOKUP_HELPERS; i++)
		if (lookup.helpers[i].pid == pid)
			said.fd = lookup.helpers[i].fd;
	assert_int_equal(poll(&said, 1, -1), 1);
	(void)turn(&lookup);
	for (int i = 0; i < LOOKUP_HELPERS; i++)
		assert_int_not_equal(lookup.helpers[i].pid, pid);
	lookup_end(&lookup);
}

static void
test_cannot_start(void **state)
{
	int open = scratch_descriptors();
	struct lookup lookup;

	(void)state;
	lookup_init(&lookup, "/none", NULL);
	assert_int_equal(answer(&lookup, "ann"), 0);
	lookup_end(&lookup);
	has_no_process = true;
	lookup_init(&lookup, self, NULL);
	assert_int_equal(answer(&lookup, "ann"), 0);
	lookup_end(&lookup);
	has_no_process = false;
	assert_int_equal(scratch_descriptors(), open);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_helper_serves_all),
		cmocka_unit_test(test_one_that_dies_is_replaced),
		cmocka_unit_test(test_a_slow_one_holds_nobody),
		cmocka_unit_test(test_too_slow),
		cmocka_unit_test(test_nobody_waits_for_ever),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_cannot_start),
	};

	(void)argv;
	if (argc == 3)
		return serve();
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
