/* envelope_test.c - envelopes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "queue/envelope.h"
#include "sys/fd.h"

/* A stream of these bytes; a pipe holds all of them. */
static void
open_stream(struct in *in, char *buffer, size_t size, struct span bytes)
{
	int ends[2];

	assert_int_equal(fd_pipe(ends), 0);
	assert_int_equal(fd_write_all(ends[1], bytes), 0);
	fd_close(ends[1]);
	in_init(in, ends[0], buffer, size);
}

static void
test_records(void **state)
{
	struct str value = STR_INIT;
	char buffer[4], letter; /* smaller than a record */
	struct in in;

	(void)state;
	open_stream(&in, buffer, sizeof(buffer), SPAN("Fa@bcdef\0T\0\0rest"));
	assert_int_equal(envelope_next(&in, "F", &letter, &value), 0);
	assert_int_equal(letter, 'F');
	assert_string_equal(str_z(&value), "a@bcdef");
	assert_int_equal(envelope_next(&in, "T", &letter, &value), 0);
	assert_int_equal(letter, 'T');
	assert_int_equal(value.len, 0);
	assert_int_equal(envelope_next(&in, "T", &letter, &value), 0);
	assert_int_equal(letter, '\0');
	assert_int_equal(envelope_next(&in, "T", &letter, &value), -1);
	assert_int_equal(errno, EBADMSG);
	fd_close(in.fd);
	str_free(&value);
}

static int
first_error(struct span bytes)
{
	struct str value = STR_INIT;
	char buffer[64], letter;
	struct in in;
	int error = 0;

	open_stream(&in, buffer, sizeof(buffer), bytes);
	errno = 0;
	if (envelope_next(&in, "F", &letter, &value) < 0)
		error = errno;
	fd_close(in.fd);
	str_free(&value);
	return error;
}

static void
test_errors(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	assert_int_equal(first_error(SPAN("")), EPROTO);
	assert_int_equal(first_error(SPAN("Fabc")), EPROTO);
	assert_int_equal(first_error(SPAN("X")), EBADMSG);
	str_add_byte(&text, 'F');
	for (int i = 0; i < ENVELOPE_ADDRESS_MAX; i++)
		str_add_byte(&text, 'a');
	str_add_byte(&text, '\0');
	assert_int_equal(first_error(str_span(&text)), 0);
	str_cut(&text, text.len - 1);
	str_add(&text, SPAN("a\0"));
	assert_int_equal(first_error(str_span(&text)), EMSGSIZE);
	str_free(&text);
}

/* What becomes of an envelope as qmail-queue takes it: 0, or errno. */
static int
error_in_order(struct span bytes)
{
	struct str value = STR_INIT;
	char buffer[64], letter = ENVELOPE_END;
	struct in in;
	int error = 0;

	open_stream(&in, buffer, sizeof(buffer), bytes);
	do
		if (envelope_next_in_order(&in, &letter, &value) < 0)
			error = errno;
	while (!error && letter != ENVELOPE_END);
	fd_close(in.fd);
	str_free(&value);
	return error;
}

#define BYTES(literal)                       \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static void
test_order(void **state)
{
	static const struct span fine[] = { BYTES("Fa\0\0"),
		BYTES("Fa\0Tb\0\0"), BYTES("Fa\0Tb\0Tc\0\0"),
		BYTES("Fa\0ERET=FULL\0\0"),
		BYTES("Fa\0ERET=FULL\0RNOTIFY=NEVER\0Tb\0Tc\0\0"),
		BYTES("Fa\0Tb\0RORCPT=rfc822;x\0Tc\0\0") };
	static const struct span broken[] = { BYTES("\0"), BYTES("Tb\0"),
		BYTES("ERET=FULL\0"), BYTES("Fa\0Fb\0\0"), BYTES("Fa\0Tb\0Fc\0\0"),
		BYTES("Fa\0ERET=FULL\0ERET=FULL\0Tb\0\0"),
		BYTES("Fa\0Tb\0ERET=FULL\0Tc\0\0"),
		BYTES("Fa\0RNOTIFY=NEVER\0\0"),
		BYTES("Fa\0RNOTIFY=NEVER\0RNOTIFY=NEVER\0Tb\0\0"),
		BYTES("Fa\0RNOTIFY=SOMETIMES\0Tb\0\0"),
		BYTES("Fa\0ERET=FULL\r\nDATA\0Tb\0\0"), BYTES("Fa\0uTb\0\0") };

	(void)state;
	for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++)
		assert_int_equal(error_in_order(fine[i]), 0);
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
		assert_int_equal(error_in_order(broken[i]), EBADMSG);
	assert_int_equal(error_in_order(SPAN("Fa\0Tb\0")), EPROTO);
}

static void
test_head(void **state)
{
	struct str sender = STR_INIT;
	uint64_t uid, pid;
	char buffer[64];
	struct in in;

	(void)state;
	open_stream(
	    &in, buffer, sizeof(buffer), SPAN("u1000\0p77\0Fs@x\0Ta\0\0"));
	assert_int_equal(envelope_read_head(&in, &uid, &pid, &sender), 0);
	assert_int_equal(uid, 1000);
	assert_int_equal(pid, 77);
	assert_string_equal(str_z(&sender), "s@x");
	fd_close(in.fd);
	open_stream(&in, buffer, sizeof(buffer), SPAN("ux\0p77\0Fs@x\0\0"));
	assert_int_equal(envelope_read_head(&in, &uid, &pid, &sender), -1);
	fd_close(in.fd);
	open_stream(&in, buffer, sizeof(buffer), SPAN("\0"));
	assert_int_equal(envelope_read_head(&in, &uid, &pid, &sender), -1);
	assert_int_equal(errno, EBADMSG);
	fd_close(in.fd);
	open_stream(&in, buffer, sizeof(buffer), SPAN("u1\0p2\0\0Fs@x\0"));
	assert_int_equal(envelope_read_head(&in, &uid, &pid, &sender), -1);
	assert_int_equal(errno, EBADMSG);
	fd_close(in.fd);
	str_free(&sender);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
