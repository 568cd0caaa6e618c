/*
 * routes.h - control/smtproutes: relays for some domains, or for all; and other
 * files that have such lines: qmtproutes, bindroutes.
 *
 * Lines "domain:relay" or "domain:relay:port".  A domain that starts with a
 * dot stands for all that end so; the empty one for all.  An empty relay means
 * that DNS decides.  The relay is a name or an address; IPv6 addresses need
 * brackets where a port follows, and as a domain ("[2001:db8::1]:relay").
 * Input: trusted.  Source: qmail-remote(8).
 */
#ifndef CONFIG_ROUTES_H
#define CONFIG_ROUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/wordset.h"
#include "sys/file.h"

#define ROUTES_PORT 25 /* where none is given */

struct routes {
	struct wordset table;
	bool has_stray_line; /* no colon, or a blank before it: for no domain */
	struct file_stamp stamp; /* the file when it was read */
};

#define ROUTES_INIT                  \
	{                            \
		WORDSET_INIT, false, \
		{                    \
			.size = 0    \
		}                    \
	}

/* routes_cut: what stands before the colon of a line, and behind it.  Returns
 * false if it has none. */
bool routes_cut(struct span line, struct span *domain, struct span *text);

/* routes_parse: takes the lines of a list file, cleaned as control.h says;
 * of equal domains the last one counts. */
void routes_parse(struct routes *routes, struct span lines);

/*
 * routes_read: the same from control/smtproutes, if it is there, in place of
 * what was read before.
 * Returns 0; -1 with errno, then *routes is as it was.
 */
MUST_CHECK int routes_read(struct routes *routes);

/* routes_read_file: the same from another file with lines "domain:text", whose
 * changes are not looked for. */
MUST_CHECK int routes_read_file(struct routes *routes, const char *name);

/* routes_has_changed: whether control/smtproutes is another file, or has
 * another size or modification time, than when it was read.  One stat. */
bool routes_has_changed(const struct routes *routes);

/*
 * routes_find_text: the route for a domain as it stands in the file, "relay"
 * or "relay:port": by its whole name, then by ever shorter endings that start
 * with a dot, then the one for all.  Letter case does not matter.
 *   text   receives it; lies in *routes; may be empty: DNS decides
 * Returns false if there is none.
 */
bool routes_find_text(
    const struct routes *routes, struct span domain, struct span *text);

struct route {
	struct span relay; /* empty: as DNS says */
	uint16_t port;
};

/*
 * route_parse: takes a route apart.
 *   port    where none is given
 *   route   receives it; its span lies in text
 * Returns 0; -1 with EINVAL if its port is no number from 1 to 65535.
 */
MUST_CHECK int
route_parse(struct span text, uint16_t port, struct route *route);

struct bindroute {
	struct span address; /* without brackets; empty: any */
	struct span name;    /* to say in EHLO; empty: control/helohost */
};

/*
 * bindroute_parse: takes what control/bindroutes has for a domain apart,
 * "address:name", either of which may be missing; IPv6 in brackets.
 *   route   receives it; its spans lie in text
 * Returns 0; -1 with EINVAL if it has another form, or the name has a blank, a
 * control character or a colon.  Whether it is an address is not looked at.
 */
MUST_CHECK int bindroute_parse(struct span text, struct bindroute *route);

/* routes_free: releases the memory. */
void routes_free(struct routes *routes);

#endif
