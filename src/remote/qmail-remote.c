/*
 * qmail-remote.c - delivers a message to another host by SMTP, or QMTP.
 * Runs as   qmailr, one process per delivery, started by qmail-rspawn.
 * Reads     host, sender and recipients as arguments, the message on fd 0,
 *           control files; DNS answers and replies, which are hostile.
 * Writes    reports on fd 1, one per recipient and one on the message;
 *           queue/lock/tcpto.
 * Source    qmail-remote(8), RFC 5321.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "base/utf8.h"
#include "config/control.h"
#include "config/home.h"
#include "config/routes.h"
#include "mail/address.h"
#include "mail/dsn.h"
#include "queue/delivery.h"
#include "remote.h"
#include "sys/clock.h"
#include "sys/signal.h"

#define BUG_EXIT       111
#define GREETING_LEAST 30   /* seconds, whatever $TIMEOUTCONNECT says */
#define SLOWEST_RATE   4000 /* bytes a second that a message is given time for */

static struct remote delivery = {
	.told = { .quit_fd = -1 }, .tcpto = TCPTO_INIT, .tls = REMOTE_TLS_INIT
};

static void
out_of_memory(void)
{
	remote_end_without_memory(&delivery.told);
}

/* Whether only SMTPUTF8 can carry the address.  8-bit bytes that are no UTF-8
 * go as they are: that is no case for it. */
static bool
is_utf8(struct span address)
{
	return !utf8_is_ascii(address) && utf8_is_valid(address);
}

/* What the environment says of notifications; see queue/delivery.h.  What is
 * malformed asks for nothing. */
static void
take_parameters(struct remote *remote)
{
	struct span lines = span_of(getenv(DELIVERY_RECIPIENTS_SETTING)), line;
	struct dsn_envelope envelope;
	struct dsn_recipient wishes;

	if (dsn_parse_envelope(
		span_of(getenv(DELIVERY_ENVELOPE_SETTING)), &envelope)) {
		remote->needs_tls = envelope.needs_tls;
		remote->is_submitted = envelope.is_submitted;
		remote->is_resent = envelope.is_resent;
		/* No words of SMTP. */
		envelope.is_submitted = envelope.is_resent = false;
		dsn_add_envelope(&remote->parameters, &envelope);
	}
	for (size_t i = 0; i < remote->recipients.len; i++)
		if (span_cut_next(&lines, '\n', &line) &&
		    dsn_parse_recipient(line, &wishes))
			remote->recipients.at[i].wishes = line;
}

static void
take_arguments(struct remote *remote, int argc, char **argv)
{
	bool is_any = false;

	if (argc < 4)
		remote_end(&remote->told, REMOTE_USAGE, SPAN(""));
	remote->told.host = span_of(argv[1]);
	remote->sender = span_of(argv[2]);
	remote->is_sender_utf8 = is_utf8(remote->sender);
	for (int i = 3; i < argc; i++) {
		struct span address = span_of(argv[i]);
		struct remote_recipient recipient = { address,
			address_is_sendable(address), is_utf8(address),
			SPAN("") };

		is_any = is_any || recipient.is_sendable;
		vec_push(&remote->recipients, recipient);
		remote_add_recipient(&remote->told);
	}
	if (!address_is_sendable(remote->sender))
		remote_end(&remote->told, REMOTE_BAD_SENDER, SPAN(""));
	if (!is_any)
		remote_end(&remote->told, REMOTE_BAD_RECIPIENT, SPAN(""));
}

static unsigned
read_timeout(struct remote *remote, const char *name, unsigned standard)
{
	uint64_t seconds = standard;

	if (control_read_number(name, REMOTE_TIMEOUT_MAX, &seconds) < 0)
		remote_end(&remote->told, REMOTE_CONTROL, SPAN(""));
	return seconds ? (unsigned)seconds : 1;
}

/* What qmail-send knows of the hop may make connecting and greeting shorter. */
static void
take_connect_limit(struct remote *remote)
{
	uint64_t limit = 0;

	(void)!scan_u64_prefix(
	    span_of(getenv("TIMEOUTCONNECT")), REMOTE_TIMEOUT_MAX, &limit);
	if (limit == 0)
		return;
	if (limit < remote->timeout_connect)
		remote->timeout_connect = (unsigned)limit;
	if (limit < GREETING_LEAST)
		limit = GREETING_LEAST;
	if (limit < remote->timeout_greeting)
		remote->timeout_greeting = (unsigned)limit;
}

/* The whole delivery may take so long, and longer for a large message. */
static void
set_deadline(struct remote *remote)
{
	int64_t now = clock_monotonic();
	int64_t seconds = read_timeout(remote, "control/timeoutdelivery", 1800);

	message_inspect(&remote->message);
	seconds += (int64_t)(remote->message.file_size / SLOWEST_RATE);
	remote->deadline = now + seconds * 1000;
}

/* What control/bindroutes has for the domain of the sender. */
static void
take_bind_route(struct remote *remote)
{
	size_t at = span_find_last(remote->sender, '@');
	struct routes routes = ROUTES_INIT;
	struct bindroute route;
	struct span text;

	if (routes_read_file(&routes, "control/bindroutes") < 0)
		remote_end(&remote->told, REMOTE_CONTROL, SPAN(""));
	if (routes_find_text(
		&routes, span_from(remote->sender, at + 1), &text)) {
		if (bindroute_parse(text, &route) < 0 ||
		    (route.address.len &&
			!ip_parse(route.address, &remote->from)))
			remote_end(&remote->told, REMOTE_BIND_ROUTE, SPAN(""));
		if (route.name.len)
			str_set(&remote->helo, route.name);
	}
	routes_free(&routes);
}

static void
read_control(struct remote *remote)
{
	if (control_read_line_or_me("control/helohost", &remote->helo, NULL) <=
	    0)
		remote_end(&remote->told, REMOTE_CONTROL, SPAN(""));
	take_bind_route(remote);
	remote->timeout = read_timeout(remote, "control/timeoutremote", 1200);
	remote->timeout_connect =
	    read_timeout(remote, "control/timeoutconnect", 60);
	remote->timeout_hello = remote->timeout < REMOTE_HELLO_TIMEOUT
	    ? remote->timeout
	    : REMOTE_HELLO_TIMEOUT;
	remote->timeout_greeting =
	    remote->timeout_hello * REMOTE_REPLY_TIMEOUTS;
	take_connect_limit(remote);
	set_deadline(remote);
}

/* Whose word on DNSSEC counts. */
static void
read_trust(struct remote *remote)
{
	struct str setting = STR_INIT;

	if (control_read_line("control/dnssec", &setting) < 0)
		remote_end(&remote->told, REMOTE_CONTROL, SPAN(""));
	dns_trust(&remote->dns, str_span(&setting));
	str_free(&setting);
}

int
main(int argc, char **argv)
{
	must_hooks(BUG_EXIT, out_of_memory);
	signal_ignore(SIGPIPE);
	delivery.told.has_hop = getenv("NEXTHOPREPORT") != NULL;
	if (chdir(home_dir) < 0)
		remote_end(&delivery.told, REMOTE_HOME, SPAN(""));
	take_arguments(&delivery, argc, argv);
	take_parameters(&delivery);
	read_control(&delivery);
	dns_open(&delivery.dns, delivery.deadline);
	read_trust(&delivery);
	if (remote_find_hosts(&delivery))
		remote_qmtp(&delivery);
	remote_smtp(&delivery);
}
