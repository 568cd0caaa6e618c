/* deliveries_test.c - numbers of deliveries when four billion were. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../src/send/numbers.c"
#include "../../src/send/deliveries.c"

/* What deliveries.c asks of others, and not here. */
void
hops_note(struct hop *hop, struct span text)
{
	(void)hop;
	(void)text;
	fail();
}

static void
test_numbers_begin_again(void **state)
{
	static const uint32_t wanted[] = { UINT32_MAX, 1, 2 };
	static struct deliveries deliveries = { .last_order = UINT32_MAX - 1,
		.last_number = UINT32_MAX - 1 };
	struct channel_recipient recipient = CHANNEL_RECIPIENT_INIT;
	struct run *run = deliveries_start_run(46, CHANNEL_LOCAL, NULL);
	struct delivery *list[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		list[i] = deliveries_add(&deliveries, run, &recipient);
		assert_int_equal(list[i]->order, wanted[i]);
		deliveries_name(&deliveries, list[i]);
		assert_int_equal(list[i]->number, wanted[i]); /* 0: no name */
		deliveries_name(&deliveries, list[i]);
		assert_int_equal(list[i]->number, wanted[i]);
	}
	assert_null(deliveries_end(&deliveries, list[0]));
	assert_null(deliveries_end(&deliveries, list[1]));
	assert_ptr_equal(deliveries_end(&deliveries, list[2]), run);
	deliveries_free_run(run);
	number_set_free(&deliveries.table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
	    test_numbers_begin_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
