/*
 * qmail-secretd.c - logs in with other servers for qmail-remote, which must not
 * know passwords.
 * Runs as   root, to open its door and become qmailk; then a process for each who
 *           asks.  Started by a supervisor.  In a private instance as the caller.
 * Reads     control/smtpauth, for each who asks; records at HOME/secrets/door from
 *           qmailr, NOT trusted: a password goes only over TLS that qmail-tlsc
 *           speaks for this program, with the relay that the file names, and
 *           behind no word but the name of a host.
 * Writes    what servers say, to those who asked.
 * Source    qmail-secretd(8); net/secretdoor.h, net/tlsdoor.h.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/ascii.h"
#include "config/homeservice.h"
#include "mail/address.h"
#include "net/secretdoor.h"
#include "net/tlsdemand.h"
#include "net/tlsdoor.h"
#include "secret.h"
#include "sys/box.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define NAME	 "qmail-secretd"
#define SESSIONS 1000	/* at once */
#define ASK_MS	 10000	/* for the first record */
#define WAIT_MS	 600000 /* for the second */
#define LOGIN_MS 300000 /* for TLS and the dialogue */
#define FREE_FD	 16	/* above all that have a place */

/* The descriptors of the dialogue, all that its process has open. */
enum {
	FD_IN = 0,
	FD_OUT = 1,
	FD_LOG = 2,
	FD_ASKER = 3,
	FD_COUNT
};

/* Receives a record that begins with one of the letters.  Returns its length; 0:
 * there is none. */
static size_t
receive(int sock, int64_t patience, const char *letters, char *record, int *fd)
{
	ssize_t got;

	if (fd_wait(sock, POLLIN, 0, clock_monotonic() + patience, false) < 0)
		return 0;
	got = fdpass_receive(sock, record, SECRETDOOR_RECORD_MAX, fd);
	return got > 1 && record[got - 1] == '\0' &&
		span_has(span_of(letters), record[0])
	    ? (size_t)got
	    : 0;
}

static int
answer(int sock, enum secretdoor_letter letter, struct span what, int fd)
{
	struct str record = STR_INIT;
	int result;

	str_add_byte(&record, (char)letter);
	str_add(&record, span_upto(what, SECRETDOOR_RECORD_MAX - 1));
	result = fdpass_send(sock, str_span(&record), fd) < 0 ? 1 : 0;
	str_free(&record);
	return result;
}

/* Has TLS spoken with the relay, and nobody else.  Returns the plain text; -1,
 * then the report says why, or is empty. */
static int
begin_tls(struct span relay, int network, int64_t deadline, struct str *report)
{
	struct tlsdemand demand = TLSDEMAND_INIT;
	struct str record = STR_INIT;
	int door = tlsdoor_open(home_dir, TLSDOOR_CLIENT), control, text = -1;

	demand.level = TLSDEMAND_VERIFY;
	demand.server = relay;
	vec_push(&demand.names, relay);
	str_add_byte(&record, TLSDOOR_VERDICT);
	tlsdemand_add(&record, &demand);
	tlsdemand_free(&demand);
	if (door >= 0 &&
	    tlsdoor_pass(door, str_span(&record), network, &control, &text) ==
		0) {
		if (tlsdoor_read_report(control, deadline, report) < 0 ||
		    tlsdoor_value(str_span(report), SPAN("SSL_PROTOCOL="))
			    .len == 0) {
			fd_close(text);
			text = -1;
		}
		fd_close(control);
	}
	fd_close(door);
	str_free(&record);
	return text;
}

/* Puts the descriptors where they belong, and shuts itself in. */
static bool
shut_in(int sock, int text)
{
	int asker = fd_duplicate_above(sock, FREE_FD);
	int plain = fd_duplicate_above(text, FREE_FD);

	if (asker < 0 || plain < 0 || dup2(plain, FD_IN) < 0 ||
	    dup2(plain, FD_OUT) < 0 || dup2(asker, FD_ASKER) < 0)
		return false;
	fd_close_from(FD_COUNT);
	return box_shut_streams(FD_COUNT) == 0;
}

/* Whether it is one word that may stand behind EHLO (RFC 5321 4.1.1.1): who asks
 * could end the line in it, and have the server take the login for his mail. */
static bool
is_helo(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_printable(text.s[i]) || text.s[i] == ' ')
			return false;
	return address_is_domain(text);
}

/* Logs in; the password is known to this process alone. */
static int
log_in(int sock, const struct secret *secret, const char *record, size_t len,
    int network)
{
	int64_t deadline = clock_monotonic() + LOGIN_MS;
	struct span helo = span_make(record + 1, len - 2);
	struct str report = STR_INIT, words = STR_INIT;
	int text;

	if (!is_helo(helo))
		return answer(sock, SECRETDOOR_BROKEN,
		    SPAN("the name for EHLO is not that of a host"), -1);
	text = begin_tls(str_span(&secret->relay), network, deadline, &report);
	fd_close(network);
	if (text < 0)
		return answer(sock,
		    report.len ? SECRETDOOR_NO_TLS : SECRETDOOR_BROKEN,
		    report.len ? str_span(&report)
			       : SPAN("qmail-tlsc did not speak TLS"),
		    -1);
	if (!shut_in(sock, text))
		return 1;
	switch (secret_login(secret, helo, record[0] == SECRETDOOR_BEGIN_FIRST,
	    deadline, &words)) {
	case SECRET_TAKEN:
		return answer(
		    FD_ASKER, SECRETDOOR_DONE, str_span(&report), FD_IN);
	case SECRET_REFUSED:
		return answer(
		    FD_ASKER, SECRETDOOR_REFUSED, str_span(&words), -1);
	default:
		return answer(
		    FD_ASKER, SECRETDOOR_BROKEN, str_span(&words), -1);
	}
}

/* The file cannot be read, or has a line that is none: its number is told, no more. */
NORETURN static void
end_without(const struct secret *secret)
{
	struct str what = STR_INIT;
	int cause = errno;

	str_add_z(&what, SECRET_FILE);
	if (secret->line) {
		str_add_z(&what, ": line ");
		str_add_u64(&what, secret->line);
	}
	errno = cause;
	error_exit(NAME, str_z(&what));
}

static int
session(void *context, int sock)
{
	static char record[SECRETDOOR_RECORD_MAX];
	struct secret secret = SECRET_INIT;
	size_t len = receive(sock, ASK_MS, "Q", record, NULL);
	struct span rest = span_make(record + 1, len ? len - 1 : 0);
	struct span relay, domain;
	int found, network = -1;

	(void)context;
	if (len == 0 || !span_cut_next(&rest, '\0', &relay) ||
	    !span_cut_next(&rest, '\0', &domain) || rest.len)
		return 1;
	found = secret_find(relay, domain, &secret);
	if (found < 0)
		end_without(&secret);
	if (answer(sock, found ? SECRETDOOR_YES : SECRETDOOR_NO, SPAN(""),
		-1) != 0 ||
	    !found)
		return 0;
	len = receive(sock, WAIT_MS, "LI", record, &network);
	return len && network >= 0 ? log_in(sock, &secret, record, len, network)
				   : 0;
}

int
main(void)
{
	struct doorserver server = { .name = NAME,
		.path = SECRETDOOR_PATH,
		.sessions = SESSIONS,
		.session = session };

	homeservice_run(&server, HOME_QMAILK, HOME_GROUP_QMAIL, HOME_QMAILR);
}
