/*
 * tcp-env.c - tells a server who its client is, where tcpserver does not:
 * under inetd.
 * Runs as   whom inetd says, one process a connection.
 * Reads     the ends of the connection on fd 0; names from DNS and from the
 *           client's ident server, NOT trusted.
 * Writes    nothing.
 * Execs     the program of its arguments, with what it found in PROTO, TCPLOCAL*
 *           and TCPREMOTE*.
 * Source    tcp-env(1), tcp-environ(5); RFC 1413.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/scan.h"
#include "net/dns.h"
#include "net/ip.h"
#include "net/tcp.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/in.h"
#include "sys/out.h"
#include "sys/signal.h"
#include "sys/sock.h"

#include "environment.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111
#define CLIENT_FD      0
#define IDENT_PORT     113
#define IDENT_SECONDS  30
#define IDENT_MAX      1000 /* bytes of an answer; RFC 1413 4 */
#define NAME_SECONDS   30   /* for both names */

NORETURN static void
end_usage(void)
{
	(void)!fd_write_all(
	    2, SPAN("usage: tcp-env [-rR] [-t seconds] program [arguments]\n"));
	_exit(USAGE_EXIT);
}

/* ---- names of addresses ---- */

/* Whether it can be the name of a host.  Who has the address chooses it, and
 * others write it into logs. */
static bool
is_host_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alnum(name.s[i]) &&
		    !span_has(SPAN(".-_"), name.s[i]))
			return false;
	return name.len > 0;
}

/* Sets the variable to the name of an address; without one it is unset. */
static void
set_name(struct dns *dns, const char *variable, const struct ip_address *ip)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct str text = STR_INIT, host = STR_INIT;
	struct dnsname name;

	ip_add_reverse_name(&text, ip);
	if (dnsname_parse(str_span(&text), &name) &&
	    dns_ask(dns, &name, DNS_PTR, &answer) == DNS_FOUND) {
		name = dnspacket_name(
		    str_span(&answer.packet), answer.records.list.at[0].at);
		dnsname_format(&host, &name);
	}
	environment_set(
	    variable, is_host_name(str_span(&host)) ? str_z(&host) : NULL);
	dnsanswer_free(&answer);
	str_free(&text);
	str_free(&host);
}

/* ---- ident (RFC 1413) ---- */

/* What stands behind the third colon of PORTS : USERID : SYSTEM : NAME. */
static void
take_user(struct span line, struct str *user)
{
	struct span part = SPAN("");

	for (int i = 0; i < 3; i++) {
		size_t end = span_find(line, ':');

		part = span_trim(span_upto(line, end));
		line = span_from(line, end + 1);
		if (i == 1 && !span_equal(part, SPAN("USERID")))
			return;
	}
	line = span_trim(line);
	for (size_t i = 0; i < line.len; i++)
		if (!ascii_is_control(line.s[i]))
			str_add_byte(user, line.s[i]);
}

/* Asks who holds the other end. */
static void
ask_ident(const struct ip_address *ip, const struct sock_end *local,
    const struct sock_end *remote, int64_t seconds, struct str *user)
{
	int64_t deadline = clock_monotonic() + seconds * 1000;
	int fd = tcp_connect(ip, IDENT_PORT, seconds * 1000);
	struct str line = STR_INIT;
	char buffer[256];
	struct out out;
	struct in in;

	if (fd < 0)
		return;
	in_init(&in, fd, buffer, sizeof(buffer));
	in_set_deadline(&in, deadline);
	str_add_u64(&line, remote->port);
	str_add_z(&line, " , ");
	str_add_u64(&line, local->port);
	str_add_z(&line, "\r\n");
	out_init(&out, fd, buffer, sizeof(buffer));
	out_set_deadline(&out, deadline);
	(void)out_add(&out, str_span(&line)); /* out_flush tells */
	if (out_flush(&out) == 0) {
		str_reset(&line);
		if (in_read_until(&in, '\n', &line, IDENT_MAX) > 0)
			take_user(
			    span_upto(str_span(&line), line.len - 1), user);
	}
	str_free(&line);
	fd_close(fd);
}

/* ---- main ---- */

static struct ip_address
address_of(const struct sock_end *end)
{
	struct ip_address ip = ip_make(end->family, end->bytes);

	return ip_unmapped(&ip);
}

/* Sets the variables; ident_seconds 0: ident is not asked. */
static void
set_environment(const struct sock_end *local, const struct sock_end *remote,
    int64_t ident_seconds)
{
	struct ip_address here = address_of(local), there = address_of(remote);
	struct str user = STR_INIT;
	struct dns dns;

	environment_set("PROTO", "TCP");
	environment_set_end("TCPLOCALIP", "TCPLOCALPORT", &here, local->port);
	environment_set_end(
	    "TCPREMOTEIP", "TCPREMOTEPORT", &there, remote->port);
	dns_open(&dns, clock_monotonic() + NAME_SECONDS * 1000);
	set_name(&dns, "TCPLOCALHOST", &here);
	set_name(&dns, "TCPREMOTEHOST", &there);
	if (ident_seconds)
		ask_ident(&there, local, remote, ident_seconds, &user);
	environment_set("TCPREMOTEINFO", user.len ? str_z(&user) : NULL);
	str_free(&user);
}

int
main(int argc, char **argv)
{
	uint64_t seconds = IDENT_SECONDS;
	bool asks_ident = true;
	struct sock_end local, remote;
	const char *proto;
	int option;

	must_hooks(TEMPORARY_EXIT, NULL);
	while ((option = getopt(argc, argv, "+rRt:")) != -1)
		if (option == 'r' || option == 'R')
			asks_ident = option == 'r';
		else if (option != 't' ||
		    !scan_u64(span_of(optarg), 3600, &seconds))
			end_usage();
	argv += optind;
	if (argc - optind < 1)
		end_usage();
	proto = getenv("PROTO");
	signal_ignore(SIGPIPE);
	/* Under tcpserver all is there. */
	if ((!proto || strcmp(proto, "TCP") != 0) &&
	    sock_ends(CLIENT_FD, &local, &remote) == 0 && local.family &&
	    remote.family)
		set_environment(
		    &local, &remote, asks_ident ? (int64_t)seconds : 0);
	signal_default(SIGPIPE);
	(void)execvp(argv[0], argv);
	_exit(TEMPORARY_EXIT);
}
