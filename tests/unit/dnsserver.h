/*
 * dnsserver.h - a name server for unit tests: a child process on a port of
 * 127.0.0.1, by UDP and TCP, which answers from a table of lines
 *
 *	NAME TYPE DATA    types A (dotted), AAAA (text), MX (number name),
 *	                  CNAME (name), which is followed, TXT (strings with |
 *	                  between), TLSA (three numbers, hexadecimal digits)
 *	NAME is WORD      cut: truncated by UDP; plain: does not know EDNS;
 *	                  lower: answers in lower case; silent, servfail,
 *	                  refused, wrongid, damaged, missing; secure: verified,
 *	                  if all names of a chain of aliases are; boasts: says
 *	                  that it is verified, without being asked
 *
 * Names that are not in the table do not exist.
 */
#ifndef TESTS_DNSSERVER_H
#define TESTS_DNSSERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct dnsserver_process {
	pid_t pid;
	char cache[32]; /* for $DNSCACHEIP */
};

static size_t
dnsserver_name(unsigned char *out, const char *text)
{
	size_t len = 0;

	while (*text && strcmp(text, ".")) {
		size_t label = strcspn(text, ".");

		out[len++] = (unsigned char)label;
		memcpy(out + len, text, label);
		len += label;
		text += label + (text[label] == '.');
	}
	out[len++] = 0;
	return len;
}

static unsigned
dnsserver_type(const char *kind)
{
	static const struct {
		const char *kind;
		unsigned type;
	} types[] = { { "A", 1 }, { "CNAME", 5 }, { "MX", 15 }, { "TXT", 16 },
		{ "AAAA", 28 }, { "TLSA", 52 } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i].kind, kind))
			return types[i].type;
	return 0;
}

static size_t
dnsserver_strings(unsigned char *out, const char *text)
{
	size_t len = 0;

	for (;;) {
		size_t part = strcspn(text, "|");

		out[len++] = (unsigned char)part;
		memcpy(out + len, text, part);
		len += part;
		if (!text[part])
			return len;
		text += part + 1;
	}
}

static size_t
dnsserver_tlsa(unsigned char *out, const char *text)
{
	char *end;
	size_t len = 0;
	unsigned byte;

	while (len < 3) {
		out[len++] = (unsigned char)strtoul(text, &end, 10);
		text = end;
	}
	while (sscanf(text, " %2x", &byte) == 1) {
		out[len++] = (unsigned char)byte;
		text += strspn(text, " ") + 2;
	}
	return len;
}

/* Appends one record if it is of the type asked for, of the name that stands at
 * this place. */
static size_t
dnsserver_record(unsigned char *out, size_t name_at, unsigned type,
    const char *kind, const char *data)
{
	unsigned char rdata[300];
	unsigned own = dnsserver_type(kind);
	size_t len = own == 1 ? 4 : 16;
	const unsigned char head[] = { (unsigned char)(0xc0 | name_at >> 8),
		(unsigned char)name_at, 0, (unsigned char)own, 0, 1, 0, 0, 0,
		60 };

	if (own != type)
		return 0;
	if (own == 5)
		len = dnsserver_name(rdata, data);
	else if (own == 16)
		len = dnsserver_strings(rdata, data);
	else if (own == 52)
		len = dnsserver_tlsa(rdata, data);
	else	if (own == 15) {
		unsigned preference = (unsigned)strtoul(data, NULL, 10);

		rdata[0] = (unsigned char)(preference >> 8);
		rdata[1] = (unsigned char)preference;
		len = 2 + dnsserver_name(rdata + 2, strchr(data, ' ') + 1);
	} else
		(void)inet_pton(own == 1 ? AF_INET : AF_INET6, data, rdata);
	memcpy(out, head, sizeof(head));
	out[10] = 0;
	out[11] = (unsigned char)len;
	memcpy(out + 12, rdata, len);
	return 12 + len;
}

