/* known_test.c - the names that were right from an address, over a restart. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "../../src/login/keep.c"
#include "../../src/login/known.c"
#include "../../src/login/tries.c"
#include "scratch.h"

#define HERE  SPAN("192.0.2.1")
#define THERE SPAN("192.0.2.2")
#define ANN   SPAN("ann")
#define BOB   SPAN("bob")
#define NOW   1000000
#define DAY   ((int64_t)86400 * 1000)

static struct tries *
fresh(uint64_t seed)
{
	struct tries *tries = calloc(1, sizeof(*tries));

	assert_non_null(tries);
	tries->seed = seed;
	tries->free = 1;
	return tries;
}

static void
be_right(
    struct tries *tries, struct span address, struct span name, int64_t now)
{
	struct tries_lines lines = tries_lines(tries, address, name);

	tries_begin(tries, &lines, true, now);
	tries_end(tries, &lines, true, TRIES_RIGHT, now);
}

static bool
is_known(struct tries *tries, struct span address, struct span name)
{
	return tries_lines(tries, address, name).is_own;
}

/* The next process, whose clock has begun anew. */
static struct tries *
after_restart(int64_t now)
{
	struct tries *tries = fresh(99);

	assert_int_equal(known_load(tries, "known", now), 0);
	return tries;
}

static void
test_over_a_restart(void **state)
{
	struct tries *tries = fresh(17), *again;
	struct stat info;

	(void)state;
	assert_int_equal(known_load(tries, "nothing", NOW), 0);
	assert_int_equal(tries->seed, 17);
	assert_int_equal(tries->save_at, 0);
	be_right(tries, HERE, ANN, NOW);
	assert_int_equal(tries->save_at, NOW + TRIES_SAVE_MS);
	be_right(tries, THERE, BOB, NOW + 10);
	assert_int_equal(tries->save_at, NOW + TRIES_SAVE_MS);
	assert_int_equal(known_save(tries, "known", NOW + 10), 0);
	assert_int_equal(tries->save_at, 0);
	assert_int_equal(stat("known", &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	again = after_restart(5);
	assert_true(is_known(again, HERE, SPAN("Ann")));
	assert_true(is_known(again, THERE, BOB));
	assert_false(is_known(again, THERE, ANN));
	assert_int_equal(again->save_at, 0);
	free(tries);
	free(again);
}

/* What nobody was for long is forgotten; how long is counted over restarts, and
 * whatever the time of the day says. */
static void
test_forgetting(void **state)
{
	struct tries *tries = fresh(17), *again;

	(void)state;
	be_right(tries, HERE, ANN, NOW);
	be_right(tries, HERE, BOB, NOW + 50 * DAY);
	assert_int_equal(known_save(tries, "known", NOW + 89 * DAY), 0);
	assert_true(is_known(tries, HERE, ANN));
	again = after_restart(0);
	assert_true(is_known(again, HERE, ANN));
	assert_int_equal(known_save(again, "known", DAY), 0);
	assert_false(is_known(again, HERE, ANN));
	free(again);
	again = after_restart(0);
	assert_false(is_known(again, HERE, ANN));
	assert_true(is_known(again, HERE, BOB));
	be_right(again, HERE, BOB, 10 * DAY);
	assert_int_equal(known_save(again, "known", 80 * DAY), 0);
	assert_true(is_known(again, HERE, BOB));
	free(tries);
	free(again);
}

/* What cannot be understood is passed over. */
static void
test_strange_files(void **state)
{
	static const char *const texts[] = { "", "\n", "x\n1 3\n", "-1\n1 3\n",
		"17", "17\n\n \nx\n1\n1 \n-1 3\n1 -3\n1 3 3\n1 0\n7776000 3\n"
		      "9223372036854775808 3\n1 18446744073709551616\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct tries *tries = fresh(5);

		scratch_write("known", texts[i], strlen(texts[i]));
		assert_int_equal(known_load(tries, "known", NOW), 0);
		assert_int_equal(tries->seed, i < 4 ? 5 : 17);
		for (size_t set = 0; set < TRIES_SETS; set++)
			for (size_t way = 0; way < TRIES_WAYS; way++)
				assert_int_equal(
				    tries->right.entries[set][way].key, 0);
		free(tries);
	}
	scratch_write("known", "17\nx\n7775999 3\n", 15);
	{
		struct tries *tries = after_restart(NOW);

		assert_non_null(find(&tries->right, 3));
		free(tries);
	}
}

/* A file that is too long says nothing, and is no reason to stop. */
static void
test_long_file(void **state)
{
	static char text[FILE_MAX + 1];
	struct tries *tries = fresh(5);

	(void)state;
	memset(text, '1', sizeof(text));
	scratch_write("known", text, sizeof(text));
	assert_int_equal(known_load(tries, "known", NOW), -1);
	assert_int_equal(tries->seed, 5);
	free(tries);
}

/* A full table is a file that can be read. */
static void
test_full(void **state)
{
	struct tries *tries = fresh(17), *again;
	size_t count = 0;

	(void)state;
	for (size_t set = 0; set < TRIES_SETS; set++)
		for (size_t way = 0; way < TRIES_WAYS; way++)
			tries->right.entries[set][way].key =
			    UINT64_MAX - 2 * set - way * 2 * TRIES_SETS;
	assert_int_equal(known_save(tries, "known", 80 * DAY), 0);
	again = after_restart(NOW);
	for (size_t set = 0; set < TRIES_SETS; set++)
		for (size_t way = 0; way < TRIES_WAYS; way++)
			count += again->right.entries[set][way].key != 0;
	assert_int_equal(count, TRIES_SETS * TRIES_WAYS);
	free(tries);
	free(again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_over_a_restart),
		cmocka_unit_test(test_forgetting),
		cmocka_unit_test(test_strange_files),
		cmocka_unit_test(test_long_file),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
