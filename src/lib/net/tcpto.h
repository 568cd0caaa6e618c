/*
 * tcpto.h - queue/lock/tcpto: the hosts that were in trouble when they were
 * last tried, and when to try them again.  A hint: what is lost costs time,
 * not mail.
 *
 * Each further trouble makes the wait longer, from a minute to about an hour.
 * When it is over, the process that asks first writes down, before it tries,
 * until when it will know; others leave the host alone as long.  Success
 * forgets the host.
 *
 * The file: 4096 bytes of the old form, then TCPTO_BUCKETS times TCPTO_PLACES
 * records of 32 bytes; the address says in which bucket its records lie, so a
 * question reads 4096 bytes whatever the number of hosts.  A record:
 *	address (16 bytes), family (1), trouble (1), port (2), count (2), 2
 *	unused, time of the last trouble that counted (4), when to try again (4)
 * all least byte first, times in seconds since 1970; count 0: a free place.
 * A shorter file is an old one: 64 records of IPv4 address (4), count (1), 3
 * unused, time (4), 4 unused, and 64 of 28 bytes for IPv6.  It is read as it
 * is, and made into a new one by the first change.
 * Input: from a peer of ours.
 */
#ifndef NET_TCPTO_H
#define NET_TCPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"
#include "net/ip.h"

#define TCPTO_FILE	"queue/lock/tcpto"
#define TCPTO_BUCKETS	512
#define TCPTO_PLACES	128 /* of a bucket; then the oldest is forgotten */
#define TCPTO_COUNT_MAX 10
#define TCPTO_SPACING	120  /* seconds in which another trouble adds nothing */
#define TCPTO_SHORTEST	60   /* seconds to leave a host alone at first ... */
#define TCPTO_LONGEST	3600 /* ... and, by doubling, at last; 1/16 more */
#define TCPTO_SKIP_MAX	3840 /* a longer wait is not believed */

enum tcpto_trouble {
	TCPTO_NO_TROUBLE,
	TCPTO_TIMEOUT, /* no connection in time */
	TCPTO_REFUSED,
	TCPTO_UNREACHABLE,
	TCPTO_SILENT,	/* a connection, and then no word in time */
	TCPTO_LOST,	/* the connection broke before MAIL */
	TCPTO_GREETING, /* it greeted with a refusal */
	TCPTO_HELLO,	/* it refused EHLO and HELO */
	TCPTO_TLS,	/* TLS with it failed; see TCPTO_TLS_PORT */
	TCPTO_TROUBLES	/* end of the list */
};

/* tcpto_words: "timed out", what such a host did. */
const char *tcpto_words(enum tcpto_trouble trouble);

/* What is noted of a host under this port is not about its mail, but about its
 * TLS: where nobody insists on that, it is left alone as long. */
#define TCPTO_TLS_PORT 0

struct tcpto_host {
	struct ip_address address;
	uint16_t port;
};

struct tcpto_record {
	struct tcpto_host host;
	unsigned count; /* 1 to TCPTO_COUNT_MAX */
	enum tcpto_trouble trouble;
	uint32_t when; /* the last one that counted, seconds since 1970 */
	uint32_t next; /* not to be tried before */
};

struct tcpto {
	int fd; /* -1: no hints */
};

#define TCPTO_INIT \
	{          \
		-1 \
	}

/* tcpto_open: opens the table for questions.  Returns 0; -1 with errno, then
 * nothing is known of any host. */
MUST_CHECK int tcpto_open(struct tcpto *tcpto);
void tcpto_close(struct tcpto *tcpto);

enum tcpto_advice {
	TCPTO_UNKNOWN, /* nothing is noted: try it */
	TCPTO_PROBE,   /* it was in trouble, but you may try */
	TCPTO_SKIP     /* it was in trouble, or is being tried now */
};

/*
 * tcpto_ask: whether to try a host.
 *   lease   seconds in which the answer of the caller's try will be known;
 *           others are told to skip meanwhile
 */
enum tcpto_advice tcpto_ask(const struct tcpto *tcpto,
    const struct tcpto_host *host, int64_t now, int64_t lease);

/* tcpto_trouble: what is noted of a host; TCPTO_NO_TROUBLE: nothing. */
enum tcpto_trouble
tcpto_trouble(const struct tcpto *tcpto, const struct tcpto_host *host);

/* tcpto_note: writes down that the host is in trouble. */
void tcpto_note(
    const struct tcpto_host *host, enum tcpto_trouble trouble, int64_t now);

/* tcpto_clear: forgets the host.  tcpto_clear_address: the same for all ports
 * of an address.  tcpto_clear_all: for all hosts.  0, -1 with errno. */
int tcpto_clear(const struct tcpto_host *host);
int tcpto_clear_address(const struct ip_address *address);
int tcpto_clear_all(void);

struct tcpto_list {
	VEC(struct tcpto_record) records;
};

/* tcpto_list: all records, in the order of the file.
 *   list   receives them; release with vec_free
 * Returns 0, -1 with errno. */
MUST_CHECK int tcpto_list(const struct tcpto *tcpto, struct tcpto_list *list);

#endif
