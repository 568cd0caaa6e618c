/* pass_test.c - recipients that are to do, in groups of one next hop. */
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

static struct hops hops;

static struct hop *
hop_of(void *context, struct span address)
{
	(void)context;
	return hops_hold(
	    &hops, span_from(address, span_find(address, '@') + 1), SPAN(""));
}

static const struct pass_router router = { hop_of, NULL, &hops };

static struct pass *
begin(struct hop *only, int *fd)
{
	struct pass *pass = must_realloc(NULL, sizeof(*pass));

	*pass = (struct pass){ .only = only, .last = UINT64_MAX };
	*fd = channel_open(CHANNEL_REMOTE, NUMBER, 23);
	assert_true(*fd >= 0);
	assert_int_equal(channel_read_from(&pass->reader, *fd, 0), 0);
	return pass;
}

static void
check_group(const struct pass_group *group, size_t index, const char *address)
{
	assert_true(group->recipients.len > index);
	assert_string_equal(
	    str_z((struct str *)&group->recipients.at[index].told.address),
	    address);
}

static void
test_groups(void **state)
{
	struct number_set busy = { .len = 0 };
	struct pass_group group;
	struct pass *pass;
	int fd;

	(void)state;
	hops_init(&hops, 20, 0);
	put("remote", SPAN("Ta@x\0Tb@y\0Dc@x\0Td@X\0Ta@x\0Te@x\0Tf@x\0"));
	/* f is under way. */
	assert_true(number_set_add(&busy, 30 + 1));
	pass = begin(NULL, &fd);
	assert_int_equal(pass_fill(pass, &busy, &router), 0);
	assert_true(pass->is_at_end);
	assert_int_equal(pass->total, 7);
	assert_int_equal(pass->window.len, 5);
	/* One transaction takes an address once. */
	pass_take(pass, 0, 50, 1000, &group);
	assert_int_equal(group.recipients.len, 3);
	check_group(&group, 0, "a@x");
	check_group(&group, 1, "d@X");
	check_group(&group, 2, "e@x");
	pass_group_free(&hops, &group);
	assert_int_equal(pass->window.len, 2);
	pass_take(pass, 1, 50, 1000, &group);
	check_group(&group, 0, "a@x");
	assert_int_equal(group.recipients.at[0].told.position, 20);
	pass_group_free(&hops, &group);
	pass_free(&hops, pass);
	close(fd);
	/* No more than asked for, by number or by bytes, but one at least. */
	pass = begin(NULL, &fd);
	assert_int_equal(pass_fill(pass, &busy, &router), 0);
	pass_take(pass, 0, 2, 1000, &group);
	assert_int_equal(group.recipients.len, 2);
	pass_group_free(&hops, &group);
	pass_take(pass, 1, 50, 1, &group);
	assert_int_equal(group.recipients.len, 1);
	pass_group_free(&hops, &group);
	pass_free(&hops, pass);
	close(fd);
	/* The bytes of others do not count. */
	put("remote", SPAN("Ta@x\0Tbbbbbbbbbb@y\0Tc@x\0Tdddddddddd@x\0Te@x\0"));
	pass = begin(NULL, &fd);
	assert_int_equal(pass_fill(pass, &busy, &router), 0);
	pass_take(pass, 0, 50, 10, &group);
	assert_int_equal(group.recipients.len, 3);
	check_group(&group, 2, "e@x");
	pass_group_free(&hops, &group);
	assert_int_equal(pass->window.len, 2);
	pass_free(&hops, pass);
	close(fd);
	number_set_free(&busy);
	hops_free(&hops);
}

/* Who was under way when the pass read him, and is done when it looks at him,
 * is not started again. */
static void
test_done_meanwhile(void **state)
{
	struct number_set busy = { .len = 0 };
	struct str text = STR_INIT;
	struct pass_group group;
	struct pass *pass;
	size_t last;
	int fd;

	(void)state;
	hops_init(&hops, 20, 0);
	for (int i = 0; i < PASS_WINDOW; i++)
		str_add(&text, span_make("Ta@x", 5));
	last = text.len;
	str_add(&text, span_make("Tz@x\0Ty@x", 10));
	put("remote", str_span(&text));
	assert_true(number_set_add(&busy, last + 1));
	pass = begin(NULL, &fd);
	assert_int_equal(pass_fill(pass, &busy, &router), 0);
	assert_int_equal(pass->window.len, PASS_WINDOW);
	assert_int_equal(channel_mark_done(fd, last), 0);
	number_set_remove(&busy, last + 1);
	for (int i = 0; i < 2; i++) {
		pass_take(pass, 0, 1, 1000, &group);
		pass_group_free(&hops, &group);
	}
	assert_int_equal(pass_fill(pass, &busy, &router), 0);
	assert_true(pass->is_at_end);
	assert_int_equal(pass->total, PASS_WINDOW + 2);
	assert_int_equal(pass->window.len, PASS_WINDOW - 1);
	assert_string_equal(
	    str_z(&pass->window.at[PASS_WINDOW - 2].told.address), "y@x");
	pass_free(&hops, pass);
	close(fd);
	number_set_free(&busy);
	str_free(&text);
	hops_free(&hops);
}

