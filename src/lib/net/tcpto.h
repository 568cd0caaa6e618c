/*
 * tcpto.h - queue/lock/tcpto: hosts that did not answer, so that a slot is not
 * spent on each in turn.  A hint only: whatever the file holds, or if it is
 * not there, mail is at worst sent sooner or later.
 *
 * The file has 64 records of 16 bytes for IPv4: address (4), count (1), 3
 * unused, seconds since 1970 (4, least byte first), 4 unused; and behind
 * them, if there ever was one, 64 records of 28 bytes for IPv6: address (16),
 * then the same.  A record of count 0 is free.
 * Input: from a peer of ours.  Source: qmail-remote(8).
 */
#ifndef NET_TCPTO_H
#define NET_TCPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "net/ip.h"

#define TCPTO_FILE	"queue/lock/tcpto"
#define TCPTO_RECORDS	64   /* of each family */
#define TCPTO_COUNT_MAX 10   /* counts go no higher */
#define TCPTO_SPACING	120  /* seconds before another timeout counts */
#define TCPTO_SKIP_FROM 2    /* timeouts, from which on a host is left out */
#define TCPTO_MAX	4096 /* bytes of the file that are looked at */

struct tcpto {
	struct str table; /* as it was when it was read; may be empty */
};

#define TCPTO_INIT       \
	{                \
		STR_INIT \
	}

struct tcpto_record {
	struct ip_address address;
	unsigned count;
	uint32_t when; /* seconds; the low 32 bits */
};

/* tcpto_read: takes a copy of the table.  Returns 0; -1 with errno, and the
 * copy is empty, which qmail-remote need not care for. */
int tcpto_read(struct tcpto *tcpto);

/* tcpto_clear: forgets all hosts.  Returns 0, -1 with errno. */
MUST_CHECK int tcpto_clear(void);

/*
 * tcpto_next: goes through the used records.
 *   place    0 at first; moves on
 *   record   receives the next one
 * Returns false at the end.
 */
bool tcpto_next(
    const struct tcpto *tcpto, size_t *place, struct tcpto_record *record);

/*
 * tcpto_should_skip: whether the host timed out twice, the last time not long
 * before now.
 *   spread   changes how long that is, from 64 to 97 minutes, so that not all
 *            try again at once: a process id
 */
bool tcpto_should_skip(const struct tcpto *tcpto,
    const struct ip_address *address, int64_t now, unsigned spread);

/*
 * tcpto_note: writes down how a connection went.
 *   is_timeout   nobody answered; else the host is there, and a record of it
 *                that the copy has is cleared
 */
void tcpto_note(struct tcpto *tcpto, const struct ip_address *address,
    bool is_timeout, int64_t now);

/* tcpto_free: releases the memory. */
void tcpto_free(struct tcpto *tcpto);

#endif
