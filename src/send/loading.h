/*
 * loading.h - the queue at the start, and the clean-up.
 *
 * Nothing of info, local and remote was ever fsynced, so at a start each
 * message that waits is compared with its accepted envelope: qmail-clean links
 * intd to todo again, qmail-todo looks whether the files are whole and makes
 * them again if not.  Some at a time; new mail is not held up.
 *
 * The clean-up goes through the queue, a part at a time: what nobody claims in
 * mess is examined by qmail-clean, and files whose text is gone are named.
 */
#ifndef SEND_LOADING_H
#define SEND_LOADING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"

#include "cleaning.h"
#include "jobs.h"
#include "numbers.h"

#define LOADING_WINDOW	 64	/* messages being examined at once */
#define SWEEP_INTERVAL	 76431	/* seconds between two clean-ups */
#define SWEEP_AGAIN	 123	/* seconds, if one had trouble */
#define SWEEP_ORPHAN_AGE 129600 /* seconds; 36 hours */

struct loading {
	VEC(uint64_t) numbers; /* found at the start */
	size_t next, in_flight;
	struct number_set set;	 /* those that are to be examined */
	struct number_set added; /* of these, not from the start */
	bool are_due; /* ALRM has come: what the files say of next tries is
			 over, also of those that are in no heap yet */
};

/* loading_begin: finds the waiting messages.  Returns 0, -1 with errno. */
MUST_CHECK int loading_begin(struct loading *loading, uint64_t split);

/* loading_step: has some more examined. */
void loading_step(struct loading *loading, struct cleaning *cleaning);

/* loading_add: one more message is to be examined. */
void loading_add(struct loading *loading, uint64_t number);

/* loading_has: whether the message is yet to be examined. */
bool loading_has(const struct loading *loading, uint64_t number);

/* loading_is_from_start: whether it is, and was found at the start: then it is
 * in no heap yet. */
bool loading_is_from_start(const struct loading *loading, uint64_t number);

/* loading_postpone: it cannot be examined now, and makes place for others.
 * Returns false if it is not among them. */
bool loading_postpone(struct loading *loading, uint64_t number);

/* loading_settle: it is examined.  Returns false if it is not among them. */
bool loading_settle(struct loading *loading, uint64_t number);

struct sweep {
	uint64_t part;
	int64_t next;	       /* seconds */
	bool is_again;	       /* not all could be examined */
	VEC(uint64_t) orphans; /* files without a text, old ones */
};

/* sweep_step: one part of the clean-up, if it is time; adds to orphans. */
void sweep_step(struct sweep *sweep, uint64_t split, int64_t now,
    const struct jobs *jobs, const struct loading *loading,
    struct cleaning *cleaning);

/* sweep_is_orphan: whether a file of this message is old and its text
 * certainly gone. */
bool sweep_is_orphan(
    enum queue_folder folder, uint64_t number, uint64_t split, int64_t now);

/* sweep_again: the next one comes soon, for this one had trouble. */
void sweep_again(struct sweep *sweep, int64_t now);

#endif
