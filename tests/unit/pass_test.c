/* pass_test.c - passes over recipients of a message: all, or some. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "queue_files.h"

#include "../../src/send/backlog.c"
#undef SHIFT_FROM
#include "../../src/send/hops.c"
#define grow grow_numbers
#include "../../src/send/numbers.c"
#undef grow
#include "../../src/send/pass.c"

/* Three recipients, at 0, 4 and 8. */
static const char recipients[] = "Ta1\0Tb1\0Tc1";

static struct hop *
one_hop(void *context, struct span address)
{
	(void)address;
	return hops_hold(context, SPAN("one.test"), SPAN(""));
}

/* Reads from `first` to `last`; returns how many recipients came. */
static size_t
read_some(uint64_t first, uint64_t last, uint64_t expected)
{
	struct hops hops;
	struct pass_router router = { one_hop, &hops, &hops };
	struct number_set busy = { NULL, 0, 0 };
	struct pass *pass = must_realloc(NULL, sizeof(*pass));
	int fd = channel_open(CHANNEL_REMOTE, NUMBER, 23);
	size_t got;

	*pass = (struct pass){ .last = last };
	hops_init(&hops, 20, 0);
	assert_int_equal(channel_read_from(&pass->reader, fd, first), 0);
	assert_int_equal(pass_fill(pass, &busy, &router), 0);
	assert_true(pass->is_at_end);
	got = pass->window.len;
	if (got)
		assert_int_equal(pass->window.at[0].position, expected);
	pass_free(&hops, pass);
	hops_free(&hops);
	fd_close(fd);
	return got;
}

/* Who waits for a hop is found without reading the rest of a long list. */
static void
test_bounds(void **state)
{
	(void)state;
	put("remote", span_make(recipients, sizeof(recipients)));
	assert_int_equal(read_some(0, UINT64_MAX, 0), 3);
	assert_int_equal(read_some(0, 0, 0), 1);
	assert_int_equal(read_some(4, 4, 4), 1);
	assert_int_equal(read_some(4, 7, 4), 1);
	assert_int_equal(read_some(4, 8, 4), 2);
	assert_int_equal(read_some(8, UINT64_MAX, 8), 1);
	/* What is behind the last one cannot be damaged for this pass. */
	put("remote", span_make("Ta1\0Qb1", 8));
	assert_int_equal(read_some(0, 0, 0), 1);
}

static void
test_entries(void **state)
{
	struct backlog backlog = { .first = 0 };
	struct backlog_entry entry;

	(void)state;
	backlog_add(&backlog, backlog_entry(1, 40, 80));
	backlog_add(&backlog, backlog_entry(1, 20, 60));
	backlog_add(&backlog, backlog_entry(1, 90, 95));
	backlog_add(&backlog, backlog_entry(2, 8, 8));
	entry = backlog_take(&backlog);
	assert_int_equal(entry.number, 2);
	assert_int_equal(entry.first, 8);
	assert_int_equal(entry.last, 8);
	entry = backlog_take(&backlog);
	assert_int_equal(entry.number, 1);
	assert_int_equal(entry.first, 20);
	assert_int_equal(entry.last, 95);
	assert_true(backlog_is_empty(&backlog));
	/* Places beyond 4 GiB are not told apart. */
	entry = backlog_entry(3, UINT64_C(1) << 33, (UINT64_C(1) << 33) + 9);
	assert_int_equal(entry.first, 0);
	assert_int_equal(entry.last, BACKLOG_TO_END);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
