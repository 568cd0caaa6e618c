/* jobs_test.c - messages at work: their schedule, their failures, loading. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "queue/retry.h"
#include "queue_files.h"

#include "../../src/send/backlog.c"
#undef SHIFT_FROM
#include "../../src/send/hops.c"
#define grow grow_numbers
#include "../../src/send/numbers.c"
#undef grow
#include "../../src/send/jobs.c"

static void
test_next_try(void **state)
{
	/* As recorded: age, next local, next remote. */
	static const int64_t table[][3] = { { 0, 100, 400 }, { 30, 225, 625 },
		{ 399, 841, 1521 }, { 402, 900, 1600 }, { 905, 1600, 2500 },
		{ 3700, 4900, 6400 }, { 86500, 92416, 98596 },
		{ 604000, 619369, 635209 } };
	const int64_t birth = 1700000000;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		int64_t now = birth + table[i][0];

		assert_true(retry_next(birth, now, CHANNEL_LOCAL) ==
		    birth + table[i][1]);
		assert_true(retry_next(birth, now, CHANNEL_REMOTE) ==
		    birth + table[i][2]);
	}
	/* Born in the future: just born. */
	assert_true(
	    retry_next(birth, birth - 1000, CHANNEL_LOCAL) == birth + 100);
}

static void
test_longest_wait(void **state)
{
	static const int64_t lifetimes[] = { 0, 1, 99, 100, 101, 604800 };
	const enum channel_id channels[] = { CHANNEL_LOCAL, CHANNEL_REMOTE };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(lifetimes) / sizeof(*lifetimes);
	     i++) {
		enum channel_id channel = channels[i % 2];
		int64_t lifetime = lifetimes[i / 2], longest = 0;

		for (int64_t age = 0; age <= lifetime; age++) {
			int64_t wait = retry_next(0, age, channel) - age;

			if (wait > longest)
				longest = wait;
		}
		assert_true(retry_longest_wait(lifetime, channel) == longest);
	}
}

static void
test_books(void **state)
{
	struct job_channel channel = { .fd = -1 };
	struct job_entry_book *own = &channel.books[JOB_SUCCESSES];

	(void)state;
	assert_int_equal(job_next_record(own, 10).len, 0);
	job_add_entry(own, 1, SPAN("first"));
	job_add_entry(own, 2, SPAN("second"));
	job_add_entry(own, 3, SPAN("third"));
	/* As many as fit, but one at least. */
	assert_true(span_equal(job_next_record(own, 11), SPAN("firstsecond")));
	assert_int_equal(own->recording.list.len, 2);
	assert_int_equal(own->recording.list.at[1].position, 2);
	/* The same again until they are recorded. */
	assert_true(span_equal(job_next_record(own, 99), SPAN("firstsecond")));
	own->recording.list.len = 0;
	str_reset(&own->recording.text);
	job_add_entry(own, 4, SPAN("fourth"));
	assert_true(span_equal(job_next_record(own, 1), SPAN("third")));
	own->recording.list.len = 0;
	str_reset(&own->recording.text);
	assert_true(span_equal(job_next_record(own, 99), SPAN("fourth")));
	assert_int_equal(own->unrecorded.list.len, 0);
	free_channel(&channel);
}

static void
test_load(void **state)
{
	struct jobs jobs = { .table = { .len = 0 } };
	struct job *job;

	(void)state;
	put("info", missing);
	put("local", SPAN("Ta\0"));
	put("remote", missing);
	assert_int_equal(job_load(&jobs, NUMBER, 23, &job), -1);
	assert_int_equal(errno, ENOENT);
	put("info", SPAN("Fs@x\0r3\0"));
	put("remote", SPAN("Db\0"));
	assert_int_equal(job_load(&jobs, NUMBER, 23, &job), 0);
	assert_ptr_equal(job_find(&jobs, NUMBER), job);
	assert_string_equal(str_z(&job->sender), "s@x");
	assert_int_equal(job->channels[CHANNEL_LOCAL].state, JOB_CHANNEL_WAITS);
	/* Finished, whatever lies there. */
	assert_int_equal(job->channels[CHANNEL_REMOTE].state, JOB_CHANNEL_NONE);
	assert_false(job_is_busy(job));
	job_free(&jobs, job);
	assert_null(job_find(&jobs, NUMBER));
	put("info", SPAN("s@x\0"));
	assert_int_equal(job_load(&jobs, NUMBER, 23, &job), -1);
	assert_int_equal(errno, EBADMSG);
	number_set_free(&jobs.table);
}

static void
test_lines(void **state)
{
	struct job_line line = { NULL, NULL };
	struct job a = { .number = 1 }, b = { .number = 2 },
		   c = { .number = 3 };

	(void)state;
	job_line_join(&line, &a);
	job_line_join(&line, &b);
	job_line_join(&line, &c);
	job_line_leave(&line, &b);
	assert_ptr_equal(line.first, &a);
	assert_ptr_equal(a.after, &c);
	job_line_leave(&line, &a);
	job_line_leave(&line, &c);
	assert_null(line.first);
	assert_null(line.last);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_try),
		cmocka_unit_test(test_longest_wait),
		cmocka_unit_test(test_books),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
