/* tcpto_test.c - the table of hosts that did not answer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/tcpto.h"
#include "sys/file.h"

#define NOW 1800000000

static int
enter_folder(void **state)
{
	static char folder[] = "/tmp/tcpto_test.XXXXXX";

	*state = mkdtemp(folder);
	return *state && chdir(folder) == 0 && mkdir("queue", 0700) == 0 &&
		mkdir("queue/lock", 0700) == 0
	    ? 0
	    : -1;
}

static int
leave_folder(void **state)
{
	(void)unlink(TCPTO_FILE);
	(void)rmdir("queue/lock");
	(void)rmdir("queue");
	return rmdir(*state);
}

static void
write_table(const void *bytes, size_t size)
{
	int fd = open(TCPTO_FILE, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static struct ip_address
parse(const char *text)
{
	struct ip_address address;

	assert_true(ip_parse(span_of(text), &address));
	return address;
}

static void
note(const char *text, bool is_timeout, int64_t now)
{
	struct tcpto tcpto = TCPTO_INIT;
	struct ip_address address = parse(text);

	(void)tcpto_read(&tcpto);
	tcpto_note(&tcpto, &address, is_timeout, now);
	tcpto_free(&tcpto);
}

static bool
skips(const char *text, int64_t now, unsigned spread)
{
	struct tcpto tcpto = TCPTO_INIT;
	struct ip_address address = parse(text);
	bool result;

	(void)tcpto_read(&tcpto);
	result = tcpto_should_skip(&tcpto, &address, now, spread);
	tcpto_free(&tcpto);
	return result;
}

static void
check_life(const char *host)
{
	char zeros[1024] = { 0 };

	write_table(zeros, sizeof(zeros));
	note(host, true, NOW);
	assert_false(skips(host, NOW, 0));
	note(host, true, NOW + 119);
	assert_false(skips(host, NOW + 119, 0)); /* too soon to count */
	note(host, true, NOW + 120);
	assert_true(skips(host, NOW + 120, 0));
	assert_true(skips(host, NOW + 120 + 60 * 64 - 1, 0));
	assert_false(skips(host, NOW + 120 + 60 * 64, 0));
	assert_true(skips(host, NOW + 120 + 60 * 64, 31));
	assert_false(skips(host, NOW + 120 + 91 * 64, 31));
	assert_false(skips(host, NOW + 100, 0)); /* the clock went back */
	note("192.0.2.99", false, NOW + 121);
	assert_true(skips(host, NOW + 121, 0));
	note(host, false, NOW + 122);
	assert_false(skips(host, NOW + 122, 0));
}

static void
test_life(void **state)
{
	(void)state;
	check_life("192.0.2.1");
	check_life("2001:db8::1");
}

static void
test_format(void **state)
{
	static const unsigned char want[16] = { 192, 0, 2, 1, 1, 0, 0, 0, 0x00,
		0xd2, 0x49, 0x6b };
	char zeros[1024] = { 0 };
	struct str table = STR_INIT;

	(void)state;
	write_table(zeros, sizeof(zeros));
	note("192.0.2.1", true, NOW);
	assert_int_equal(file_read(TCPTO_FILE, &table, 4096), 0);
	assert_int_equal(table.len, 1024);
	assert_memory_equal(table.s, want, 16);
	str_free(&table);
}

/* More hosts than places: the one that is missed least goes. */
static void
test_full(void **state)
{
	char zeros[1024] = { 0 }, host[40];
	struct tcpto tcpto = TCPTO_INIT;
	struct tcpto_record record;
	size_t place = 0, count = 0;

	(void)state;
	write_table(zeros, sizeof(zeros));
	for (int i = 0; i < 70; i++) {
		snprintf(host, sizeof(host), "192.0.2.%d", i);
		note(host, true, NOW + i);
	}
	(void)tcpto_read(&tcpto);
	while (tcpto_next(&tcpto, &place, &record)) {
		assert_true(record.address.bytes[3] >= 6);
		assert_int_equal(record.count, 1);
		count++;
	}
	assert_int_equal(count, TCPTO_RECORDS);
	tcpto_free(&tcpto);
}

/* Whether there is a record of the host, noted once, now. */
static bool
is_noted(const char *host)
{
	struct ip_address address = parse(host);
	struct tcpto tcpto = TCPTO_INIT;
	struct tcpto_record record;
	size_t place = 0;
	bool found = false;

	(void)tcpto_read(&tcpto);
	while (!found && tcpto_next(&tcpto, &place, &record))
		found = ip_equal(&record.address, &address) &&
		    record.count == 1 && record.when == (uint32_t)NOW;
	tcpto_free(&tcpto);
	return found;
}

/* Any bytes and any length: hosts are noted and forgotten as ever. */
static void
test_damage(void **state)
{
	char noise[TCPTO_MAX];

	(void)state;
	for (size_t len = 0; len < sizeof(noise); len += 97) {
		memset(noise, (int)len, sizeof(noise));
		write_table(noise, len);
		assert_false(is_noted("192.0.2.1"));
		assert_false(skips("192.0.2.1", NOW, 0));
		note("192.0.2.1", true, NOW);
		note("2001:db8::1", true, NOW);
		assert_true(is_noted("192.0.2.1"));
		assert_true(is_noted("2001:db8::1"));
		note("192.0.2.1", false, NOW);
		assert_false(is_noted("192.0.2.1"));
		assert_true(is_noted("2001:db8::1"));
	}
	(void)unlink(TCPTO_FILE);
	note("192.0.2.1", true, NOW);
	assert_false(is_noted("192.0.2.1"));
	assert_int_equal(access(TCPTO_FILE, F_OK), -1);
}

/* While another holds the table nothing is noted. */
static void
test_lock_of_note(void **state)
{
	char zeros[1024] = { 0 };
	int fd;

	(void)state;
	write_table(zeros, sizeof(zeros));
	fd = open(TCPTO_FILE, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	note("192.0.2.1", true, NOW);
	assert_false(is_noted("192.0.2.1"));
	close(fd);
	note("192.0.2.1", true, NOW);
	assert_true(is_noted("192.0.2.1"));
}

/* Whether a process waits for a lock, as the kernel tells. */
static bool
is_waiting_for_lock(pid_t pid)
{
	FILE *locks = fopen("/proc/locks", "r");
	char line[200], wanted[40];
	bool found = false;

	assert_non_null(locks);
	snprintf(wanted, sizeof(wanted), " %ld ", (long)pid);
	while (fgets(line, sizeof(line), locks))
		if (strstr(line, "->") && strstr(line, wanted))
			found = true;
	fclose(locks);
	return found;
}

/* To clear the table waits for whoever holds it. */
static void
test_lock_of_clear(void **state)
{
	char zeros[1024] = { 0 };
	int fd, status;
	pid_t pid;

	(void)state;
	write_table(zeros, sizeof(zeros));
	note("192.0.2.1", true, NOW);
	fd = open(TCPTO_FILE, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	pid = fork();
	if (pid == 0)
		_exit(tcpto_clear() == 0 ? 0 : 1);
	while (!is_waiting_for_lock(pid))
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_true(is_noted("192.0.2.1"));
	assert_int_equal(flock(fd, LOCK_UN), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(is_noted("192.0.2.1"));
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_lock_of_note),
		cmocka_unit_test(test_lock_of_clear),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
