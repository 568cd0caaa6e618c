/*
 * maildirname.h - what the name of a message in a Maildir tells (maildir(5)):
 *
 *	1700000000.M1P2Q3.host,S=1000,W=1030:2,S
 *
 * The moment of arrival, a unique part, the host; fields that programs add, of
 * which S is the size of the file, W its octets with CR LF at line ends; and
 * behind a colon what changes: flags.
 * Pure: includes only base.  Input: hostile (whoever may write to the Maildir).
 */
#ifndef MAIL_MAILDIRNAME_H
#define MAIL_MAILDIRNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"

#define MAILDIRNAME_SKEW     60 /* seconds that clocks may differ */
#define MAILDIRNAME_SIZE_MAX ((uint64_t)1 << 46) /* bytes that S and W say */

struct maildirname {
	struct span base; /* up to the colon: stays, however flags change */
	bool has_seconds; /* it begins with a number and a dot */
	int64_t seconds;
	/* S and W are there, and W is what a file of S bytes can have. */
	bool has_octets;
	uint64_t octets; /* W */
};

/* maildirname_parse: takes a name apart; any bytes are a name. */
void maildirname_parse(struct span name, struct maildirname *parsed);

/*
 * maildirname_is_fresh: whether a file that was last changed then may be of
 * this very second, in which more may come that belongs before it.  One from
 * far in the future is not: it came while a clock was wrong.
 *   changed, now   seconds
 */
bool maildirname_is_fresh(int64_t changed, int64_t now);

/*
 * maildirname_find_size: the size of the file as its name tells it.
 * Returns false if it does not.
 */
bool maildirname_find_size(struct span name, uint64_t *size);

/* maildirname_has_flag: whether the flags behind ":2," have this letter. */
bool maildirname_has_flag(struct span name, char flag);

/*
 * maildirname_add_unique: appends "SECONDS.MmicrosecondsPpidQnumber.HOST"; bytes
 * of the host that have a meaning in such names are written in octal.
 *   now   microseconds since 1970
 */
void maildirname_add_unique(struct str *name, uint64_t now, uint64_t pid,
    unsigned number, const char *host);

/* Of a message: its bytes, and those of them that get a CR when it is sent. */
struct maildirname_sizes {
	uint64_t bytes, ends;
	char last; /* byte */
};

#define MAILDIRNAME_SIZES_INIT \
	{                      \
		0, 0, '\n'     \
	}

/* maildirname_count: counts the next bytes of a message. */
void maildirname_count(struct maildirname_sizes *sizes, struct span bytes);

/*
 * maildirname_add_sizes: appends ",S=BYTES,W=BYTES", so that readers need not
 * look at each file.  W is with CR LF at line ends; it is left out where the last
 * line has none, since readers differ in what they send then.
 */
void
maildirname_add_sizes(struct str *name, const struct maildirname_sizes *sizes);

#endif
