/*
 * sts.h - the parts of this room.
 *
 *	qmail-mtasts.c   gives up root, and serves
 *	sts_serve.c      who asks, and who is sent out to look
 *	sts_cache.c      what is known of domains, in memory and on the disk
 *	sts_log.c        what it says of policies in the log
 *	sts_look.c       a process that looks: DNS, then the web server; the only
 *	                 part that knows OpenSSL
 */
#ifndef STS_STS_H
#define STS_STS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"
#include "mail/sts.h"
#include "net/stsdoor.h"

#define STS_PROGRAM "qmail-mtasts"

/* ---- sts_cache.c ---- */

#define CACHE_FOLDER	   "sts/cache" /* of qmailh, in one of root's */
#define CACHE_ENTRIES_MAX  20000       /* domains of which anything is known */
#define CACHE_POLICIES_MAX 10000       /* of these, with a file */
#define CACHE_BYTES_MAX	   (32 << 20)  /* of these files together */
#define CACHE_LOOSE_MAX	   (8 << 20)   /* bytes of policies in memory alone */

struct entry {
	struct str domain;
	/* The policy; max_age 0: there is none. */
	struct sts_policy policy;
	struct str id;
	int64_t fetched; /* clock_seconds, as its file has it */
	int64_t age;   /* seconds that it had by then, when this process ... */
	int64_t since; /* ... got it: clock_monotonic */
	bool is_new;   /* this process has fetched it */
	size_t file_bytes; /* 0: it has no file */
	bool is_stored;	   /* the file has this policy, and no older one */
	/* Without a policy: why; empty: the domain has none. */
	struct str reason;
	int64_t good_until; /* clock_monotonic; then it is looked at again */
	int64_t asked;	    /* clock_monotonic, of the last question */
	bool is_busy;	    /* somebody looks, or will: it stays where it is */
	bool is_again;	    /* what he finds is to be looked at again */
};

struct cache {
	VEC(struct entry *) all; /* sorted by domain */
	size_t files, bytes;
};

/* cache_load: reads the files in the current folder, which is CACHE_FOLDER, and removes
 * what is no policy, and what there is no room for.  Returns 0, -1 with errno. */
MUST_CHECK int cache_load(struct cache *cache);

/*
 * cache_get: what is known of a domain; an empty entry if nothing was.
 *   domain   in small letters, sts_is_host
 * Returns NULL when there is no room: nobody can be dropped now.
 */
struct entry *cache_get(struct cache *cache, struct span domain);

/* cache_correct: policies that this process fetched while the clock was behind get the
 * right time on the disk, some at a time: else they would have ended at the next
 * start.  To be called now and then. */
void cache_correct(struct cache *cache);

/*
 * entry_seconds: for how many seconds the policy of the entry is good; 0: it has
 * none, or that has ended.  A clock that is wrong ends none that it would not end
 * again: what this process has seen pass is believed, and the clock only where
 * that makes the policy younger, for it may have been ahead when the file was
 * read.  One that was fetched in the future has the age 0 when it is read.
 */
uint64_t entry_seconds(const struct entry *entry);

/* entry_is_old: whether the policy is to be fetched again though its id is the same:
 * after a day, after half of its time, or when the clock cannot tell. */
bool entry_is_old(const struct entry *entry);

/*
 * cache_set_policy: a policy that was fetched now.  The entry takes it over.
 * It is written to the disk, unless there are too many there: then it is good till
 * others in memory alone need its place.  Those may be dropped, but none that is
 * busy.
 */
void cache_set_policy(struct cache *cache, struct entry *entry, struct span id,
    struct sts_policy *policy);

/* cache_forget_all: all that is known is looked at again when it is asked for;
 * policies stay. */
void cache_forget_all(struct cache *cache);

/* ---- sts_log.c ---- */

/* sts_log_policy: a line on the policy of the entry, which is new. */
void sts_log_policy(const struct entry *entry);

/* sts_log_failure: a line on a failure to get one.
 *   type    a result type of RFC 8460 4.3
 *   words   for people; hostile */
void
sts_log_failure(const struct entry *entry, struct span type, struct span words);

/* ---- sts_look.c ---- */

#define LOOK_SECONDS 60 /* for the answer of the web server, RFC 8461 3.3 */
#define LOOK_BYTES   (1u << 20)		     /* of it, with all of TLS */
#define LOOK_RESULT  (STS_POLICY_MAX + 1024) /* bytes that are said at most */

/* What was found, the first byte that is said; then the id of the record and a
 * NUL, then the rest. */
enum look_result {
	LOOK_NONE = 'N',   /* the domain has no policy */
	LOOK_SAME = 'S',   /* it still has the one that we know */
	LOOK_POLICY = 'P', /* the rest is the file */
	LOOK_FAILED =
	    'F', /* the rest is a result type of RFC 8460 4.3, a NUL, and
			       words for the log */
};

struct look {
	struct span domain;
	struct span id; /* of the policy that is known; empty: fetch any */
};

/*
 * sts_look: looks, in a process of its own, and says what it found.
 *   fd   where that goes
 */
NORETURN void sts_look(const struct look *look, int fd);

/* ---- sts_serve.c ---- */

/*
 * sts_serve: serves at the door, until it is told to end; at SIGHUP all that is known
 * is looked at again.  The current folder is that of the cache; those who look are in
 * HOME, and can reach no file of it.
 *   peer   who may ask, besides root
 */
void sts_serve(int door, uid_t peer);

#endif