static void
test_only_one_hop(void **state)
{
	struct number_set busy = { .len = 0 };
	struct pass *pass;
	int fd;

	(void)state;
	hops_init(&hops, 20, 0);
	put("remote", SPAN("Ta@x\0Tb@y\0Tc@z\0Td@y\0"));
	pass = begin(hop_of(NULL, SPAN("@y")), &fd);
	assert_int_equal(pass_fill(pass, &busy, &router), 0);
	assert_int_equal(pass->window.len, 2);
	pass_free(&hops, pass);
	close(fd);
	put("remote", SPAN("Ta@x\0Tb"));
	pass = begin(NULL, &fd);
	assert_int_equal(pass_fill(pass, &busy, &router), -1);
	pass_free(&hops, pass);
	close(fd);
	assert_int_equal(hops.count, 0); /* nobody holds one any more */
	hops_free(&hops);
}

static bool
is_kept(void *context, uint64_t number)
{
	(void)context;
	(void)number;
	return false;
}

/* Leaves message 7 with the hop, from these positions on. */
static void
leave_with(const char *name, uint64_t first, uint64_t last)
{
	struct hop *hop = hops_hold(&hops, span_of(name), SPAN(""));

	hops_block(&hops, hop, backlog_entry(7, first, last), true);
	hops_release(&hops, hop);
}

/* How many recipients a pass for y from position 5 on takes. */
static size_t
serve(bool serves_others, struct pass **pass, int *fd)
{
	struct number_set busy = { .len = 0 };

	*pass = begin(hop_of(NULL, SPAN("@y")), fd);
	(*pass)->number = 7;
	(*pass)->last = 15;
	(*pass)->serves_others = serves_others;
	assert_int_equal(channel_read_from(&(*pass)->reader, *fd, 5), 0);
	assert_int_equal(pass_fill(*pass, &busy, &router), 0);
	return (*pass)->window.len;
}

/* A pass for one hop serves those, too, which wait with the same message, if
 * it has not passed their first recipient; and reads on up to their last. */
static void
test_other_hops(void **state)
{
	struct pass *pass;
	int fd;

	(void)state;
	put("remote", SPAN("Ta@x\0Tb@y\0Tc@z\0Td@y\0Te@x\0Tf@z\0Tg@w\0Th@z\0"));
	hops_init(&hops, 20, 0);
	leave_with("x", 0, 20);	 /* begins before */
	leave_with("z", 10, 35); /* is met */
	assert_int_equal(serve(false, &pass, &fd), 2);
	pass_free(&hops, pass);
	close(fd);
	assert_int_equal(serve(true, &pass, &fd), 5);
	assert_int_equal(pass->others.len, 1);
	pass_free(&hops, pass);
	close(fd);
	assert_false(backlog_is_empty(&find(&hops, SPAN("x"))->blocked));
	assert_null(find(&hops, SPAN("z"))); /* nobody holds it any more */
	/* Another message is the newest there. */
	leave_with("z", 10, 35);
	hops_block(&hops, find(&hops, SPAN("z")), backlog_entry(8, 0, 0), true);
	assert_int_equal(serve(true, &pass, &fd), 2);
	pass_free(&hops, pass);
	close(fd);
	hops_forget_blocked(&hops, is_kept, NULL);
	assert_int_equal(hops.count, 0);
	hops_free(&hops);
}

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
	struct hops own;
	struct pass_router router = { one_hop, &own, &own };
	struct number_set busy = { NULL, 0, 0 };
	struct pass *pass = must_realloc(NULL, sizeof(*pass));
	int fd = channel_open(CHANNEL_REMOTE, NUMBER, 23);
	size_t got;

	*pass = (struct pass){ .last = last };
	hops_init(&own, 20, 0);
	assert_int_equal(channel_read_from(&pass->reader, fd, first), 0);
	assert_int_equal(pass_fill(pass, &busy, &router), 0);
	assert_true(pass->is_at_end);
	got = pass->window.len;
	if (got)
		assert_int_equal(pass->window.at[0].told.position, expected);
	pass_free(&own, pass);
	hops_free(&own);
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
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_done_meanwhile),
		cmocka_unit_test(test_only_one_hop),
		cmocka_unit_test(test_other_hops),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
