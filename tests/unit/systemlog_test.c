/* systemlog_test.c - records for a system log that ends and is started anew. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "scratch.h"

/* In the place of /dev/log. */
static const struct sockaddr_un scratch_log = { .sun_family = AF_UNIX,
	.sun_path = "log" };

static int
connect_scratch(int fd, const struct sockaddr *name, socklen_t size)
{
	assert_string_equal(
	    ((const struct sockaddr_un *)(const void *)name)->sun_path,
	    "/dev/log");
	return connect(fd, (const struct sockaddr *)&scratch_log, size);
}

#define connect connect_scratch
#include "../../src/lib/sys/systemlog.c"

static int
start_log(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)unlink(scratch_log.sun_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&scratch_log,
			     sizeof(scratch_log)),
	    0);
	return fd;
}

/* Sends one record, which must come out there. */
static void
check_record(struct systemlog *log, int server, const char *text)
{
	char got[200];
	ssize_t len;

	systemlog_send(log, SYSTEMLOG_INFO, span_of(text));
	len = recv(server, got, sizeof(got) - 1, MSG_DONTWAIT);
	assert_true(len > 0);
	got[len] = '\0';
	assert_memory_equal(got, "<22>", 4);
	assert_non_null(strstr(got, "tag: "));
	assert_string_equal(strstr(got, "tag: ") + 5, text);
}

static void
test_started_anew(void **state)
{
	struct systemlog log;
	int server, open;

	(void)state;
	systemlog_open(&log, "tag", 2);
	systemlog_send(&log, SYSTEMLOG_INFO, SPAN("nobody hears this"));
	server = start_log();
	check_record(&log, server, "one");
	open = scratch_descriptors();
	for (int i = 0; i < 3; i++) {
		close(server);
		server = start_log();
		check_record(&log, server, "again");
	}
	assert_int_equal(scratch_descriptors(), open);
	close(server);
	systemlog_close(&log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_started_anew),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
