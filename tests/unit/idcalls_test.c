/* idcalls_test.c - which system calls give up rights, and that what they did is
 * looked at: ids.c over a kernel of our own, with two sets of calls. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#undef SYS_setgroups32
#undef SYS_setresgid32
#undef SYS_setresuid32
#define SYS_setgroups32 90001
#define SYS_setresgid32 90002
#define SYS_setresuid32 90003

#define SOME_UID 70001
#define SOME_GID 70002

static struct {
	uid_t uid;
	gid_t gid, groups[8];
	int group_count;
	gid_t extra_group; /* a group that does not go; 0: none */
} kernel;

static long
fake_syscall(long number, ...)
{
	const gid_t *groups;
	va_list arguments;
	long result = 0;

	va_start(arguments, number);
	switch (number) {
	case SYS_setgroups32:
		kernel.group_count = (int)va_arg(arguments, size_t);
		groups = va_arg(arguments, const gid_t *);
		for (int i = 0; i < kernel.group_count; i++)
			kernel.groups[i] = groups[i];
		if (kernel.extra_group)
			kernel.groups[kernel.group_count++] =
			    kernel.extra_group;
		break;
	case SYS_setresgid32:
		kernel.gid = va_arg(arguments, gid_t);
		break;
	case SYS_setresuid32:
		kernel.uid = va_arg(arguments, uid_t);
		break;
	default: /* a call of the set with 16 bits */
		result = -1;
	}
	va_end(arguments);
	return result;
}

static int
fake_getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
	*real = *effective = *saved = kernel.uid;
	return 0;
}

static int
fake_getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
	*real = *effective = *saved = kernel.gid;
	return 0;
}

static inline int
fake_getgroups(int size, gid_t *groups)
{
	assert_true(size >= kernel.group_count);
	for (int i = 0; i < kernel.group_count; i++)
		groups[i] = kernel.groups[i];
	return kernel.group_count;
}

#define syscall	  fake_syscall
#define getresuid fake_getresuid
#define getresgid fake_getresgid
#define getgroups fake_getgroups

#include "../../src/lib/sys/ids.c"

static void
test_wide_calls(void **state)
{
	const gid_t groups[] = { SOME_GID };

	(void)state;
	assert_int_equal(ids_become(SOME_UID, SOME_GID, groups, 1), 0);
	assert_int_equal(kernel.uid, SOME_UID);
	assert_int_equal(kernel.gid, SOME_GID);
	assert_int_equal(kernel.groups[0], SOME_GID);
}

static void
test_groups_are_read_back(void **state)
{
	const gid_t groups[] = { SOME_GID };

	(void)state;
	kernel.extra_group = SOME_GID + 1;
	assert_int_equal(ids_become(SOME_UID, SOME_GID, groups, 1), -1);
	assert_int_equal(errno, EPERM);
	kernel.extra_group = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wide_calls),
		cmocka_unit_test(test_groups_are_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