/* Makes the answer.  Returns its length, 0 for none. */
static size_t
dnsserver_answer(const char *table, const unsigned char *query, size_t size,
    unsigned char *out, int is_udp)
{
	char name[300] = "", line[400];
	size_t at = 12, len, name_at = 12;
	int is_known = 0, is_secure = 0, is_all_secure = 1;
	unsigned type;

	while (at < size && query[at]) {
		snprintf(name + strlen(name), sizeof(name) - strlen(name),
		    "%s%.*s", at > 12 ? "." : "", query[at], query + at + 1);
		at += query[at] + 1u;
	}
	if (!*name)
		strcpy(name, ".");
	type = (unsigned)query[at + 1] << 8 | query[at + 2];
	len = at + 5;
	memcpy(out, query, len);
	memset(out + 6, 0, 6);
	out[2] = 0x81;
	out[3] = 0x80;
	for (const char *p = table; *p; p += strcspn(p, "\n") + 1) {
		char owner[100], kind[10], data[200];

		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
		if (sscanf(line, "%99s %9s %199[^\n]", owner, kind, data) < 3 ||
		    strcasecmp(owner, name))
			continue;
		is_known = 1;
		if (strcmp(kind, "is")) {
			int is_alias = !strcmp(kind, "CNAME") && type != 5;
			size_t add = dnsserver_record(out + len, name_at,
			    is_alias ? 5 : type, kind, data);

			if (is_alias) { /* from here on it is this name */
				strcpy(name, data);
				name_at = len + 12;
				is_all_secure &= is_secure;
				is_secure = is_known = 0;
			}
			len += add;
			if (add > 0 && ++out[7] == 0)
				out[6]++;
			continue;
		}
		if (!strcmp(data, "secure"))
			is_secure = 1;
		if (!strcmp(data, "boasts"))
			out[3] |= 0x20;
		if (!strcmp(data, "silent"))
			return 0;
		if (!strcmp(data, "servfail"))
			out[3] |= 2;
		if (!strcmp(data, "refused"))
			out[3] |= 5;
		if (!strcmp(data, "wrongid"))
			out[0] ^= 1;
		if (!strcmp(data, "damaged"))
			out[7] = 1;
		if (!strcmp(data, "plain") && query[11]) {
			out[3] |= 1;
			return len;
		}
		if (!strcmp(data, "cut") && is_udp)
			out[2] |= 2;
		for (size_t i = 12; !strcmp(data, "lower") && i < at; i++)
			if (out[i] >= 'A' && out[i] <= 'Z')
				out[i] |= 0x20;
	}
	if (!is_known)
		out[3] |= 3;
	if (is_secure && is_all_secure)
		out[3] |= query[3] & 0x20;
	return len;
}

static void
dnsserver_serve(const char *table, int udp, int tcp)
{
	unsigned char query[4096], out[32768];

	for (;;) {
		struct pollfd fds[] = { { udp, POLLIN, 0 },
			{ tcp, POLLIN, 0 } };
		struct sockaddr_in peer;
		socklen_t peer_size = sizeof(peer);
		size_t len;
		ssize_t got;
		int fd;

		(void)poll(fds, 2, -1);
		if (fds[0].revents) {
			got = recvfrom(udp, query, sizeof(query), 0,
			    (struct sockaddr *)&peer, &peer_size);
			len = got < 17 ? 0
				       : dnsserver_answer(
					     table, query, (size_t)got, out, 1);
			if (len)
				(void)!sendto(udp, out, len, 0,
				    (struct sockaddr *)&peer, peer_size);
			continue;
		}
		fd = accept(tcp, NULL, NULL);
		got = read(fd, query, sizeof(query));
		len = got < 19 ? 0
			       : dnsserver_answer(table, query + 2,
				     (size_t)got - 2, out + 2, 0);
		out[0] = (unsigned char)(len >> 8);
		out[1] = (unsigned char)len;
		/* In two pieces, as networks may. */
		(void)!write(fd, out, 1);
		usleep(10000);
		(void)!write(fd, out + 1, len + 1);
		close(fd);
	}
}

static struct dnsserver_process
dnsserver_start(const char *table)
{
	struct dnsserver_process process;
	struct sockaddr_in name = { .sin_family = AF_INET };
	socklen_t size = sizeof(name);
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	int tcp = socket(AF_INET, SOCK_STREAM, 0);

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(tcp, (struct sockaddr *)&name, size), 0);
	assert_int_equal(listen(tcp, 5), 0);
	assert_int_equal(getsockname(tcp, (struct sockaddr *)&name, &size), 0);
	assert_int_equal(bind(udp, (struct sockaddr *)&name, size), 0);
	snprintf(process.cache, sizeof(process.cache), "127.0.0.1:%u",
	    ntohs(name.sin_port));
	process.pid = fork();
	assert_true(process.pid >= 0);
	if (process.pid == 0) {
		/* Who waits for our output waits for a failed test alone. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		dnsserver_serve(table, udp, tcp);
	}
	close(udp);
	close(tcp);
	return process;
}

static void
dnsserver_stop(struct dnsserver_process process)
{
	kill(process.pid, SIGKILL);
	waitpid(process.pid, NULL, 0);
}

#endif
