/*
 * routing.h - where a recipient goes: to which channel, and under which
 * address.  Source: qmail-send(8), control files locals, virtualdomains,
 * percenthack, envnoathost.
 */
#ifndef CONFIG_ROUTING_H
#define CONFIG_ROUTING_H

#include <stdbool.h>

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/wordset.h"

/*
 * Longest prefix of virtualdomains, and longest envnoathost, in bytes: a
 * rewritten address has room in a channel file (CHANNEL_ADDRESS_MAX).
 */
#define ROUTING_WORD_MAX 1000

struct routing {
	struct wordset locals, virtualdomains, percenthack;
	struct str envnoathost;
};

#define ROUTING_INIT                                               \
	{                                                          \
		WORDSET_INIT, WORDSET_INIT, WORDSET_INIT, STR_INIT \
	}

/*
 * routing_read: reads the control files; the working folder is HOME.  Without
 * control/locals, control/me is the one local name.
 *   routing   must be as after ROUTING_INIT
 *   culprit   receives the file that could not be read
 * Returns 0; -1 with errno, EMSGSIZE for a word over ROUTING_WORD_MAX: then
 * *routing is empty.
 */
MUST_CHECK int routing_read(struct routing *routing, const char **culprit);
void routing_free(struct routing *routing);

/*
 * routing_apply: sends one recipient on its way.
 *   recipient   as it is in the envelope
 *   address     receives the address for the channel, replaced
 * Returns whether it is delivered here; if not, it goes to another host.
 */
bool routing_apply(
    const struct routing *routing, struct span recipient, struct str *address);

/*
 * routing_restore: the address as its sender wrote it: takes the prefix off
 * that a virtual domain put on.  Returns a view of a part of address.
 */
struct span routing_restore(const struct routing *routing, struct span address);

/*
 * routing_expand_verp: the sender of one delivery.  prefix@host-@[] becomes
 * prefixBOX=DOMAIN@host for the recipient BOX@DOMAIN; other senders stay.
 */
void routing_expand_verp(
    struct str *text, struct span sender, struct span recipient);

#endif
