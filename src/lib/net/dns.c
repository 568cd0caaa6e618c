/* dns.c - asks a name server.  Input: hostile. */
#include "net/dns.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/netif.h"
#include "sys/random.h"
#include "sys/sock.h"

#define DNS_PORT     53
#define DNS_DATAGRAM 4096 /* some servers send more than was allowed */

/* "addr", "addr:port" or "[addr]:port" into a server. */
static bool
parse_plain_server(struct span text, struct dnsserver *server)
{
	size_t port_at = text.len;
	uint64_t port = DNS_PORT;

	*server = (struct dnsserver){ .port = DNS_PORT };
	if (ip_parse(text, &server->address))
		return true;
	port_at = span_find_last(text, ':');
	if (port_at < text.len &&
	    (!scan_u64(span_from(text, port_at + 1), 65535, &port) || !port))
		return false;
	text = span_upto(text, port_at);
	server->port = (uint16_t)port;
	return ip_parse(text, &server->address) ||
	    ip_parse_literal(text, &server->address);
}

/* The same, where an IPv6 address may have a scope: "addr%scope". */
static bool
parse_server(struct span text, struct dnsserver *server)
{
	size_t percent = span_find(text, '%');
	struct span scope = span_from(text, percent + 1);
	size_t scope_len = span_find(scope, ']');
	struct str plain = STR_INIT;
	bool is_server;

	str_add(&plain, span_upto(text, percent));
	str_add(&plain, span_from(scope, scope_len));
	is_server = parse_plain_server(str_span(&plain), server);
	str_free(&plain);
	if (!is_server || percent == text.len)
		return is_server;
	server->scope = netif_index(span_upto(scope, scope_len));
	return server->address.family == 6 && server->scope > 0;
}

/* The next word of a line. */
static bool
next_word(struct span *line, struct span *word)
{
	size_t len = 0;

	while (line->len && ascii_is_blank(line->s[0]))
		*line = span_from(*line, 1);
	while (len < line->len && !ascii_is_blank(line->s[len]))
		len++;
	*word = span_upto(*line, len);
	*line = span_from(*line, len);
	return len > 0;
}

/* The number of an option such as "timeout:3", from 1 to max. */
static void
take_option(struct span word, struct span name, uint64_t max, uint64_t *number)
{
	uint64_t value;

	if (span_starts(word, name) &&
	    scan_u64_prefix(span_from(word, name.len), max, &value) && value)
		*number = value;
}

static void
take_line(struct dns *dns, struct span line)
{
	struct span word;
	uint64_t timeout = (uint64_t)dns->timeout / 1000;
	uint64_t attempts = dns->attempts;

	if (!next_word(&line, &word))
		return;
	if (span_equal(word, SPAN("nameserver"))) {
		if (dns->server_count < DNS_SERVERS_MAX &&
		    next_word(&line, &word) &&
		    parse_server(word, &dns->servers[dns->server_count]))
			dns->server_count++;
		return;
	}
	if (!span_equal(word, SPAN("options")))
		return;
	while (next_word(&line, &word)) {
		take_option(word, SPAN("timeout:"), DNS_TIMEOUT_MAX, &timeout);
		take_option(
		    word, SPAN("attempts:"), DNS_ATTEMPTS_MAX, &attempts);
	}
	dns->timeout = (int64_t)timeout * 1000;
	dns->attempts = (unsigned)attempts;
}

void
dns_configure(struct dns *dns, struct span conf, struct span cache)
{
	struct span line;

	*dns = (struct dns){ .attempts = DNS_ATTEMPTS,
		.timeout = DNS_TIMEOUT * 1000,
		.budget = DNS_TOTAL };
	while (span_cut_next(&conf, '\n', &line)) {
		if (span_ends(line, SPAN("\r")))
			line = span_upto(line, line.len - 1);
		take_line(dns, line);
	}
	if (cache.len)
		dns->server_count = parse_server(cache, &dns->servers[0]);
	else if (dns->server_count == 0)
		dns->server_count =
		    parse_server(SPAN("127.0.0.1"), &dns->servers[0]);
}

void
dns_trust(struct dns *dns, struct span setting)
{
	struct span word;

	dns->trusted_count = 0;
	dns->trust = DNS_TRUST_LOOPBACK;
	if (!next_word(&setting, &word))
		return;
	dns->trust = DNS_TRUST_NAMED;
	if (span_equal(word, SPAN("trust"))) {
		dns->trust = DNS_TRUST_ALL;
		return;
	}
	do
		if (dns->trusted_count < DNS_SERVERS_MAX &&
		    ip_parse(word, &dns->trusted[dns->trusted_count]))
			dns->trusted_count++;
	while (next_word(&setting, &word));
}

