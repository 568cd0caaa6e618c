/*
 * qmail-remote.c - delivers a message to another host by SMTP.
 * Runs as   qmailr, one process per delivery, started by qmail-rspawn.
 * Reads     host, sender and recipients as arguments, the message on fd 0,
 *           control files; DNS answers and SMTP replies, which are hostile.
 * Writes    reports on fd 1, one per recipient and one on the message;
 *           queue/lock/tcpto.
 * Source    qmail-remote(8), RFC 5321.
 */
#include "remote.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "config/control.h"
#include "config/home.h"
#include "net/mx.h"
#include "net/tcp.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/signal.h"

#define PORT	    25
#define BUG_EXIT    111
#define MEMORY_TEXT "out of memory"
#define MEMORY_CODE "4.3.0"

enum mention {
	NOBODY,
	HOST,
	PEER
};

/*
 * All ways in which a delivery ends: the letter of the report on the message,
 * whom the text begins with, the text, and the code unless the server's reply
 * is there to say why.
 */
static const struct {
	char letter;
	enum mention mention;
	const char *text, *code;
} endings[REMOTE_ENDINGS] = {
	[REMOTE_ACCEPTED] = { 'K', PEER, "accepted the message", NULL },
	[REMOTE_USAGE] = { 'D', NOBODY,
	    "qmail-remote needs host, sender and recipients", "5.3.5" },
	[REMOTE_HOME] = { 'Z', NOBODY, "cannot enter the home folder",
	    "4.3.0" },
	[REMOTE_CONTROL] = { 'Z', NOBODY, "cannot read the control files",
	    "4.3.0" },
	[REMOTE_ROUTE_PORT] = { 'Z', HOST,
	    "has a route in control/smtproutes whose port is no number",
	    "4.3.0" },
	[REMOTE_MEMORY] = { 'Z', NOBODY, MEMORY_TEXT, MEMORY_CODE },
	[REMOTE_BAD_SENDER] = { 'D', NOBODY,
	    "SMTP cannot carry the address of the sender", "5.1.7" },
	[REMOTE_BAD_RECIPIENT] = { 'D', NOBODY,
	    "SMTP cannot carry the address of the recipient", "5.1.3" },
	[REMOTE_DNS] = { 'Z', HOST,
	    "could not be looked up: no proper answer from DNS", "4.1.2" },
	[REMOTE_NO_NAME] = { 'D', HOST, "does not exist in DNS", "5.1.2" },
	[REMOTE_NO_ADDRESS] = { 'D', HOST,
	    "has no host that takes its mail: none with an address", "5.4.4" },
	[REMOTE_OWN] = { 'D', HOST,
	    "has this machine as its best mail host, but is not in "
	    "control/locals or control/virtualdomains",
	    "5.4.6" },
	[REMOTE_NOT_CONNECTED] = { 'Z', HOST,
	    "cannot be reached: no connection to any of its mail hosts",
	    "4.4.1" },
	[REMOTE_LOST] = { 'Z', PEER, "was connected, but the connection broke",
	    "4.4.2" },
	[REMOTE_LOST_AT_END] = { 'Z', PEER,
	    "was sent the whole message, but the connection broke before "
	    "the answer; the message may arrive twice",
	    "4.4.2" },
	[REMOTE_PROTOCOL] = { 'Z', PEER, "does not keep to SMTP", "4.5.0" },
	[REMOTE_GREETING] = { 'Z', PEER, "takes no mail now", NULL },
	[REMOTE_HELO] = { 'Z', PEER, "does not want our name", NULL },
	[REMOTE_MAIL_LATER] = { 'Z', PEER, "does not take the sender now",
	    NULL },
	[REMOTE_MAIL_NEVER] = { 'D', PEER, "refused the sender", NULL },
	[REMOTE_NO_RECIPIENT] = { 'D', PEER, "accepted no recipient", NULL },
	[REMOTE_DATA_LATER] = { 'Z', PEER,
	    "does not want to see the message now", NULL },
	[REMOTE_DATA_NEVER] = { 'D', PEER, "does not want to see the message",
	    NULL },
	[REMOTE_READ] = { 'Z', NOBODY, "cannot read the message", "4.3.0" },
	[REMOTE_PARTIAL_LINE] = { 'D', NOBODY,
	    "the last line of the message has no end, which SMTP cannot carry",
	    "5.6.2" },
	[REMOTE_END_LATER] = { 'Z', PEER, "does not take the message now",
	    NULL },
	[REMOTE_END_NEVER] = { 'D', PEER, "refused the message", NULL },
};

void
remote_end(struct remote *remote, enum remote_ending ending, struct span said)
{
	struct str *report = &remote->reports;

	str_add_byte(report, endings[ending].letter);
	if (endings[ending].mention == HOST) {
		remote_report_clean(report, remote->host, REMOTE_NAME_MAX);
		str_add_byte(report, ' ');
	} else if (endings[ending].mention == PEER) {
		str_add(report, str_span(&remote->peer));
		str_add_byte(report, ' ');
	}
	str_add_z(report, endings[ending].text);
	str_add_byte(report, '.');
	if (endings[ending].code) {
		str_add_z(report, " (#");
		str_add_z(report, endings[ending].code);
		str_add_byte(report, ')');
	}
	if (said.len) {
		str_add_z(report, "\nIt said: ");
		remote_report_clean(report, said, REMOTE_SAID_MAX);
	}
	if (report->s[report->len - 1] != '\n')
		str_add_byte(report, '\n');
	str_add_byte(report, '\0');
	/* Without its report qmail-rspawn tries again later. */
	if (fd_write_all(1, str_span(report)) == 0 && remote->quit_fd >= 0)
		(void)!fd_write(remote->quit_fd, SPAN("QUIT\r\n"));
	_exit(0);
}

