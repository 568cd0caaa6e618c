/*
 * greydoor.h - whether a recipient of a client is taken now, asked of qmail-greyd: one
 * record over a door (sys/door.h), and one back.
 *
 *	'Q', then fields that end in NUL: the client's address, the sender, the
 *	recipient, "g" for greylisting or nothing, the limits of the client and of its
 *	network
 *	the answer: a letter of enum greydoor_answer, and seconds, in a field
 */
#ifndef NET_GREYDOOR_H
#define NET_GREYDOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define GREYDOOR_PATH	    "grey/door" /* below HOME */
#define GREYDOOR_RECORD_MAX 4096	/* bytes */

/* So many recipients in so many seconds: "100/3600"; of 0 there is no limit. */
struct greydoor_limit {
	uint64_t count, seconds;
};

#define GREYDOOR_COUNT_MAX   1000000000u
#define GREYDOOR_SECONDS_MAX (30u * 86400)

struct greydoor_question {
	struct span client, sender, recipient;
	bool is_grey;
	struct greydoor_limit of_client, of_network;
};

enum greydoor_answer {
	GREYDOOR_GO = 'y',
	GREYDOOR_GREY = 'g',   /* it is to come again */
	GREYDOOR_CLIENT = 'c', /* too many from this address */
	GREYDOOR_NETWORK = 'n' /* too many from its network */
};

/* greydoor_limit_parse: "100/3600", each number at least 1.  Returns whether it is. */
MUST_CHECK bool
greydoor_limit_parse(struct span text, struct greydoor_limit *limit);

/*
 * greydoor_ask: asks.
 *   home      HOME
 *   seconds   receives after how many it may be taken
 * Returns the answer; GREYDOOR_GO if there is none: mail matters more.
 */
MUST_CHECK enum greydoor_answer greydoor_ask(const char *home,
    const struct greydoor_question *question, uint64_t *seconds);

/* greydoor_parse: takes a question apart, for the service.  Returns whether it is one. */
MUST_CHECK bool
greydoor_parse(struct span record, struct greydoor_question *question);

#endif
