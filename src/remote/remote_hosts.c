/*
 * remote_hosts.c - the connection to the next hop: which hosts, in which
 * order, and which of them are left alone for now.
 * Input: hostile; what name servers say.
 *
 * Started by hand, without $NEXTHOPREPORT, only connections that time out are
 * noted in queue/lock/tcpto, and each host that can be reached is forgotten.
 */
#include "remote.h"

#include <errno.h>
#include <stdlib.h>

#include "config/routes.h"
#include "net/tcp.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"

#define SMTP_PORT 25
#define QMTP_PORT 209

/* Takes a route apart.  Returns whether it says anything. */
static bool
take_route(
    struct remote *remote, struct span text, uint16_t port, struct route *route)
{
	if (route_parse(text, port, route) < 0)
		remote_end(&remote->told, REMOTE_ROUTE_PORT, SPAN(""));
	return route->relay.len > 0;
}

/* Looks into a file of routes; its spans lie in *routes. */
static bool
find_in_file(struct remote *remote, struct routes *routes, const char *name,
    struct span domain, struct span *text)
{
	routes_free(routes);
	if (routes_read_file(routes, name) < 0)
		remote_end(&remote->told, REMOTE_CONTROL, SPAN(""));
	return routes_find_text(routes, domain, text);
}

/* The route by SMTP: what control/senderroutes says of the sender; $SMTPROUTE, or
 * what control/smtproutes says.  Returns false if DNS decides. */
static bool
find_route(struct remote *remote, struct routes *routes, struct route *route)
{
	const char *given = getenv("SMTPROUTE");
	size_t at = span_find_last(remote->sender, '@');
	struct span text = span_of(given);

	if (find_in_file(remote, routes, "control/senderroutes",
		span_from(remote->sender, at + 1), &text) &&
	    take_route(remote, text, SMTP_PORT, route))
		return true;
	text = span_of(given);
	if (!given &&
	    !find_in_file(
		remote, routes, "control/smtproutes", remote->told.host, &text))
		return false;
	return take_route(remote, text, SMTP_PORT, route);
}

/* The route by QMTP, which goes before one by SMTP. */
static bool
find_qmtp_route(
    struct remote *remote, struct routes *routes, struct route *route)
{
	struct span text;

	return find_in_file(remote, routes, "control/qmtproutes",
		   remote->told.host, &text) &&
	    take_route(remote, text, QMTP_PORT, route);
}

bool
remote_find_hosts(struct remote *remote)
{
	struct routes qmtp = ROUTES_INIT, smtp = ROUTES_INIT;
	struct route route = { .port = SMTP_PORT };
	bool is_qmtp = find_qmtp_route(remote, &qmtp, &route);
	bool is_relay = is_qmtp || find_route(remote, &smtp, &route);

	(void)!tcpto_open(&remote->tcpto); /* only a hint */
	remote->peer.port = is_relay ? route.port : SMTP_PORT;
	remote->told.port = remote->peer.port;
	if (is_relay)
		mx_open_relay(&remote->mx, &remote->dns, route.relay);
	else
		mx_open(&remote->mx, &remote->dns, remote->told.host);
	str_set(&remote->next_hop, is_relay ? route.relay : remote->told.host);
	remote_tls_read(remote, is_relay ? route.relay : SPAN(""));
	routes_free(&qmtp);
	routes_free(&smtp);
	if (is_qmtp && remote->tls.policy.kind >= TLSPOLICY_ENCRYPT)
		remote_end(&remote->told, REMOTE_TLS_QMTP, SPAN(""));
	if (is_qmtp && remote->needs_tls)
		remote_end(&remote->told, REMOTE_REQUIRETLS_QMTP, SPAN(""));
	if (is_relay)
		remote->told.relay = str_span(&remote->next_hop);
	return is_qmtp;
}

/* Milliseconds that are left of the delivery; of it and this limit. */
static int64_t
time_left(struct remote *remote, int64_t limit)
{
	int64_t left = remote->deadline - clock_monotonic();

	if (left <= 0)
		remote_end(&remote->told, REMOTE_TOO_LONG, SPAN(""));
	return left < limit ? left : limit;
}

/* What a failed connect says of the host; nothing if the fault is ours. */
static enum tcpto_trouble
trouble_of(int cause)
{
	switch (cause) {
	case ETIMEDOUT:
		return TCPTO_TIMEOUT;
	case ECONNREFUSED:
	case ECONNRESET:
		return TCPTO_REFUSED;
	case EHOSTUNREACH:
	case ENETUNREACH:
		return TCPTO_UNREACHABLE;
	default:
		return TCPTO_NO_TROUBLE;
	}
}

static void
forget_peer(struct remote *remote)
{
	if (remote->is_peer_noted)
		(void)tcpto_clear(&remote->peer); /* only a hint */
	remote->is_peer_noted = false;
}

static void
note_failure(struct remote *remote, int cause)
{
	enum tcpto_trouble trouble = trouble_of(cause);

	if (trouble == TCPTO_TIMEOUT ||
	    (trouble != TCPTO_NO_TROUBLE && remote->told.has_hop))
		tcpto_note(&remote->peer, trouble, clock_seconds());
	else if (trouble == TCPTO_REFUSED)
		forget_peer(remote);
}

