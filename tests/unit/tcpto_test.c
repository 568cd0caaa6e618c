/* tcpto_test.c - the table of hosts that were in trouble. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "net/tcpto.h"
#include "scratch.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/lock.h"

/* What somebody else does before the table is locked. */
static void (*before_lock)(void);

static int
late_lock(int fd, int64_t milliseconds)
{
	void (*other)(void) = before_lock;

	before_lock = NULL;
	if (other)
		other();
	return lock_wait_shortly(fd, milliseconds);
}

#define lock_wait_shortly late_lock
#include "../../src/lib/net/tcpto.c"

#define NOW   1800000000
#define LEASE 90

static int
enter_folder(void **state)
{
	return scratch_enter(state) == 0 && mkdir("queue", 0700) == 0 &&
		mkdir("queue/lock", 0700) == 0
	    ? 0
	    : -1;
}

/* A table as the installation makes it. */
static void
make_empty(void)
{
	static const char zeros[1024];

	scratch_write(TCPTO_FILE, zeros, sizeof(zeros));
}

static struct tcpto_host
host_of(const char *text, uint16_t port)
{
	struct tcpto_host host = { .port = port };

	assert_true(ip_parse(span_of(text), &host.address));
	return host;
}

static void
note(const char *text, int64_t now)
{
	struct tcpto_host host = host_of(text, 25);

	tcpto_note(&host, TCPTO_TIMEOUT, now);
}

static enum tcpto_advice
ask_port(const char *text, uint16_t port, int64_t now)
{
	struct tcpto tcpto = TCPTO_INIT;
	struct tcpto_host host = host_of(text, port);
	enum tcpto_advice advice;

	(void)!tcpto_open(&tcpto);
	advice = tcpto_ask(&tcpto, &host, now, LEASE);
	tcpto_close(&tcpto);
	return advice;
}

static enum tcpto_advice
ask(const char *text, int64_t now)
{
	return ask_port(text, 25, now);
}

static struct tcpto_list
list(void)
{
	struct tcpto_list found = { .records = VEC_INIT };
	struct tcpto tcpto = TCPTO_INIT;

	assert_int_equal(tcpto_open(&tcpto), 0);
	assert_int_equal(tcpto_list(&tcpto, &found), 0);
	tcpto_close(&tcpto);
	return found;
}

static size_t
count(void)
{
	struct tcpto_list found = list();
	size_t len = found.records.len;

	vec_free(&found.records);
	return len;
}

static struct tcpto_record
only_record(void)
{
	struct tcpto_list found = list();
	struct tcpto_record record;

	assert_int_equal(found.records.len, 1);
	record = found.records.at[0];
	vec_free(&found.records);
	return record;
}

/* From the first trouble on, longer each time, and not for ever. */
static void
check_life(const char *host)
{
	static const int64_t waits[] = { 60, 120, 240, 480, 960, 1920, 3600,
		3600, 3600, 3600, 3600, 3600 };
	int64_t now = NOW;

	make_empty();
	assert_int_equal(ask(host, now), TCPTO_UNKNOWN);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		int64_t longest = waits[i] + waits[i] / 16;

		note(host, now);
		assert_int_equal(only_record().count,
		    i < TCPTO_COUNT_MAX ? i + 1 : TCPTO_COUNT_MAX);
		assert_int_equal(ask(host, now), TCPTO_SKIP);
		assert_int_equal(ask(host, now + waits[i] - 1), TCPTO_SKIP);
		/* One may try, and the others wait for what it finds. */
		now += longest;
		assert_int_equal(ask(host, now), TCPTO_PROBE);
		assert_int_equal(ask(host, now), TCPTO_SKIP);
		assert_int_equal(ask(host, now + LEASE - 1), TCPTO_SKIP);
		/* It did not come back: the next one may. */
		now += LEASE > TCPTO_SPACING ? LEASE : TCPTO_SPACING;
		assert_int_equal(ask(host, now), TCPTO_PROBE);
	}
}

static void
test_life(void **state)
{
	(void)state;
	check_life("192.0.2.1");
	check_life("2001:db8::1");
}

/* Many deliveries that find the same trouble are one trouble. */
static void
test_one_trouble(void **state)
{
	(void)state;
	make_empty();
	for (int i = 0; i < 50; i++)
		note("192.0.2.1", NOW + i);
	assert_int_equal(only_record().count, 1);
	assert_int_equal(only_record().when, NOW);
	note("192.0.2.1", NOW + TCPTO_SPACING - 1);
	assert_int_equal(only_record().count, 1);
	note("192.0.2.1", NOW + TCPTO_SPACING);
	assert_int_equal(only_record().count, 2);
}