static bool
is_named(const struct dns *dns, const struct ip_address *address)
{
	for (size_t i = 0; i < dns->trusted_count; i++)
		if (ip_equal(&dns->trusted[i], address))
			return true;
	return false;
}

/* Whether the word of all servers counts that may be asked. */
static bool
are_trusted(const struct dns *dns)
{
	if (dns->trust == DNS_TRUST_ALL)
		return true;
	for (size_t i = 0; i < dns->server_count; i++) {
		const struct ip_address *address = &dns->servers[i].address;

		if (dns->trust == DNS_TRUST_LOOPBACK ? !ip_is_loopback(address)
						     : !is_named(dns, address))
			return false;
	}
	return true;
}

void
dns_open(struct dns *dns, int64_t deadline)
{
	*dns = (struct dns){ .deadline = deadline };
}

static void
configure_from_system(struct dns *dns)
{
	struct dns given = *dns;
	struct str conf = STR_INIT;

	(void)!file_read("/etc/resolv.conf", &conf, DNS_CONF_MAX);
	dns_configure(dns, str_span(&conf), span_of(getenv("DNSCACHEIP")));
	dns->deadline = given.deadline;
	dns->trust = given.trust;
	dns->trusted_count = given.trusted_count;
	memcpy(dns->trusted, given.trusted, sizeof(given.trusted));
	str_free(&conf);
}

/* Milliseconds to wait at most from now; 0 or less: it is too late. */
static int64_t
time_left(const struct dns *dns, int64_t now, int64_t limit)
{
	if (limit > dns->budget)
		limit = dns->budget;
	if (dns->deadline && limit > dns->deadline - now)
		limit = dns->deadline - now;
	return limit;
}

/* One try: this question to this server, over one socket. */
struct
try {
	struct dns *dns;
	const struct dnsquestion *question;
	int fd;
	int64_t until;
	struct dnsanswer *answer;
};

/* Waits for input, taking the time from the budget.  False: too late. */
static bool
wait_input(struct try *try)
{
	int64_t now = clock_monotonic();
	int64_t left = time_left(try->dns, now, try->until - now);
	bool is_ready;

	if (left <= 0)
		return false;
	is_ready = sock_wait_input(try->fd, left) > 0;
	try->dns->budget -= clock_monotonic() - now;
	return is_ready;
}

static struct sock_peer
peer_of(const struct dnsserver *server)
{
	return (struct sock_peer){ server->address.family,
		server->address.bytes, server->port, server->scope };
}

/* By UDP.  What does not belong to the question is passed over. */
static enum dnspacket_kind
ask_udp(struct try *try, const struct dnsserver *server, struct span query)
{
	enum dnspacket_kind kind = DNSPACKET_FOREIGN;
	struct str *packet = &try->answer->packet;

	try->fd = sock_datagram(peer_of(server));
	if (try->fd < 0 || fd_write(try->fd, query) != (ssize_t)query.len)
		goto done;
	str_reset(packet);
	str_reserve(packet, DNS_DATAGRAM);
	while (kind == DNSPACKET_FOREIGN && wait_input(try)) {
		ssize_t got = fd_read(try->fd, packet->s, DNS_DATAGRAM);

		if (got < 0)
			break;
		packet->len = (size_t)got;
		kind = dnspacket_judge(str_span(packet), try->question);
	}
done:
	fd_close(try->fd);
	return kind;
}

/* Reads exactly size bytes behind those that are in the packet. */
static bool
read_exactly(struct try *try, struct str *packet, size_t size)
{
	str_reserve(packet, size);
	while (size > 0) {
		ssize_t got;

		if (!wait_input(try))
			return false;
		got = fd_read(try->fd, packet->s + packet->len, size);
		if (got <= 0)
			return false;
		packet->len += (size_t)got;
		size -= (size_t)got;
	}
	packet->s[packet->len] = '\0';
	return true;
}

/* By TCP, where each message has its length in two bytes before it. */
static enum dnspacket_kind
ask_tcp(struct try *try, const struct dnsserver *server, struct span query)
{
	enum dnspacket_kind kind = DNSPACKET_FOREIGN;
	struct str *packet = &try->answer->packet;
	int64_t started = clock_monotonic();
	size_t size;

	try->until = started + try->dns->timeout;
	str_reset(packet);
	str_add_byte(packet, (char)(unsigned char)(query.len >> 8));
	str_add_byte(packet, (char)(unsigned char)query.len);
	str_add(packet, query);
	try->fd = sock_stream(
	    peer_of(server), time_left(try->dns, started, try->dns->timeout));
	try->dns->budget -= clock_monotonic() - started;
	if (try->fd < 0 || fd_write_all(try->fd, str_span(packet)) < 0)
		goto done;
	str_reset(packet);
	if (!read_exactly(try, packet, 2))
		goto done;
	size = (size_t)(unsigned char)packet->s[0] << 8 |
	    (unsigned char)packet->s[1];
	str_reset(packet);
	if (read_exactly(try, packet, size))
		kind = dnspacket_judge(str_span(packet), try->question);
done:
	fd_close(try->fd);
	return kind;
}

