/*
 * routes.h - control/smtproutes: relays for some domains, or for all.
 *
 * Lines "domain:relay" or "domain:relay:port".  A domain that starts with a
 * dot stands for all that end so; the empty one for all.  An empty relay means
 * that DNS decides.  The relay is a name or an address; IPv6 addresses need
 * brackets where a port follows, and as a domain ("[2001:db8::1]:relay").
 * Input: trusted.  Source: qmail-remote(8).
 */
#ifndef CONFIG_ROUTES_H
#define CONFIG_ROUTES_H

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/wordset.h"

#define ROUTES_PORT 25 /* where none is given */

struct routes {
	struct wordset table;
};

#define ROUTES_INIT          \
	{                    \
		WORDSET_INIT \
	}

/* routes_parse: takes the lines of a list file, cleaned as control.h says;
 * of equal domains the last one counts. */
void routes_parse(struct routes *routes, struct span lines);

/* routes_read: the same from control/smtproutes, if it is there.
 * Returns 0, -1 with errno. */
MUST_CHECK int routes_read(struct routes *routes);

struct route {
	struct span relay; /* empty: as DNS says */
	uint16_t port;
};

/*
 * routes_find: the relay for a domain: by its whole name, then by ever shorter
 * endings that start with a dot, then the one for all.  Letter case does not
 * matter.
 *   route   receives it; its span lies in *routes
 * Returns 1; 0 if there is none; -1 with EINVAL if its port is no number from
 * 1 to 65535.
 */
MUST_CHECK int routes_find(
    const struct routes *routes, struct span domain, struct route *route);

/* routes_free: releases the memory. */
void routes_free(struct routes *routes);

#endif
