/* state_test.c - info, and what the files of a message say of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>

#include <errno.h>

#include "queue_files.h"

#include "queue/info.h"
#include "queue/state.h"

static void
test_states(void **state)
{
	const struct {
		struct span info, local, remote;
		enum message_state is; /* for s@x and three recipients */
		int waits[CHANNELS];
	} cases[] = {
		{ SPAN("Fs@x\0"), SPAN("Ta\0Tb\0"), SPAN("Tc@d\0"),
		    MESSAGE_WHOLE, { 1, 1 } },
		{ SPAN("Fs@x\0"), SPAN("Da\0Tb\0Dc\0"), missing, MESSAGE_WHOLE,
		    { 1, 0 } },
		{ SPAN("Fs@x\0"), SPAN("Da\0Db\0"), SPAN("Tc@d\0"),
		    MESSAGE_WHOLE, { 1, 1 } },
		{ SPAN("Fs@x\0l2\0"), missing, SPAN("Tc@d\0"),
		    MESSAGE_FINISHED_CHANNEL, { 0, 1 } },
		/* Marked, but its file is still there. */
		{ SPAN("Fs@x\0l2\0"), SPAN("Da\0Db\0"), SPAN("Tc@d\0"),
		    MESSAGE_FINISHED_CHANNEL, { 0, 1 } },
		{ SPAN("Fs@x\0r1\0"), SPAN("Da\0Tb\0"), missing,
		    MESSAGE_FINISHED_CHANNEL, { 1, 0 } },
		{ SPAN("Fs@x\0"), SPAN("Da\0Db\0"), SPAN("Dc@d\0"),
		    MESSAGE_ALL_DONE, { 0, 0 } },
		{ SPAN("Fs@x\0l2\0b\0"), missing, SPAN("Dc@d\0"),
		    MESSAGE_ALL_DONE, { 0, 0 } },
		{ SPAN("Fs@x\0l2\0r1\0"), missing, missing, MESSAGE_ALL_DONE,
		    { 0, 0 } },
		{ missing, missing, missing, MESSAGE_UNSORTED, { 0, 0 } },
		{ SPAN("Fs@x\0"), missing, SPAN("Tc@d\0"), MESSAGE_DAMAGED,
		    { 0, 0 } },
		{ SPAN("Fs@x\0"), SPAN("Ta\0T"), SPAN("Tc@d\0"),
		    MESSAGE_DAMAGED, { 0, 0 } },
		{ SPAN("Fs@x\0"), SPAN(""), SPAN("Tc@d\0"), MESSAGE_DAMAGED,
		    { 0, 0 } },
		{ SPAN("Fs@y\0"), SPAN("Ta\0Tb\0"), SPAN("Tc@d\0"),
		    MESSAGE_DAMAGED, { 0, 0 } },
		{ SPAN("Fs@x"), SPAN("Ta\0Tb\0"), SPAN("Tc@d\0"),
		    MESSAGE_DAMAGED, { 0, 0 } },
		{ SPAN(""), SPAN("Ta\0Tb\0"), SPAN("Tc@d\0"), MESSAGE_DAMAGED,
		    { 0, 0 } },
		{ missing, SPAN("Ta\0Tb\0"), SPAN("Tc@d\0"), MESSAGE_DAMAGED,
		    { 0, 0 } },
		/* A mark that breaks off is none. */
		{ SPAN("Fs@x\0l2"), missing, SPAN("Tc@d\0"), MESSAGE_DAMAGED,
		    { 0, 0 } },
		{ SPAN("Fs@x\0l\0"), missing, SPAN("Tc@d\0"), MESSAGE_DAMAGED,
		    { 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool waits[CHANNELS];
		enum message_state is;

		put("info", cases[i].info);
		put("local", cases[i].local);
		put("remote", cases[i].remote);
		is = message_state(NUMBER, 23, SPAN("s@x"), 3, waits);
		if (is != cases[i].is)
			fail_msg("case %zu: %d, not %d", i, (int)is,
			    (int)cases[i].is);
		if (is == MESSAGE_DAMAGED)
			continue;
		for (int j = 0; j < CHANNELS; j++)
			assert_int_equal(waits[j], cases[i].waits[j]);
	}
}

/* An error of the system is no answer about a message. */
static void
test_cannot_tell(void **state)
{
	static const char *const folders[] = { "info", "local", "remote" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		bool waits[CHANNELS];
		char path[32];

		put("info", SPAN("Fs@x\0"));
		put("local", SPAN("Ta\0Tb\0"));
		put("remote", SPAN("Tc\0"));
		put(folders[i], missing);
		/* Opening works, reading fails with EISDIR. */
		(void)snprintf(path, sizeof(path), "%s/0/46", folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
		assert_int_equal(
		    message_state(NUMBER, 23, SPAN("s@x"), 3, waits),
		    MESSAGE_CANNOT_TELL);
		assert_int_equal(rmdir(path), 0);
	}
}

static void
test_info(void **state)
{
	struct info info = INFO_INIT;
	struct stat st;

	(void)state;
	put("info", missing);
	assert_int_equal(info_read(NUMBER, 23, &info), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(info_write(NUMBER, 23, SPAN("s@x"), SPAN("RET=HDRS"),
			     INFO_ORDER_NONE, 1234567),
	    0);
	assert_int_equal(info_read(NUMBER, 23, &info), 0);
	assert_string_equal(str_z(&info.sender), "s@x");
	assert_int_equal(info.birth, 1234567);
	assert_false(info.is_finished[CHANNEL_LOCAL]);
	assert_false(info.is_bounced);
	assert_int_equal(
	    info_mark_finished(NUMBER, 23, CHANNEL_REMOTE, 7, 1234567), 0);
	assert_int_equal(info_mark_bounced(NUMBER, 23, 1234567), 0);
	assert_int_equal(info_mark_ahead(NUMBER, 23, 999, 1234567), 0);
	assert_int_equal(info_read(NUMBER, 23, &info), 0);
	assert_true(info.is_finished[CHANNEL_REMOTE]);
	assert_int_equal(info.counts[CHANNEL_REMOTE], 7);
	assert_string_equal(str_z(&info.parameters), "RET=HDRS");
	assert_false(info.is_finished[CHANNEL_LOCAL]);
	assert_true(info.is_bounced);
	assert_int_equal(info.seen_ahead, 999);
	assert_int_equal(stat("info/0/46", &st), 0);
	assert_int_equal(st.st_mtime, 1234567);
	info_free(&info);
}

/* Half a mark is written: the birth stays, and the next one counts all the
 * same. */
static void
test_half_a_mark(void **state)
{
	struct info info = INFO_INIT;
	struct rlimit old, low;

	(void)state;
	assert_int_equal(info_write(NUMBER, 23, SPAN("s@x"), SPAN(""),
			     INFO_ORDER_NONE, 1234567),
	    0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	low = old;
	low.rlim_cur = sizeof("Fs@x") + 2;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	assert_int_equal(
	    info_mark_finished(NUMBER, 23, CHANNEL_REMOTE, 70, 1234567), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(info_read(NUMBER, 23, &info), 0);
	assert_int_equal(info.birth, 1234567);
	assert_int_equal(
	    info_mark_finished(NUMBER, 23, CHANNEL_REMOTE, 70, 1234567), 0);
	assert_int_equal(info_read(NUMBER, 23, &info), 0);
	assert_true(info.is_finished[CHANNEL_REMOTE]);
	info_free(&info);
}

/* What a power cut left of a mark does not hide the next one. */
static void
test_rest_of_a_mark(void **state)
{
	static const struct span rests[] = { { "Fs@x\0l1\0\0\0\0", 11 },
		{ "Fs@x\0l1\0r2", 10 }, { "Fs@x\0l1\0", 8 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rests) / sizeof(*rests); i++) {
		struct info info = INFO_INIT;

		put("info", rests[i]);
		assert_int_equal(
		    info_mark_finished(NUMBER, 23, CHANNEL_REMOTE, 70, 1234567),
		    0);
		assert_int_equal(info_read(NUMBER, 23, &info), 0);
		assert_int_equal(info.birth, 1234567);
		assert_int_equal(info.counts[CHANNEL_LOCAL], 1);
		assert_int_equal(info.counts[CHANNEL_REMOTE], 70);
		info_free(&info);
	}
	put("info", missing);
	assert_int_equal(
	    info_mark_finished(NUMBER, 23, CHANNEL_REMOTE, 70, 1234567), -1);
	assert_int_equal(errno, ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_cannot_tell),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_half_a_mark),
		cmocka_unit_test(test_rest_of_a_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
