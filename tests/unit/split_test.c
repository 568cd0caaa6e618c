/* split_test.c - lines into words. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/split.h"

#define ROOM 12

/* A byte at a time. */
static size_t
split_slowly(struct span line, struct span words[], size_t room)
{
	size_t at = 0, count = 0;

	while (count < room) {
		size_t start;

		while (at < line.len && (unsigned char)line.s[at] <= ' ')
			at++;
		start = at;
		while (at < line.len && (unsigned char)line.s[at] > ' ')
			at++;
		if (at == start)
			break;
		words[count++] = span_make(line.s + start, at - start);
	}
	return count;
}

static void
compare(struct span line, size_t room)
{
	struct span words[ROOM], wanted[ROOM];
	size_t count = split_slowly(line, wanted, room);

	assert_int_equal(split_words(line, words, room), count);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(words[i].s, wanted[i].s);
		assert_int_equal(words[i].len, wanted[i].len);
	}
	for (size_t i = count; i < room; i++) {
		assert_int_equal(words[i].len, 0);
		assert_ptr_equal(words[i].s, line.s + line.len);
	}
}

/* Each byte, at each place of a block, ends a word or does not. */
static void
test_each_byte(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++)
		for (size_t at = 0; at < 20; at++) {
			char line[20];

			memset(line, 'x', sizeof(line));
			line[at] = (char)byte;
			compare(span_make(line, sizeof(line)), ROOM);
			memset(line, ' ', sizeof(line));
			line[at] = (char)byte;
			compare(span_make(line, sizeof(line)), ROOM);
			memset(line, '\377', sizeof(line));
			line[at] = (char)byte;
			compare(span_make(line, sizeof(line)), ROOM);
		}
}

/* In memory of their own, so that a look beyond the end is found. */
static void
test_any_lines(void **state)
{
	static const char bytes[] = "ab ~\t\200\377\001 !";

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)rand() % 60;
		char *line = malloc(len + 1);

		for (size_t at = 0; at < len; at++)
			line[at] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
		line = realloc(line, len ? len : 1);
		compare(span_make(line, len), (size_t)rand() % (ROOM + 1));
		free(line);
	}
	compare(SPAN(""), ROOM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_byte),
		cmocka_unit_test(test_any_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
