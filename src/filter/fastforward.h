/*
 * fastforward.h - whom a forwarding database passes the mail of an address to.
 *
 *	expansion_open(&expansion, "aliases.cdb")
 *	if (expansion_begin(&expansion, address))
 *		recipients = expansion_end(&expansion, &count)
 *
 * A failure ends the program, for now.
 */
#ifndef FILTER_FASTFORWARD_H
#define FILTER_FASTFORWARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"
#include "base/words.h"
#include "base/wordset.h"
#include "config/cdb.h"

struct expansion {
	struct cdb cdb;
	struct str owner; /* of the address, if it has one */
	bool has_owner;
	struct words programs; /* with their mark, as they are to run */
	struct words recipients;
	/* Addresses and lists that are still to be looked at, each ending in
	 * NUL; the last one comes first. */
	struct str waiting;
	struct wordset seen; /* of these, all that were looked at */
	bool leads_back;     /* an address was found again */
	struct str key, value;
};

#define EXPANSION_INIT                                                       \
	{                                                                    \
		CDB_INIT, STR_INIT, false, WORDS_INIT, WORDS_INIT, STR_INIT, \
		    WORDSET_INIT, false, STR_INIT, STR_INIT                  \
	}

/* expansion_open: opens the database. */
void expansion_open(struct expansion *expansion, const char *path);

/*
 * expansion_begin: looks an address up: itself, @HOST, USER@; and in the same way
 * its owner.
 * Returns false if it is no target.
 */
bool expansion_begin(struct expansion *expansion, struct span address);

/*
 * expansion_end: follows what was found to its end.  A target is taken apart,
 * a list is read, once each; but a target that has an owner is a recipient, so
 * that it gets its sender in a pass of its own.
 *   count   receives the number of recipients
 * Returns the recipients; good until the end of the program.
 */
char **expansion_end(struct expansion *expansion, size_t *count);

#endif
