/*
 * mx.h - the addresses at which a domain takes mail (RFC 5321 5.1), one after
 * the other, best first.  MX hosts are looked up when their turn comes: as
 * long as the best ones answer, nothing more is asked.
 *
 *	mx_open(&mx, &dns, host)
 *	while (mx_next(&mx, &address)) try it
 *	mx_outcome(&mx) says why there was none
 *
 * Of equal preference the order is random, but IPv4 and IPv6 addresses take
 * turns: where one of them does not get through, the other is soon tried.
 * IPv4 begins: a site that moves to this suite is known to the world, and to
 * its SPF records, by its IPv4 addresses.  Where this machine is among the
 * hosts of a preference, that preference and all worse ones are left out.
 * A null MX (RFC 7505) beside others is passed over.
 *
 * mx_host tells whose address it was, and whether all that led to it is secure
 * (net/dns.h): so much DANE needs to know (net/dane.h).
 */
#ifndef NET_MX_H
#define NET_MX_H

#include <stdbool.h>

#include "base/vec.h"
#include "net/dns.h"
#include "net/ip.h"
#include "net/ipme.h"

#define MX_HOSTS_MAX	 256 /* MX hosts that are looked up; the rest is not */
#define MX_ADDRESSES_MAX 256 /* addresses of one preference; likewise */

enum mx_outcome {
	MX_TRIED,      /* there were addresses */
	MX_NO_NAME,    /* the domain does not exist */
	MX_NO_ADDRESS, /* it has no host with an address */
	MX_NULL,       /* it says that it takes no mail (RFC 7505) */
	MX_OWN,	       /* the best host is this machine */
	MX_FAILED      /* name servers, or the kernel, gave no answer */
};

struct mx_host {
	unsigned preference;
	uint32_t luck;		  /* order among equals */
	bool is_secure;		  /* its MX record and its addresses */
	struct dnsname name;	  /* in small letters, as all here */
	struct dnsname last_name; /* where secure aliases lead to, or name */
};

struct mx_address {
	struct ip_address ip;
	size_t host; /* in the list; MX_NO_HOST: it was given as an address */
};

#define MX_NO_HOST ((size_t)-1)

struct mx {
	struct dns *dns;
	struct ipme me;
	bool is_relay;	/* may be this machine */
	bool is_six;	/* IPv6 addresses are of use */
	bool is_list;	/* the hosts come from MX records */
	bool is_secure; /* ... or there are none, and that is secure */
	VEC(struct mx_host) hosts;
	size_t next_host;
	VEC(struct mx_address) addresses; /* of the current preference */
	size_t next_address;
	bool is_any_given, is_any_failed, is_own, is_missing, is_null;
};

/*
 * mx_open: looks up where mail for the host goes.
 *   host   domain, address, or address in brackets; hostile
 * Without MX the host itself takes its mail.
 */
void mx_open(struct mx *mx, struct dns *dns, struct span host);

/* mx_open_relay: the addresses of the host itself, without regard to MX or to
 * which machine this is: what the administrator wrote into smtproutes. */
void mx_open_relay(struct mx *mx, struct dns *dns, struct span host);

/* mx_next: the next address to try.  Returns false if there are no more. */
bool mx_next(struct mx *mx, struct ip_address *address);

/*
 * mx_host: the host of the address that mx_next gave last.
 * Returns NULL if the address was given instead of a name; an MX record that
 * names an address makes a host of this name, which is not secure.
 * With a relay no MX records count, and its addresses alone have to be secure.
 * Good until the next call.
 */
const struct mx_host *mx_host(const struct mx *mx);

/* mx_outcome: after mx_next returned false. */
enum mx_outcome mx_outcome(const struct mx *mx);

/* mx_close: releases the memory. */
void mx_close(struct mx *mx);

#endif
