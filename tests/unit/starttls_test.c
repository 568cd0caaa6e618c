/* starttls_test.c - the program's side of TLS, with a provider that is made up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/starttls.h"
#include "net/tlsdoor.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

static void
set_fd(const char *name, int fd)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", fd);
	assert_int_equal(setenv(name, text, 1), 0);
}

static void
test_offer(void **state)
{
	static const struct {
		const char *value;
		enum starttls_offer offer;
	} cases[] = {
		{ NULL, STARTTLS_NOT },
		{ "-", STARTTLS_NOT },
		{ "", STARTTLS_OFFERED },
		{ "1", STARTTLS_OFFERED },
		{ "!", STARTTLS_REQUIRED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(cases[i].value
			? setenv("UCSPITLS", cases[i].value, 1)
			: unsetenv("UCSPITLS"),
		    0);
		assert_int_equal(starttls_offer(), cases[i].offer);
	}
}

/* Runs starttls_finish in a process of its own, whose 0 and 1 change, with a
 * provider that says this.  Returns 0: it has failed; or what is left of the
 * report, with + for NUL. */
static const char *
finish(struct span said)
{
	static char got[20000];
	int control[2], text[2], result[2];
	ssize_t len;
	char letter;
	pid_t pid;

	assert_int_equal(fd_stream_pair(control), 0);
	assert_int_equal(fd_stream_pair(text), 0);
	assert_int_equal(fd_pipe(result), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct str report = STR_INIT;
		struct starttls tls;

		fd_close(control[1]);
		fd_close(text[1]);
		set_fd("SSLCTLFD", control[0]);
		set_fd("SSLREADFD", text[0]);
		set_fd("SSLWRITEFD", text[0]);
		if (starttls_offer() == STARTTLS_NOT ||
		    !(fcntl(text[0], F_GETFD) & FD_CLOEXEC) ||
		    starttls_begin("/nonexistent", &tls) < 0 ||
		    starttls_finish(&tls, &report) < 0)
			_exit(1);
		str_add_z(&report, "|");
		_exit(fd_write_all(result[1], str_span(&report)) < 0 ||
		    fd_write_all(1, SPAN("plain")) < 0);
	}
	fd_close(result[1]);
	fd_close(control[0]);
	fd_close(text[0]);
	assert_int_equal(fd_read(control[1], &letter, 1), 1);
	assert_int_equal(letter, 'Y');
	assert_int_equal(fd_write_all(control[1], said), 0);
	fd_close(control[1]);
	len = fd_read(result[0], got, sizeof(got) - 1);
	assert_true(len >= 0);
	for (ssize_t i = 0; i < len; i++)
		if (got[i] == '\0')
			got[i] = '+';
	got[len] = '\0';
	if (len > 0) {
		char plain[10] = "";

		assert_int_equal(fd_read(text[1], plain, 5), 5);
		assert_string_equal(plain, "plain");
	}
	fd_close(result[0]);
	fd_close(text[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return got;
}

static void
test_reports(void **state)
{
	struct str large = STR_INIT;

	(void)state;
	assert_int_equal(setenv("UCSPITLS", "", 1), 0);
	assert_string_equal(
	    finish(SPAN("SSL_A=1\0SSL_B=x y\0\0")), "SSL_A=1+SSL_B=x y+|");
	assert_string_equal(finish(SPAN("\0\0")), "|");
	assert_string_equal(
	    finish(SPAN("PATH=/evil\0SSL_A=1\0SSL_B\0XSSL_C=1\0\0")),
	    "SSL_A=1+|");
	assert_string_equal(finish(SPAN("")), "");
	assert_string_equal(finish(SPAN("SSL_A=1\0")), "");
	str_add_z(&large, "SSL_A=");
	while (large.len < TLSDOOR_REPORT_MAX - 2)
		str_add_byte(&large, 'x');
	str_add(&large, SPAN("\0\0"));
	assert_int_equal(strlen(finish(str_span(&large))), TLSDOOR_REPORT_MAX);
	str_cut(&large, large.len - 2);
	str_add(&large, SPAN("x\0\0"));
	assert_string_equal(finish(str_span(&large)), "");
	str_free(&large);
}

/* The numbers of the environment must be open, and none of 0 to 2. */
static void
test_no_provider(void **state)
{
	struct starttls tls;

	(void)state;
	set_fd("SSLCTLFD", 3);
	set_fd("SSLREADFD", 1);
	set_fd("SSLWRITEFD", 1);
	assert_false(starttls_find(&tls));
	assert_int_equal(tls.control, -1);
	set_fd("SSLREADFD", 1000);
	assert_false(starttls_find(&tls));
	assert_int_equal(setenv("SSLREADFD", "4x", 1), 0);
	assert_false(starttls_find(&tls));
	assert_int_equal(starttls_begin("/nonexistent", &tls), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(unsetenv("SSLCTLFD"), 0);
	assert_int_equal(unsetenv("SSLREADFD"), 0);
	assert_int_equal(unsetenv("SSLWRITEFD"), 0);
}

static void
test_door(void **state)
{
	int pair[2], fds[TLSDOOR_FDS], sent[TLSDOOR_FDS] = { 0, 1, 2, 0 };
	char record[TLSDOOR_RECORD_MAX];

	(void)state;
	assert_int_equal(fd_pair(pair), 0);
	assert_int_equal(tlsdoor_ask(pair[0], SPAN("Yabc"), sent), 0);
	assert_int_equal(tlsdoor_hear(pair[1], record, fds), 4);
	assert_memory_equal(record, "Yabc", 4);
	for (int i = 0; i < TLSDOOR_FDS; i++)
		fd_close(fds[i]);
	assert_int_equal(tlsdoor_ask(pair[0], SPAN("x"), sent), 0);
	assert_int_equal(tlsdoor_hear(pair[1], record, fds), -1);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(fdpass_send_all(pair[0], SPAN("Y"), sent, 3), 0);
	assert_int_equal(tlsdoor_hear(pair[1], record, fds), -1);
	assert_int_equal(errno, EBADMSG);
	fd_close(pair[0]);
	assert_int_equal(tlsdoor_hear(pair[1], record, fds), 0);
	fd_close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offer),
		cmocka_unit_test(test_no_provider),
		cmocka_unit_test(test_door),
		cmocka_unit_test(test_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