static void
test_clear(void **state)
{
	struct tcpto_host host = host_of("192.0.2.1", 25);
	struct tcpto_host other_port = host_of("192.0.2.1", 26);

	(void)state;
	make_empty();
	tcpto_note(&host, TCPTO_REFUSED, NOW);
	assert_int_equal(only_record().trouble, TCPTO_REFUSED);
	assert_int_equal(ask_port("192.0.2.1", 26, NOW), TCPTO_UNKNOWN);
	tcpto_note(&other_port, TCPTO_HELLO, NOW);
	note("192.0.2.2", NOW);
	note("2001:db8::1", NOW);
	assert_int_equal(count(), 4);
	assert_int_equal(tcpto_clear(&host), 0);
	assert_int_equal(ask("192.0.2.1", NOW), TCPTO_UNKNOWN);
	assert_int_equal(ask_port("192.0.2.1", 26, NOW), TCPTO_SKIP);
	tcpto_note(&host, TCPTO_REFUSED, NOW);
	assert_int_equal(tcpto_clear_address(&host.address), 0);
	assert_int_equal(count(), 2);
	assert_int_equal(ask("192.0.2.2", NOW), TCPTO_SKIP);
	assert_int_equal(tcpto_clear_all(), 0);
	assert_int_equal(count(), 0);
	assert_int_equal(ask("192.0.2.2", NOW), TCPTO_UNKNOWN);
}

/* A time that no wait can reach, after the clock was set, is not believed. */
static void
test_clock(void **state)
{
	(void)state;
	make_empty();
	note("192.0.2.1", NOW);
	assert_int_equal(
	    ask("192.0.2.1", NOW - TCPTO_SKIP_MAX - 10), TCPTO_PROBE);
	note("192.0.2.1", NOW + 1000000);
	assert_int_equal(ask("192.0.2.1", NOW), TCPTO_PROBE);
	/* Nor is a trouble of that time the one of now. */
	note("192.0.2.1", NOW);
	assert_int_equal(only_record().when, NOW);
	assert_int_equal(only_record().count, 3);
}

/* A record of the old form, at its place. */
static void
put_old(char *table, size_t at, const char *text, int times, uint32_t when)
{
	struct tcpto_host host = host_of(text, 25);
	size_t size = host.address.family == 4 ? 4 : 16;

	memcpy(table + at, host.address.bytes, size);
	table[at + size] = (char)times;
	for (size_t i = 0; i < 4; i++)
		table[at + size + 4 + i] = (char)(when >> 8 * i);
}

/* An old file tells what it told, and goes on in the new form. */
static void
test_old_file(void **state)
{
	char table[1024 + 28 * 64] = { 0 };
	struct stat st;

	(void)state;
	put_old(table, 0, "192.0.2.1", 1, NOW - 10);
	put_old(table, 63 * 16, "192.0.2.2", 2, NOW - 3000);
	put_old(table, 5 * 16, "192.0.2.3", 9, NOW - 5000);
	put_old(table, 1024 + 28, "2001:db8::1", 2, NOW - 60);
	scratch_write(TCPTO_FILE, table, sizeof(table));
	assert_int_equal(count(), 4);
	assert_int_equal(ask("192.0.2.2", NOW), TCPTO_SKIP);
	assert_int_equal(ask("2001:db8::1", NOW), TCPTO_SKIP);
	assert_int_equal(stat(TCPTO_FILE, &st), 0);
	assert_int_equal(st.st_size, sizeof(table));
	assert_int_equal(ask("192.0.2.1", NOW), TCPTO_PROBE);
	assert_int_equal(stat(TCPTO_FILE, &st), 0);
	assert_int_equal(st.st_size, 4096 + TCPTO_BUCKETS * 4096);
	assert_int_equal(count(), 4);
	assert_int_equal(ask("192.0.2.1", NOW), TCPTO_SKIP);
	assert_int_equal(ask("192.0.2.2", NOW), TCPTO_SKIP);
	assert_int_equal(ask("192.0.2.3", NOW), TCPTO_PROBE);
	assert_int_equal(ask("2001:db8::1", NOW), TCPTO_SKIP);
}

static const char *
name(char *text, size_t size, unsigned number)
{
	snprintf(text, size, "10.%u.%u.%u", number >> 16, number >> 8 & 255,
	    number & 255);
	return text;
}

/* Far more hosts than the 64 of old all have their place. */
static void
test_many(void **state)
{
	char host[40];

	(void)state;
	make_empty();
	for (unsigned i = 0; i < 20000; i++)
		note(name(host, sizeof(host), i), NOW);
	assert_int_equal(count(), 20000);
	for (unsigned i = 0; i < 20000; i++)
		assert_int_equal(
		    ask(name(host, sizeof(host), i), NOW), TCPTO_SKIP);
}

