/*
 * spf_client.h - the names that a client has by its address, and that lead back to
 * it (RFC 7208 5.5): for the mechanism ptr and the macro p.  Who has its address
 * chooses them: all that is asked about them has SPF_CLIENT_SHARE of the time that is
 * left when it begins, and a name without an answer by then is passed over; then what
 * is no pass cannot be told.
 * Input: hostile.
 */
#ifndef AUTH_SPF_CLIENT_H
#define AUTH_SPF_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/dns.h"
#include "spf.h"

#define SPF_CLIENT_SHARE 4 /* a fourth */

struct spf_client {
	struct ip_address address;
	bool is_asked;	/* for its names */
	bool is_nobody; /* the answer to that held nothing */
	bool is_late;	/* a question about them had no answer in its time */
	int64_t until;	/* no name is asked about after that; 0: none was */
	size_t count;	/* more than SPF_NAMES_MAX are not looked at */
	struct spf_client_name {
		struct dnsname name;
		bool is_asked, is_valid;
	} names[SPF_NAMES_MAX];
};

/* spf_client_is_in: whether one of the names is this domain, or below it, and leads
 * back.  What cannot be answered does not. */
bool spf_client_is_in(
    struct spf_client *client, struct dns *dns, const struct dnsname *domain);

/*
 * spf_client_add_name: appends the name for the macro p: the domain itself, or one
 * below it, or any other, which leads back; or "unknown".
 */
void spf_client_add_name(struct spf_client *client, struct dns *dns,
    const struct dnsname *domain, struct str *text);

/*
 * spf_client_ask: asks for the addresses of a name in the family of the client.
 *   is_within   set to whether one is the client's in these leading bits
 */
enum dns_outcome
spf_client_ask(const struct spf_client *client, struct dns *dns,
    const struct dnsname *name, unsigned bits, bool *is_within);

#endif
