/* links_test.c - words of any amount reach the peer, in order, whole. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../src/send/links.c"

#include "queue/record.h"

#define WORDS 50000

/* Reads what is there; checks that numbers go on from *next. */
static void
hear(int peer, uint64_t *next)
{
	static char datagram[FDPASS_RECORD_MAX];
	ssize_t got;

	while ((got = fdpass_receive(peer, datagram, sizeof(datagram), NULL)) >
	    0) {
		struct span rest = span_make(datagram, (size_t)got);
		uint64_t number;

		while (rest.len) {
			assert_true(
			    record_next_number(&rest, 'G', INT64_MAX, &number));
			assert_int_equal(number, *next);
			++*next;
		}
	}
}

static void
test_many_words(void **state)
{
	const uint64_t first = 1700000000000000;
	uint64_t next = first;
	struct link link;
	int ends[2];

	(void)state;
	assert_int_equal(fd_pair(ends), 0);
	assert_int_equal(link_init(&link, ends[0]), 0);
	assert_int_equal(fd_set_nonblocking(ends[1]), 0);
	for (uint64_t i = 0; i < WORDS; i++)
		record_add_number(&link.words, 'G', first + i);
	/* The peer is slow: words stay here, and none is lost. */
	link_flush(&link);
	assert_true(link_is_waiting(&link));
	while (link_is_waiting(&link)) {
		hear(ends[1], &next);
		link_flush(&link);
	}
	hear(ends[1], &next);
	assert_int_equal(next, first + WORDS);
	link_close(&link);
	fd_close(ends[1]);
}

static void
test_without_peer(void **state)
{
	struct link link;
	int ends[2];

	(void)state;
	assert_int_equal(fd_pair(ends), 0);
	assert_int_equal(link_init(&link, ends[0]), 0);
	link_close(&link);
	record_add_number(&link.words, 'G', 1);
	link_flush(&link);
	assert_false(link_is_waiting(&link));
	assert_int_equal(link.words.len, 0);
	str_free(&link.words);
	fd_close(ends[1]);
	assert_int_equal(link_init(&link, ends[0]), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_words),
		cmocka_unit_test(test_without_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