/* The file has an end; who came first is forgotten first. */
static void
test_full(void **state)
{
	const unsigned hosts = TCPTO_BUCKETS * TCPTO_PLACES * 2;
	unsigned known = 0;
	struct stat st;
	char host[40];

	(void)state;
	make_empty();
	for (unsigned i = 0; i < hosts; i++)
		note(name(host, sizeof(host), i), NOW + i / 1000);
	assert_int_equal(stat(TCPTO_FILE, &st), 0);
	assert_int_equal(st.st_size, 4096 + TCPTO_BUCKETS * 4096);
	assert_true(count() <= TCPTO_BUCKETS * TCPTO_PLACES);
	for (unsigned i = hosts - 1000; i < hosts; i++)
		assert_int_equal(
		    ask(name(host, sizeof(host), i), NOW + hosts / 1000),
		    TCPTO_SKIP);
	for (unsigned i = 0; i < 1000; i++)
		known += ask(name(host, sizeof(host), i), NOW) != TCPTO_UNKNOWN;
	assert_int_equal(known, 0);
}

/* Of many processes that ask at once, one may try. */
static void
test_one_probe(void **state)
{
	enum {
		ASKERS = 16
	};
	int begin[2], status, probes = 0;

	(void)state;
	make_empty();
	note("192.0.2.1", NOW);
	assert_int_equal(fd_pipe(begin), 0);
	for (int i = 0; i < ASKERS; i++)
		if (fork() == 0) {
			char byte;

			fd_close(begin[1]);
			_exit(read(begin[0], &byte, 1) == 0
				? (int)ask("192.0.2.1", NOW + 100)
				: 99);
		}
	fd_close(begin[0]);
	fd_close(begin[1]);
	for (int i = 0; i < ASKERS; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		probes += WEXITSTATUS(status) == TCPTO_PROBE;
		assert_true(WEXITSTATUS(status) == TCPTO_PROBE ||
		    WEXITSTATUS(status) == TCPTO_SKIP);
	}
	assert_int_equal(probes, 1);
}

static void
ask_first(void)
{
	assert_int_equal(ask("192.0.2.1", NOW + 100), TCPTO_PROBE);
}

/* Who was about to ask looks again when it has the lock. */
static void
test_second_look(void **state)
{
	(void)state;
	make_empty();
	note("192.0.2.1", NOW);
	before_lock = ask_first;
	assert_int_equal(ask("192.0.2.1", NOW + 100), TCPTO_SKIP);
}

/* A holder of the lock that never lets go holds nobody up for long. */
static void
test_stuck_lock(void **state)
{
	int fd;

	(void)state;
	make_empty();
	note("192.0.2.1", NOW);
	fd = file_open(TCPTO_FILE);
	assert_int_equal(lock_try(fd), 0);
	note("192.0.2.2", NOW);
	assert_int_equal(ask("192.0.2.1", NOW + 100), TCPTO_PROBE);
	assert_int_equal(tcpto_clear_all(), -1);
	fd_close(fd);
	assert_int_equal(count(), 1);
	assert_int_equal(tcpto_clear_all(), 0);
}

/* Any bytes and any length: the table takes notes again after it. */
static void
test_damage(void **state)
{
	static char noise[4096 * 3 + TCPTO_BUCKETS * 4096];
	static const size_t sizes[] = { 0, 1, 15, 1023, 1024, 1025, 2816, 4095,
		4096, 4097, 8192, 1000000, 4096 + TCPTO_BUCKETS * 4096 - 1,
		4096 + TCPTO_BUCKETS * 4096, sizeof(noise) };
	struct stat st;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int byte = 0; byte < 256; byte += 5) {
			for (size_t at = 0; at < sizes[i]; at++)
				noise[at] = (char)(byte + at % 7 * 31);
			scratch_write(TCPTO_FILE, noise, sizes[i]);
			(void)ask("192.0.2.1", NOW);
			(void)count();
			note("192.0.2.1", NOW);
			note("2001:db8::1", NOW);
			assert_int_equal(ask("192.0.2.1", NOW), TCPTO_SKIP);
			assert_int_equal(ask("2001:db8::1", NOW), TCPTO_SKIP);
			assert_true(count() <= TCPTO_BUCKETS * TCPTO_PLACES);
			assert_int_equal(tcpto_clear_all(), 0);
			assert_int_equal(count(), 0);
			assert_int_equal(stat(TCPTO_FILE, &st), 0);
			assert_int_equal(
			    st.st_size, 4096 + TCPTO_BUCKETS * 4096);
		}
}

/* Without the file nothing is known, and nothing breaks. */
static void
test_missing(void **state)
{
	struct tcpto_host host = host_of("192.0.2.1", 25);

	(void)state;
	(void)unlink(TCPTO_FILE);
	note("192.0.2.1", NOW);
	assert_int_equal(ask("192.0.2.1", NOW), TCPTO_UNKNOWN);
	assert_int_equal(tcpto_clear(&host), -1);
	assert_int_equal(tcpto_clear_all(), -1);
	assert_int_equal(access(TCPTO_FILE, F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_one_trouble),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_old_file),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_one_probe),
		cmocka_unit_test(test_second_look),
		cmocka_unit_test(test_stuck_lock),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, enter_folder, scratch_leave);
}