/* Asks one server once, with and without EDNS, by UDP and TCP as needed. */
static enum dnspacket_kind
ask_server(struct dns *dns, const struct dnsserver *server,
    const struct dnsquestion *question, struct dnsanswer *answer)
{
	struct try try = { dns, question, -1, clock_monotonic() + dns->timeout,
		answer };
	struct str query = STR_INIT;
	enum dnspacket_kind kind;

	dnspacket_build(&query, question, true);
	kind = ask_udp(&try, server, str_span(&query));
	if (kind == DNSPACKET_NO_EDNS) {
		dnspacket_build(&query, question, false);
		kind = ask_udp(&try, server, str_span(&query));
	}
	if (kind == DNSPACKET_CUT)
		kind = ask_tcp(&try, server, str_span(&query));
	str_free(&query);
	return kind;
}

static struct dnsquestion
make_question(const struct dns *dns, const struct dnsname *name,
    enum dns_type type, bool is_mixed)
{
	uint64_t luck = random_u64();
	struct dnsquestion question = { .id = (uint16_t)luck,
		.type = type,
		.name = *name,
		.is_exact_case = is_mixed,
		.asks_secure = are_trusted(dns) };

	if (is_mixed)
		dnsname_mix_case(&question.name, luck >> 16);
	return question;
}

/* Asks one server, once more if it does not keep the case of letters. */
static enum dns_outcome
ask_in_case(struct dns *dns, struct dnsserver *server,
    const struct dnsname *name, enum dns_type type, struct dnsanswer *answer)
{
	struct dnsquestion question =
	    make_question(dns, name, type, !server->is_caseless);
	enum dnspacket_kind kind = ask_server(dns, server, &question, answer);

	if (kind == DNSPACKET_CASE) {
		server->is_caseless = true;
		question = make_question(dns, name, type, false);
		kind = ask_server(dns, server, &question, answer);
	}
	answer->is_secure = question.asks_secure &&
	    (kind == DNSPACKET_NO_NAME || kind == DNSPACKET_ANSWER) &&
	    dnspacket_is_secure(str_span(&answer->packet));
	if (kind == DNSPACKET_NO_NAME)
		return DNS_NO_NAME;
	if (kind != DNSPACKET_ANSWER ||
	    !dnspacket_records(
		str_span(&answer->packet), &question, &answer->records))
		return DNS_FAILED;
	return answer->records.list.len ? DNS_FOUND : DNS_NOTHING;
}

/* Asks all servers in turn until one answers. */
static enum dns_outcome
ask_all(struct dns *dns, const struct dnsname *name, enum dns_type type,
    struct dnsanswer *answer)
{
	for (unsigned round = 0; round < dns->attempts; round++) {
		for (unsigned i = 0; i < dns->server_count; i++) {
			enum dns_outcome outcome;

			if (time_left(dns, clock_monotonic(), 1) <= 0)
				return DNS_FAILED;
			outcome = ask_in_case(
			    dns, &dns->servers[i], name, type, answer);
			if (outcome != DNS_FAILED)
				return outcome;
		}
	}
	return DNS_FAILED;
}

bool
dns_is_trusted(struct dns *dns)
{
	if (dns->attempts == 0)
		configure_from_system(dns);
	return are_trusted(dns);
}

int64_t
dns_time_left(struct dns *dns)
{
	if (dns->attempts == 0)
		configure_from_system(dns);
	return time_left(dns, clock_monotonic(), dns->budget);
}

bool
dns_has_time(struct dns *dns)
{
	return dns_time_left(dns) > 0;
}

enum dns_outcome
dns_ask(struct dns *dns, const struct dnsname *name, enum dns_type type,
    struct dnsanswer *answer)
{
	enum dns_outcome outcome;
	int64_t kept, deadline = dns->deadline, now = clock_monotonic();

	answer->is_secure = false;
	if (dns->attempts == 0)
		configure_from_system(dns);
	/* Half of the time is for the names behind this one. */
	kept = dns->budget / 2;
	dns->budget -= kept;
	if (deadline)
		dns->deadline -= (deadline - now) / 2;
	outcome = ask_all(dns, name, type, answer);
	dns->budget += kept;
	dns->deadline = deadline;
	return outcome;
}

void
dnsanswer_free(struct dnsanswer *answer)
{
	str_free(&answer->packet);
	dnsrecords_free(&answer->records);
}
