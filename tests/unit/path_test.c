/* path_test.c - names in the queue. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queue/path.h"

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(queue_path(QUEUE_MESS, 46, 23).s, "mess/0/46");
	assert_string_equal(queue_path(QUEUE_REMOTE, INT64_MAX, 99999).s,
	    "remote/90781/9223372036854775807");
	assert_string_equal(queue_path(QUEUE_BOUNCE, 5, 1).s, "bounce/0/5");
	assert_string_equal(queue_path_folder(QUEUE_TODO, 7).s, "todo/7");
	assert_string_equal(queue_folder_name(QUEUE_INTD), "intd");
}

static void
test_numbers(void **state)
{
	static const struct {
		const char *name;
		uint64_t number; /* 0: no number */
	} cases[] = {
		{ "1", 1 },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", 0 },
		{ "0", 0 },
		{ "01", 0 },
		{ "", 0 },
		{ "-1", 0 },
		{ "12x", 0 },
		{ " 1", 0 },
		{ "99999999999999999999999", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t number = 0;
		bool is_number =
		    queue_path_number(span_of(cases[i].name), &number);

		assert_int_equal(is_number, cases[i].number != 0);
		if (is_number)
			assert_int_equal(number, cases[i].number);
	}
}

static void
test_part(void **state)
{
	static const char *const none[] = { "", "00", "01", "-1", "1x", "x",
		"9223372036854775808" };
	uint64_t part = 7;

	(void)state;
	assert_true(queue_path_part(SPAN("0"), &part));
	assert_int_equal(part, 0);
	assert_true(queue_path_part(SPAN("100"), &part));
	assert_int_equal(part, 100);
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_false(queue_path_part(span_of(none[i]), &part));
}

static void
test_time(void **state)
{
	(void)state;
	assert_false(queue_number_is_time(1));
	assert_false(queue_number_is_time(UINT32_MAX));
	assert_false(queue_number_is_time(1577836799999999));
	assert_true(queue_number_is_time(1577836800000000));
}

static void
test_folder(void **state)
{
	static const char *const names[] = { "mess/0/46", "mess/0/23",
		"mess/0/24", "mess/0/junk", "mess/0/023" };
	uint64_t number, sum = 0;
	struct dir dir;
	int got;

	(void)state;
	(void)mkdir("mess", 0755);
	(void)mkdir("mess/0", 0755);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		fclose(fopen(names[i], "w"));
	assert_int_equal(dir_open(&dir, queue_path_folder(QUEUE_MESS, 0).s), 0);
	while ((got = queue_folder_next(&dir, 0, 23, &number)) > 0)
		sum += number;
	assert_int_equal(got, 0);
	assert_int_equal(sum, 46 + 23);
	dir_close(&dir);
}

static void
write_split(const char *text)
{
	FILE *f = fopen("lock/split", "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
test_split(void **state)
{
	uint64_t split;

	(void)state;
	assert_int_equal(mkdir("lock", 0755), 0);
	assert_int_equal(queue_split_read(&split), 0);
	assert_int_equal(split, QUEUE_SPLIT_DEFAULT);
	write_split("101\n");
	assert_int_equal(queue_split_read(&split), 0);
	assert_int_equal(split, 101);
	write_split("0\n");
	assert_int_equal(queue_split_read(&split), -1);
	write_split("many\n");
	assert_int_equal(queue_split_read(&split), -1);
	write_split("100001\n");
	assert_int_equal(queue_split_read(&split), -1);
	/* One that cannot be read is not the same as none. */
	assert_int_equal(unlink("lock/split"), 0);
	assert_int_equal(mkdir("lock/split", 0755), 0);
	assert_int_equal(queue_split_read(&split), -1);
	assert_int_equal(rmdir("lock/split"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_part),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
