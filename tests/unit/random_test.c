/* random_test.c - numbers that nobody can guess. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>

static bool is_interrupted;

/* As the kernel does it before it has gathered enough. */
static ssize_t
late_getrandom(void *bytes, size_t size, unsigned flags)
{
	if (is_interrupted) {
		is_interrupted = false;
		errno = EINTR;
		return -1;
	}
	return getrandom(bytes, size, flags);
}

#define getrandom late_getrandom
#include "../../src/lib/sys/random.c"

static void
test_numbers(void **state)
{
	unsigned seen[5] = { 0 };

	(void)state;
	assert_true(random_u64() != random_u64());
	is_interrupted = true;
	assert_true(random_u64() != random_u64());
	assert_false(is_interrupted);
	assert_int_equal(random_below(1), 0);
	for (int i = 0; i < 5000; i++)
		seen[random_below(5)]++;
	/* Each is expected 1000 times; 600 is 14 standard deviations away. */
	for (int i = 0; i < 5; i++)
		assert_in_range(seen[i], 600, 1400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
