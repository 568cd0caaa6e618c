/* life_test.c - how old a message is when the clock was set. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../src/send/life.c"
#include "../../src/send/steps.c"

/* What life.c asks of others, and not here. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define NOT_CALLED(declaration) \
	declaration             \
	{                       \
		fail();         \
	}

NOT_CALLED(void deliveries_free_run(struct run *a))
NOT_CALLED(void hops_release(struct hops *a, struct hop *b))
NOT_CALLED(void hops_end(
    struct hops *a, struct hop *b, enum delivery_hop c, int64_t d))
struct job *
job_find(const struct jobs *jobs, uint64_t number)
{
	fail();
	return NULL;
}

int64_t
retry_next(int64_t birth, int64_t now, enum channel_id channel)
{
	fail();
	return 0;
}

int64_t
retry_longest_wait(int64_t lifetime, enum channel_id channel)
{
	fail();
	return 0;
}

static int64_t marked;

int
info_mark_ahead(uint64_t number, uint64_t split, int64_t seen, int64_t birth)
{
	marked = seen;
	return 0;
}

struct queue_path
queue_path(enum queue_folder folder, uint64_t number, uint64_t split)
{
	fail();
	return (struct queue_path){ "" };
}

NOT_CALLED(void sendlog_trouble(
    struct sendlog *a, const char *b, struct queue_path c, const char *d))
NOT_CALLED(void job_free(struct jobs *a, struct job *b))
NOT_CALLED(
    void scribing_add_status(struct str *a, const struct report_status *b))
NOT_CALLED(void trouble_note(struct trouble *a, int64_t b))
NOT_CALLED(void sendlog_z(struct sendlog *a, const char *b))
NOT_CALLED(void sendlog_u64(struct sendlog *a, uint64_t b))
NOT_CALLED(void sendlog_safe(struct sendlog *a, struct span b))
NOT_CALLED(void sendlog_end(struct sendlog *a))
NOT_CALLED(void sendlog_message(
    struct sendlog *a, const char *b, uint64_t c, const char *d))

struct span
routing_restore(const struct routing *routing, struct span address)
{
	(void)routing;
	return address;
}

static void
test_age(void **state)
{
	static struct send send = { .lifetime = 1000 };
	struct job old = { .birth = 5000 }, young = { .birth = 90000 };

	(void)state;
	send.now = 6000;
	assert_false(life_is_over_age(&send, &old));
	send.now = 6001;
	assert_true(life_is_over_age(&send, &old));
	/* The clock was set forward by 84,000 at 5,500: the old one is as old
	 * as it was, and what came after that counts as ever. */
	steps_note(&send.steps, 84000, 89500);
	send.now = 90000;
	assert_true(life_birth(&send, &old) == 89000);
	assert_false(life_is_over_age(&send, &old));
	assert_true(life_birth(&send, &young) == 90000);
	send.now = 90001;
	assert_true(life_is_over_age(&send, &old));
	assert_false(life_is_over_age(&send, &young));
	send.now = 91001;
	assert_true(life_is_over_age(&send, &young));
}

/* A birth in the future: the age counts from when that was first seen, but
 * not if the clock was further behind then. */
static void
test_ahead(void **state)
{
	static struct send send = { .lifetime = 1000 };
	struct job job = { .birth = 50000 };

	(void)state;
	send.now = 6000;
	life_note_birth(&send, &job);
	assert_true(marked == 6000);
	send.now = 7000;
	life_note_birth(&send, &job);
	assert_true(marked == 6000);
	assert_true(life_birth(&send, &job) == 6000);
	assert_false(life_is_over_age(&send, &job));
	send.now = 7001;
	assert_true(life_is_over_age(&send, &job));
	send.now = 5000;
	life_note_birth(&send, &job);
	assert_true(marked == 5000);
	/* The clock was behind, and is set right. */
	steps_note(&send.steps, 44000, 49500);
	send.now = 49600;
	assert_true(life_birth(&send, &job) == 49000);
	send.now = 50100;
	assert_true(life_birth(&send, &job) == 50000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_age),
		cmocka_unit_test(test_ahead) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