static void
end_without_memory(void)
{
	(void)!fd_write_all(
	    1, SPAN("Z" MEMORY_TEXT ". (#" MEMORY_CODE ")\n\0"));
	_exit(0);
}

/*
 * Whether a command can hold the address.  Local parts are quoted, but what
 * stands outside of quotes must not end the path or the line.
 */
static bool
is_sendable(struct span address)
{
	size_t at = span_find_last(address, '@');
	struct span bare = at < address.len ? span_from(address, at) : address;

	return !span_has(address, '\r') && !span_has(address, '\n') &&
	    !span_has(bare, '<') && !span_has(bare, '>');
}

static void
take_arguments(struct remote *remote, int argc, char **argv)
{
	bool is_any = false;

	if (argc < 4)
		remote_end(remote, REMOTE_USAGE, SPAN(""));
	remote->host = span_of(argv[1]);
	remote->sender = span_of(argv[2]);
	for (int i = 3; i < argc; i++) {
		struct remote_recipient recipient = { span_of(argv[i]), false };

		recipient.is_sendable = is_sendable(recipient.address);
		is_any = is_any || recipient.is_sendable;
		vec_push(&remote->recipients, recipient);
	}
	if (!is_sendable(remote->sender))
		remote_end(remote, REMOTE_BAD_SENDER, SPAN(""));
	if (!is_any)
		remote_end(remote, REMOTE_BAD_RECIPIENT, SPAN(""));
}

static unsigned
read_timeout(struct remote *remote, const char *name, unsigned standard)
{
	uint64_t seconds = standard;

	if (control_read_number(name, REMOTE_TIMEOUT_MAX, &seconds) < 0)
		remote_end(remote, REMOTE_CONTROL, SPAN(""));
	return seconds ? (unsigned)seconds : 1;
}

static void
read_control(struct remote *remote)
{
	if (control_read_line_or_me("control/helohost", &remote->helo, NULL) <=
		0 ||
	    routes_read(&remote->routes) < 0)
		remote_end(remote, REMOTE_CONTROL, SPAN(""));
	remote->timeout = read_timeout(remote, "control/timeoutremote", 1200);
	remote->timeout_connect =
	    read_timeout(remote, "control/timeoutconnect", 60);
}

/* Finds the hosts to try.  Returns the port. */
static uint16_t
find_hosts(struct remote *remote, struct mx *mx)
{
	struct route route;

	switch (routes_find(&remote->routes, remote->host, &route)) {
	case -1:
		remote_end(remote, REMOTE_ROUTE_PORT, SPAN(""));
	case 1:
		if (route.relay.len) {
			mx_open_relay(mx, &remote->dns, route.relay);
			return route.port;
		}
		break;
	}
	mx_open(mx, &remote->dns, remote->host);
	return PORT;
}

/* Connects to the first host that answers.  Returns the connection. */
static int
connect_any(struct remote *remote)
{
	static const enum remote_ending why[] = {
		[MX_TRIED] = REMOTE_NOT_CONNECTED,
		[MX_NO_NAME] = REMOTE_NO_NAME,
		[MX_NO_ADDRESS] = REMOTE_NO_ADDRESS,
		[MX_OWN] = REMOTE_OWN,
		[MX_FAILED] = REMOTE_DNS,
	};
	struct mx mx;
	uint16_t port = find_hosts(remote, &mx);
	struct ip_address address;
	unsigned spread = (unsigned)getpid();

	(void)tcpto_read(&remote->tcpto); /* only a hint */
	while (mx_next(&mx, &address)) {
		int64_t now = clock_seconds();
		int fd;

		if (tcpto_should_skip(&remote->tcpto, &address, now, spread))
			continue;
		fd = tcp_connect(&address, port, remote->timeout_connect);
		if (fd >= 0 || errno == ETIMEDOUT || errno == ECONNREFUSED)
			tcpto_note(&remote->tcpto, &address,
			    fd < 0 && errno == ETIMEDOUT, clock_seconds());
		if (fd >= 0) {
			ip_format(&remote->peer, &address);
			return fd;
		}
	}
	remote_end(remote, why[mx_outcome(&mx)], SPAN(""));
}

int
main(int argc, char **argv)
{
	struct remote remote = { .quit_fd = -1 };

	must_hooks(BUG_EXIT, end_without_memory);
	signal_ignore(SIGPIPE);
	if (chdir(home_dir) < 0)
		remote_end(&remote, REMOTE_HOME, SPAN(""));
	take_arguments(&remote, argc, argv);
	read_control(&remote);
	dns_open(&remote.dns);
	remote_smtp(&remote, connect_any(&remote));
}
