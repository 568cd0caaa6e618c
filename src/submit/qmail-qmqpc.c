/*
 * qmail-qmqpc.c - takes the place of qmail-queue on a host without a queue:
 * hands the message to another host by QMQP.
 * Runs as   its caller.
 * Reads     the message on fd 0, the envelope on fd 1; control/qmqpservers;
 *           answers of the servers, NOT trusted to keep to the protocol.
 * Writes    to the servers only; its exit code is that of qmail-queue.
 * Source    qmail-qmqpc(8), qmail-queue(8); D. J. Bernstein, QMQP.
 *
 * A message must not arrive twice: another server is tried only as long as the
 * first cannot have taken it, which needs the last byte.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/scan.h"
#include "config/control.h"
#include "config/home.h"
#include "net/ip.h"
#include "net/netstring.h"
#include "net/tcp.h"
#include "queue/envelope.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/in.h"
#include "sys/out.h"
#include "sys/signal.h"
#include "sys/sock.h"

#define PORT		     628
#define CONNECT_SECONDS	     10
#define TIMEOUT_SECONDS	     60	  /* for each read and write */
#define ANSWER_SECONDS	     1200 /* the server has to queue it meanwhile */
#define MESSAGE_MAX	     (1ull << 31) /* bytes, which all lie in memory */
#define ANSWER_LENGTH_DIGITS 9

/* Every way to end, with the exit codes of qmail-queue(8). */
enum outcome {
	ACCEPTED = 0,
	ADDRESS_TOO_LONG = 11,
	REFUSED = 31,
	NO_MEMORY = 51,
	CANNOT_READ = 54,
	CANNOT_CONFIGURE = 55,
	NO_HOME = 61,
	REFUSED_NOW = 71,
	TIMED_OUT = 72,
	NOT_CONNECTED = 73,
	LOST = 74,
	BUG = 81,
	BAD_ENVELOPE = 91,
};

static void
out_of_memory(void)
{
	_exit(NO_MEMORY);
}

/* ---- the package ---- */

/* The envelope as netstrings.  QMQP has no place for parameters. */
static void
read_envelope(struct str *package)
{
	char buffer[4096], letter = ENVELOPE_END;
	struct str value = STR_INIT;
	struct in in;

	in_init(&in, 1, buffer, sizeof(buffer));
	for (;;) {
		if (envelope_next_in_order(&in, &letter, &value) < 0)
			_exit(errno == EMSGSIZE ? ADDRESS_TOO_LONG
				: errno == EBADMSG || errno == EPROTO
				? BAD_ENVELOPE
				: CANNOT_READ);
		if (letter == ENVELOPE_END)
			break;
		if (letter == ENVELOPE_SENDER || letter == ENVELOPE_RECIPIENT)
			netstring_add(package, str_span(&value));
	}
	str_free(&value);
}

/* All that is sent, but for the comma that ends it. */
static void
read_package(struct str *package)
{
	struct str message = STR_INIT, inner = STR_INIT;

	if (file_read_fd(0, &message, MESSAGE_MAX) < 0)
		_exit(errno == EFBIG ? REFUSED : CANNOT_READ);
	netstring_add(&inner, str_span(&message));
	str_free(&message);
	read_envelope(&inner);
	netstring_add_length(package, inner.len);
	str_add(package, str_span(&inner));
	str_free(&inner);
}

/* ---- the servers ---- */

/* A line of qmqpservers: ADDRESS, ADDRESS:PORT, [ADDRESS], [ADDRESS]:PORT.
 * Returns false if it is none: names are not looked up. */
static bool
parse_server(struct span line, struct ip_address *address, uint16_t *port)
{
	struct span ip = line, rest = SPAN("");
	uint64_t number = PORT;
	size_t end;

	if (line.len && line.s[0] == '[') {
		end = span_find(line, ']');
		ip = span_from(span_upto(line, end), 1);
		rest = span_from(line, end + 1);
	} else if (!ip_parse(line, address)) {
		end = span_find(line, ':');
		ip = span_upto(line, end);
		rest = span_from(line, end);
	}
	if (rest.len &&
	    (rest.s[0] != ':' ||
		!scan_u64(span_from(rest, 1), UINT16_MAX, &number) ||
		number == 0))
		return false;
	*port = (uint16_t)number;
	return ip_parse(ip, address);
}

/* Sends the package.  Returns whether the server may have all of it.  Who says
 * something before that has not: it does not count. */
static bool
send_package(int fd, struct span package)
{
	char buffer[16384];
	struct out out;

	out_init(&out, fd, buffer, sizeof(buffer));
	out_set_timeout(&out, TIMEOUT_SECONDS);
	return out_add(&out, package) == 0 && out_flush(&out) == 0 &&
	    !sock_has_input(fd) && out_add_z(&out, ",") == 0 &&
	    out_flush(&out) == 0;
}

/* What the answer means: LENGTH ":" LETTER counts, the words do not. */
static enum outcome
read_answer(int fd)
{
	char buffer[1024], c;
	size_t digits = 0;
	struct in in;
	int got;

	in_init(&in, fd, buffer, sizeof(buffer));
	in_set_deadline(&in, clock_monotonic() + ANSWER_SECONDS * 1000);
	while ((got = in_read_byte(&in, &c)) > 0 && ascii_is_digit(c))
		if (++digits > ANSWER_LENGTH_DIGITS)
			return LOST;
	if (got <= 0 || c != ':' || digits == 0 || in_read_byte(&in, &c) <= 0)
		return LOST;
	switch (c) {
	case 'K':
		return ACCEPTED;
	case 'Z':
		return REFUSED_NOW;
	case 'D':
		return REFUSED;
	default:
		return LOST;
	}
}

/*
 * Tries one server.
 *   outcome   receives what came of it
 * Returns whether that is final: another server must not be tried.
 */
static bool
try_server(struct span line, struct span package, enum outcome *outcome)
{
	struct ip_address address;
	uint16_t port;
	bool is_final;
	int fd;

	if (!parse_server(line, &address, &port))
		return false;
	fd = tcp_connect(&address, port, CONNECT_SECONDS * 1000);
	if (fd < 0) {
		*outcome = errno == ETIMEDOUT ? TIMED_OUT : NOT_CONNECTED;
		return false;
	}
	is_final = send_package(fd, package);
	*outcome = is_final ? read_answer(fd) : LOST;
	fd_close(fd);
	return is_final;
}

int
main(void)
{
	struct str package = STR_INIT, servers = STR_INIT;
	enum outcome outcome = CANNOT_CONFIGURE;
	struct span rest, line;

	must_hooks(BUG, out_of_memory);
	signal_ignore(SIGPIPE);
	if (chdir(home_dir) < 0)
		_exit(NO_HOME);
	if (control_read_list("control/qmqpservers", &servers) < 0)
		_exit(CANNOT_CONFIGURE);
	read_package(&package);
	rest = str_span(&servers);
	while (span_cut_next(&rest, '\n', &line))
		if (try_server(line, str_span(&package), &outcome))
			break;
	_exit((int)outcome);
}