/* Connects to remote->peer.  Returns the connection or -1. */
static int
connect_to_peer(struct remote *remote)
{
	int fd = tcp_connect_from(&remote->peer.address, remote->peer.port,
	    &remote->from,
	    time_left(remote, (int64_t)remote->timeout_connect * 1000));

	remote->told.cause = fd < 0 ? errno : 0;
	if (fd < 0 && errno == EADDRNOTAVAIL && remote->from.family) {
		remote->told.hop = DELIVERY_HOP_UNTOLD;
		remote_end(&remote->told, REMOTE_BIND_ADDRESS, SPAN(""));
	}
	if (fd < 0 && error_is_shortage(errno) && !remote->is_any_lost)
		remote_end(&remote->told, REMOTE_SYSTEM, SPAN(""));
	if (fd < 0) {
		int cause = errno;

		note_failure(remote, cause);
		remote_note_host(&remote->told, &remote->peer.address, cause);
	}
	return fd;
}

/* Tries remote->peer, unless it is left alone.  Returns the connection or
 * -1. */
static int
try_peer(struct remote *remote)
{
	int64_t lease = remote->timeout_connect + remote->timeout_greeting;
	enum tcpto_advice advice =
	    tcpto_ask(&remote->tcpto, &remote->peer, clock_seconds(), lease);

	if (advice == TCPTO_SKIP) {
		remote->told.trouble =
		    tcpto_trouble(&remote->tcpto, &remote->peer);
		remote_note_host(&remote->told, &remote->peer.address, 0);
		return -1;
	}
	remote->is_any_tried = true;
	remote->is_peer_noted = advice != TCPTO_UNKNOWN;
	return connect_to_peer(remote);
}

/* What the last host did that did not take us.  That it cannot keep the promise
 * of REQUIRETLS is an end for good only if no host may, whenever it is there. */
static enum remote_ending
why_lost(const struct remote *remote)
{
	bool may_another = remote->is_any_lost_else || remote->told.tried.len ||
	    remote->mx.is_any_failed;

	return remote->why_lost == REMOTE_REQUIRETLS && may_another
	    ? REMOTE_REQUIRETLS_LATER
	    : remote->why_lost;
}

/* No host is left. */
NORETURN static void
end_unconnected(struct remote *remote)
{
	static const enum remote_ending why[] = {
		[MX_TRIED] = REMOTE_NOT_CONNECTED,
		[MX_NO_NAME] = REMOTE_NO_NAME,
		[MX_NO_ADDRESS] = REMOTE_NO_ADDRESS,
		[MX_NULL] = REMOTE_NO_MAIL,
		[MX_OWN] = REMOTE_OWN,
		[MX_FAILED] = REMOTE_DNS,
	};

	(void)time_left(remote, 0); /* it ends there if that is the cause */
	remote->told.cause = remote->lost_cause;
	/* What a policy asks for says nothing of the mail of others there. */
	if (remote->is_any_lost && remote_is_tls_ending(remote->why_lost))
		remote->told.hop = DELIVERY_HOP_UNTOLD;
	if (remote->is_any_lost)
		remote_end(&remote->told, why_lost(remote),
		    str_span(&remote->lost_said));
	if (remote->told.trouble != TCPTO_NO_TROUBLE && !remote->is_any_tried)
		remote_end(&remote->told, REMOTE_LEFT_ALONE, SPAN(""));
	remote_end(&remote->told, why[mx_outcome(&remote->mx)], SPAN(""));
}

int
remote_connect(struct remote *remote)
{
	while (remote->tls.is_clear_next ||
	    mx_next(&remote->mx, &remote->peer.address)) {
		int fd = remote->tls.is_clear_next ? connect_to_peer(remote)
						   : try_peer(remote);

		remote->told.hop = DELIVERY_HOP_TROUBLE;
		if (fd >= 0) {
			str_reset(&remote->told.peer);
			ip_format(&remote->told.peer, &remote->peer.address);
			if (!remote->told.has_hop)
				forget_peer(remote);
			return fd;
		}
		remote->tls.is_clear_next = false;
	}
	end_unconnected(remote);
}

void
remote_lose(struct remote *remote, enum remote_ending ending, int cause,
    struct span said)
{
	remote->is_any_lost = true;
	if (ending != REMOTE_REQUIRETLS)
		remote->is_any_lost_else = true;
	remote->lost_cause = ending == REMOTE_LOST ? cause : 0;
	remote->why_lost = ending;
	str_set(&remote->lost_said, said);
}

void
remote_peer_is_well(struct remote *remote)
{
	remote->told.hop = DELIVERY_HOP_WELL;
	forget_peer(remote);
}

void
remote_peer_is_in_trouble(struct remote *remote, enum tcpto_trouble trouble)
{
	if (remote->told.has_hop)
		tcpto_note(&remote->peer, trouble, clock_seconds());
}
