/* home_test.c - where the suite lives. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "config/home.h"

static void
test_paths(void **state)
{
	(void)state;
	assert_int_equal(home_dir[0], '/');
	assert_int_not_equal(home_dir[strlen(home_dir) - 1], '/');
	assert_memory_equal(home_control_dir, home_dir, strlen(home_dir));
	assert_string_equal(home_queue_dir + strlen(home_dir), "/queue");
}

/* What was read from the text files, against the C library. */
static void
test_ids(void **state)
{
	struct home_ids ids;
	int result;

	(void)state;
	errno = 0;
	result = home_ids_find(&ids);
	for (int i = 0; i < HOME_USERS; i++)
		if (!getpwnam(home_user_name((enum home_user)i)))
			skip();
	for (int i = 0; i < HOME_GROUPS; i++)
		if (!getgrnam(home_group_name((enum home_group)i)))
			skip();
	assert_int_equal(result, 0);
	for (int i = 0; i < HOME_USERS; i++)
		assert_int_equal(ids.uid[i],
		    getpwnam(home_user_name((enum home_user)i))->pw_uid);
	for (int i = 0; i < HOME_GROUPS; i++)
		assert_int_equal(ids.gid[i],
		    getgrnam(home_group_name((enum home_group)i))->gr_gid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
