/*
 * dns.h - asks a name server: a stub resolver with bounds.  Servers and their
 * options come from /etc/resolv.conf, or one server from $DNSCACHEIP.
 *
 * Each question goes from a fresh port with a random id and random case; what
 * does not repeat them is no answer.  A server that answers without keeping the
 * case is asked again at once, and from then on, in plain case.  One that gives
 * an error, or of which the kernel tells that it cannot be reached, is not
 * waited for.  An answer that was cut is asked for by TCP.  All questions of
 * one struct dns together wait at most DNS_TOTAL, and until its deadline, each
 * at most half of what is left of that: a name whose servers are dead leaves time
 * for the others, less with each.
 *
 * Whether an answer is secure, that is verified by DNSSEC, is what the server
 * says, which counts where the server is trusted, and the way to it (RFC 7672
 * 2.1): without a word of the administrator if all servers are on this machine.
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "net/dnspacket.h"
#include "net/ip.h"

#define DNS_SERVERS_MAX	 3	/* more are not looked at */
#define DNS_TIMEOUT	 5	/* seconds for one try, if not set */
#define DNS_TIMEOUT_MAX	 30	/* seconds, whatever is set */
#define DNS_ATTEMPTS	 2	/* rounds through all servers, if not set */
#define DNS_ATTEMPTS_MAX 5	/* whatever is set */
#define DNS_TOTAL	 60000	/* milliseconds of waiting in all */
#define DNS_CONF_MAX	 65536u /* bytes of resolv.conf */

struct dnsserver {
	struct ip_address address;
	uint16_t port;
	uint32_t scope;	  /* the interface of a link-local address, or 0 */
	bool is_caseless; /* it does not keep the case of a question */
};

/* Which servers may say that an answer is secure. */
enum dns_trust {
	DNS_TRUST_LOOPBACK, /* if all have loopback addresses */
	DNS_TRUST_NAMED,    /* if all are among those that were named */
	DNS_TRUST_ALL
};

struct dns {
	struct dnsserver servers[DNS_SERVERS_MAX];
	unsigned server_count, attempts;
	int64_t timeout;  /* milliseconds for one try */
	int64_t budget;	  /* milliseconds of waiting that are left */
	int64_t deadline; /* end of all waiting; clock_monotonic(); 0: none */
	enum dns_trust trust;
	struct ip_address trusted[DNS_SERVERS_MAX];
	unsigned trusted_count;
};

/*
 * dns_configure: takes the settings from text.
 *   conf    resolv.conf: lines nameserver, options timeout:N attempts:N; the
 *           rest is ignored, also search lists: mail names are whole
 *           (addresses may have a scope: "fe80::1%eth0")
 *   cache   "addr", "addr:port" or "[addr]:port": this one server instead of
 *           those of conf; empty: none
 * Without any server 127.0.0.1 is asked.  A cache that is no address leaves
 * no server at all: every question then fails.
 */
void dns_configure(struct dns *dns, struct span conf, struct span cache);

/*
 * dns_open: the same, with /etc/resolv.conf and $DNSCACHEIP, both looked at
 * when the first question is asked.  A file that cannot be read counts as
 * empty; of a large one the first DNS_CONF_MAX bytes count.
 *   deadline   a moment of clock_monotonic() after which no question is
 *              answered any more; 0: none
 */
void dns_open(struct dns *dns, int64_t deadline);

/*
 * dns_trust: which servers are trusted, after dns_open or dns_configure.
 *   setting   of control/dnssec: "trust": all that are asked; the addresses of
 *             DNS_SERVERS_MAX servers at most, with blanks between; anything
 *             else, as "off": none; empty: those with loopback addresses
 * Only if all servers that may be asked are trusted are they asked for security.
 */
void dns_trust(struct dns *dns, struct span setting);

/* dns_is_trusted: whether answers can be secure at all. */
bool dns_is_trusted(struct dns *dns);

/* dns_has_time: whether a question may still be answered: neither the deadline nor
 * DNS_TOTAL is used up.  Tells why DNS_FAILED came. */
bool dns_has_time(struct dns *dns);

/* dns_time_left: milliseconds that questions may still wait in all; 0 or less: none. */
int64_t dns_time_left(struct dns *dns);

enum dns_outcome {
	DNS_FOUND,   /* there are records */
	DNS_NOTHING, /* the name exists, but has none of this type */
	DNS_NO_NAME, /* there is no such name */
	DNS_FAILED   /* no server gave a proper answer in time */
};

struct dnsanswer {
	struct str packet;
	struct dnsrecords records;
	bool is_secure; /* verified; also that there is nothing, or no name */
};

#define DNSANSWER_INIT                           \
	{                                        \
		STR_INIT, DNSRECORDS_INIT, false \
	}

/*
 * dns_ask: asks all servers in turn until one answers.
 *   answer   receives packet and records, replaced, and whether it is secure
 * DNS_FAILED is also what a server says that has found the records forged.
 */
enum dns_outcome dns_ask(struct dns *dns, const struct dnsname *name,
    enum dns_type type, struct dnsanswer *answer);

/* dnsanswer_free: releases the memory. */
void dnsanswer_free(struct dnsanswer *answer);

#endif
