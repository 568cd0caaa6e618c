/*
 * qmail-dkimverify.c - says of each signature of DKIM on a message whether it is
 * good.
 * Runs as   the caller; forks nothing, opens no file but /etc/resolv.conf.
 * Reads     a message on descriptor 0, hostile; the DNS, hostile.
 * Writes    a line for each signature on descriptor 1.
 * Source    qmail-dkimverify(8); RFC 6376, RFC 8301, RFC 8463.
 */
#include <unistd.h>

#include "base/must.h"
#include "dkim_verify.h"
#include "mail/crlftext.h"
#include "sys/box.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/in.h"

#define NAME	   "qmail-dkimverify"
#define TROUBLE	   111
#define USAGE_EXIT 100
#define BUFFER	   65536

NORETURN static void
end_usage(void)
{
	(void)!fd_write_all(2, SPAN("usage: " NAME " [--crlf] < message\n"));
	_exit(USAGE_EXIT);
}

static bool
take_arguments(char **argv)
{
	bool is_crlf = argv[1] != NULL;

	if (is_crlf &&
	    (argv[2] || !span_equal(span_of(argv[1]), SPAN("--crlf"))))
		end_usage();
	return is_crlf;
}

static void
read_message(struct dkim_verify *verify, bool is_crlf)
{
	static char buffer[BUFFER];
	struct crlftext text = CRLFTEXT_INIT;
	struct span bytes, rest, piece;
	struct in in;
	int got;

	in_init(&in, 0, buffer, sizeof(buffer));
	while ((got = in_peek(&in, &bytes)) > 0) {
		rest = bytes;
		if (!is_crlf)
			dkim_verify_feed(verify, bytes);
		else
			while (crlftext_next(&text, &rest, &piece))
				dkim_verify_feed(verify, piece);
		in_consume(&in, bytes.len);
	}
	if (got < 0)
		error_exit(NAME, "the message");
	/* A CR that was the very last byte. */
	if (text.is_after_cr)
		dkim_verify_feed(verify, SPAN("\r"));
}

static void
add_name(struct str *text, const char *key, struct span name)
{
	str_add_z(text, key);
	str_add(text, name.len ? name : SPAN("-"));
}

static void
add_line(struct str *text, const struct dkim_check *check)
{
	str_add(text, dkim_outcome_word(check->outcome));
	add_name(text, " d=", check->signature.domain);
	add_name(text, " s=", check->signature.selector);
	str_add_byte(text, ' ');
	str_add_z(text, check->reason);
	if (check->is_partial)
		str_add_z(text, "; text at the end is not signed");
	if (check->is_testing)
		str_add_z(text, "; the key is for tests");
	str_add_byte(text, '\n');
}

int
main(int argc, char **argv)
{
	struct dkim_verify verify;
	struct str text = STR_INIT;
	struct dns dns;
	bool is_crlf;

	(void)argc;
	must_hooks(TROUBLE, NULL);
	is_crlf = take_arguments(argv);
	if (fd_open_standard() < 0 || box_shut_files() < 0)
		error_exit(NAME, "start");
	dkim_verify_begin(&verify);
	read_message(&verify, is_crlf);
	dns_open(&dns, 0);
	dkim_verify_end(&verify, clock_seconds());
	for (size_t i = 0; i < verify.checks.len; i++) {
		dkim_verify_key(&verify.checks.at[i], &dns);
		add_line(&text, &verify.checks.at[i]);
	}
	if (verify.checks.len == 0)
		str_add_z(&text, "none\n");
	if (fd_write_all(1, str_span(&text)) < 0)
		error_exit(NAME, "the answer");
	dkim_verify_free(&verify);
	str_free(&text);
	return 0;
}
