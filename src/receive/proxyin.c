/*
 * proxyin.c - hears from a proxy who its client is, and runs a server for that
 * client.
 * Runs as   qmaild, one process a connection, between tcpserver and a server.
 * Reads     the PROXY header on fd 0, not a byte more; control/proxyin.
 * Writes    nothing but a complaint on fd 2.
 * Execs     the program of its arguments, with the client in TCPREMOTEIP.
 * Source    proxyin(8).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "base/wordset.h"
#include "config/control.h"
#include "config/home.h"
#include "net/proxyheader.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/logline.h"

#include "environment.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111
#define HEADER_SECONDS 10
#define CLIENT_FD      0

NORETURN static void
fail(const char *what)
{
	struct str line = STR_INIT;
	const char *ip = getenv("TCPREMOTEIP");

	logline_begin(&line, "proxyin refused", span_of(ip ? ip : "unknown"));
	logline_quoted(&line, " reason", span_of(what));
	logline_end(&line);
	_exit(TEMPORARY_EXIT);
}

/* Whether the peer may say who its client is. */
static bool
is_proxy(void)
{
	struct wordset proxies = WORDSET_INIT;
	const char *ip = getenv("TCPREMOTEIP");
	bool found;

	if (control_read_set("control/proxyin", '\0', &proxies) < 0)
		fail("control/proxyin cannot be read");
	found = ip && wordset_find(&proxies, span_of(ip), NULL);
	wordset_free(&proxies);
	return found;
}

/* Reads the header.  Returns its last state. */
static enum proxyheader_state
read_header(struct proxyheader *header)
{
	int64_t deadline = clock_monotonic() + HEADER_SECONDS * 1000;
	enum proxyheader_state state = PROXYHEADER_MORE;
	char bytes[PROXYHEADER_MAX];

	while (state == PROXYHEADER_MORE) {
		size_t wanted = proxyheader_wants(header);
		ssize_t got;

		if (fd_wait(CLIENT_FD, POLLIN, 0, deadline, false) < 0)
			fail("the proxy says too little");
		got = fd_read(CLIENT_FD, bytes,
		    wanted < sizeof(bytes) ? wanted : sizeof(bytes));
		if (got <= 0)
			fail("the proxy has gone");
		state = proxyheader_feed(header, span_make(bytes, (size_t)got));
	}
	return state;
}

/* What tcpserver and others said was said of the proxy, who may do what its
 * clients must not. */
static void
forget_proxy(void)
{
	static const char *const names[] = { "TCPREMOTEIP", "TCPREMOTEPORT",
		"TCPREMOTEHOST", "TCPREMOTEINFO", "TCPLOCALIP", "TCPLOCALPORT",
		"TCPLOCALHOST", "RELAYCLIENT" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		environment_set(names[i], NULL);
}

static void
set_client(const struct proxyheader *header)
{
	environment_set_end("TCPREMOTEIP", "TCPREMOTEPORT", &header->source,
	    header->source_port);
	environment_set_end("TCPLOCALIP", "TCPLOCALPORT", &header->destination,
	    header->destination_port);
}

int
main(int argc, char **argv)
{
	struct proxyheader header = { .bytes = STR_INIT };

	must_hooks(TEMPORARY_EXIT, NULL);
	if (argc < 2) {
		(void)!fd_write_all(
		    2, SPAN("usage: proxyin program [arguments]\n"));
		return USAGE_EXIT;
	}
	if (chdir(home_dir) < 0)
		fail("the home of the suite cannot be entered");
	if (is_proxy())
		switch (read_header(&header)) {
		case PROXYHEADER_DONE:
			forget_proxy();
			set_client(&header);
			break;
		case PROXYHEADER_UNKNOWN:
			forget_proxy();
			/* Who has no address is taken for a user here. */
			environment_set("TCPREMOTEIP", "unknown");
			break;
		case PROXYHEADER_LOCAL:
			/* HAProxy says that of clients on UNIX sockets too. */
			environment_set("RELAYCLIENT", NULL);
			break;
		default:
			fail("the proxy does not say who its client is");
		}
	proxyheader_free(&header);
	(void)execvp(argv[1], argv + 1);
	fail("the program cannot be run");
}
