/*
 * proxyheader.h - what a proxy says first on a connection that it hands on: who
 * its client is.  Source: HAProxy, The PROXY protocol, versions 1 and 2.
 *
 * It is fed byte by byte, for nothing behind its end may be taken.
 * Input: from a peer of ours, which hands on what is hostile
 */
#ifndef NET_PROXYHEADER_H
#define NET_PROXYHEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "net/ip.h"

#define PROXYHEADER_LINE_MAX 107  /* bytes of version 1, with CR LF */
#define PROXYHEADER_MAX	     4096 /* bytes of version 2, which allows 65551 */

enum proxyheader_state {
	PROXYHEADER_MORE,    /* more bytes are needed */
	PROXYHEADER_DONE,    /* it tells who is connected with whom */
	PROXYHEADER_UNKNOWN, /* there is a client, and it does not tell who */
	PROXYHEADER_LOCAL,   /* the proxy speaks for itself */
	PROXYHEADER_BROKEN
};

struct proxyheader {
	struct str bytes; /* so far */
	struct ip_address source, destination;
	uint16_t source_port, destination_port;
};

/* proxyheader_wants: how many bytes may be read now; at least 1. */
size_t proxyheader_wants(const struct proxyheader *header);

/* proxyheader_feed: takes that many bytes, or fewer.  Start with a zeroed
 * object; after any other answer than MORE nothing may be fed. */
enum proxyheader_state
proxyheader_feed(struct proxyheader *header, struct span bytes);

void proxyheader_free(struct proxyheader *header);

#endif
