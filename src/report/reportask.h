/*
 * reportask.h - who wants reports on a domain, out of the DNS.
 * Input: DNS, hostile
 */
#ifndef REPORT_REPORTASK_H
#define REPORT_REPORTASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"
#include "reporting.h"

#define REPORTASK_MAX 4	    /* addresses of a domain; of more the first ones */
#define REPORTASK_MS  20000 /* for all questions about a domain */

struct reportask_wish {
	struct str address;
	uint64_t
	    size; /* bytes of a message that are too many; UINT64_MAX: none */
};

struct reportask {
	struct reportask_wish wishes[REPORTASK_MAX];
	size_t count;
};

/* What a kind of report has its record for. */
struct reportask_kind {
	const char *prefix;  /* of the domain: "_smtp._tls." */
	const char *version; /* the first tag of the record: "TLSRPTv1" */
	/* Who is of another organization gets it only if he says so himself, else anybody
	 * could have reports sent to a stranger (RFC 9990). */
	bool needs_consent;
};

/*
 * reportask_find: finds the addresses behind "mailto:" in rua of the one record of a
 * domain, each once.  Those that have the report already are left out.
 *   ask   receives them, as after reportask_free
 * Where the DNS does not answer descriptor 2 has a line, and the run is incomplete.
 */
void reportask_find(struct reporting *reporting, struct span domain,
    const struct reportask_kind *kind, struct reportask *ask);

/* reportask_free: releases the memory. */
void reportask_free(struct reportask *ask);

#endif
