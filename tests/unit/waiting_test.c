/* waiting_test.c - the files of a message that waits, whole and damaged. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/send/waiting.c"

#define NUMBER 46 /* in subfolder 0 of 23 */

static void
put(const char *folder, struct span content)
{
	char path[64];
	int fd;

	(void)mkdir(folder, 0755);
	(void)snprintf(path, sizeof(path), "%s/0", folder);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/0/%d", folder, NUMBER);
	(void)unlink(path);
	if (content.s) {
		assert_true((fd = file_create(path, 0600)) >= 0);
		assert_int_equal(fd_write_all(fd, content), 0);
		fd_close(fd);
	}
}

static const struct span missing = { NULL, 0 };

static void
test_whole(void **state)
{
	const struct {
		struct span info, local, remote;
		bool is_whole; /* for the sender s@x and three recipients */
	} cases[] = {
		{ SPAN("Fs@x\0"), SPAN("Ta\0Tb\0"), SPAN("Tc@d\0"), true },
		{ SPAN("Fs@x\0"), SPAN("Da\0Tb\0Dc\0"), missing, true },
		{ SPAN("Fs@x\0"), missing, SPAN("Ta\0Tb\0Tc\0"), true },
		{ SPAN("Fs@x\0l2\0"), missing, SPAN("Tc@d\0"), true },
		{ SPAN("Fs@x\0r1\0"), SPAN("Da\0Tb\0"), missing, true },
		{ SPAN("Fs@x\0"), missing, SPAN("Tc@d\0"), false },
		{ SPAN("Fs@x\0"), SPAN("Ta\0T"), SPAN("Tc@d\0"), false },
		{ SPAN("Fs@x\0"), SPAN("Ta\0Tb"), SPAN("Tc@d\0"), false },
		{ SPAN("Fs@x\0"), SPAN("\0\0\0\0\0\0"), SPAN("Tc@d\0"), false },
		{ SPAN("Fs@x\0"), SPAN(""), SPAN("Tc@d\0"), false },
		{ SPAN("Fs@y\0"), SPAN("Ta\0Tb\0"), SPAN("Tc@d\0"), false },
		{ SPAN("Fs@x"), SPAN("Ta\0Tb\0"), SPAN("Tc@d\0"), false },
		{ SPAN(""), SPAN("Ta\0Tb\0"), SPAN("Tc@d\0"), false },
		{ missing, SPAN("Ta\0Tb\0"), SPAN("Tc@d\0"), false },
		{ SPAN("Fs@x\0l2"), missing, SPAN("Tc@d\0"), false },
		{ SPAN("Fs@x\0l\0"), missing, SPAN("Tc@d\0"), false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put("info", cases[i].info);
		put("local", cases[i].local);
		put("remote", cases[i].remote);
		assert_int_equal(waiting_is_whole(NUMBER, 23, SPAN("s@x"), 3),
		    cases[i].is_whole);
	}
}

static void
test_mark(void **state)
{
	struct str sender = STR_INIT;
	int64_t birth;

	(void)state;
	put("info", SPAN("Fs@x\0"));
	put("local", missing);
	put("remote", SPAN("Tc@d\0"));
	assert_int_equal(
	    waiting_mark_channel(NUMBER, 23, CHANNEL_LOCAL, 2, 1234567), 0);
	assert_true(waiting_is_whole(NUMBER, 23, SPAN("s@x"), 3));
	assert_int_equal(waiting_read_info(NUMBER, 23, &sender, &birth), 0);
	assert_string_equal(str_z(&sender), "s@x");
	assert_int_equal(birth, 1234567);
	put("info", SPAN("s@x\0"));
	assert_int_equal(waiting_read_info(NUMBER, 23, &sender, &birth), -1);
	str_free(&sender);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
