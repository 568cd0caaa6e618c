/*
 * control.h - carrying out a request of an administrator: in a process of
 * qmail-qctld, or in qmail-qctl itself while qmail-send does not run; then
 * nothing can be changed.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"
#include "queue/controldoor.h"
#include "queue/orders.h"

#include "selection.h"

#define CONTROL_AT_ONCE 500 /* messages that are looked at together */

struct verb;

/* Numbers of messages. */
struct numbers {
	VEC(uint64_t) list;
};

struct control {
	uint64_t split;
	uint64_t uid; /* who asks */
	int orders;   /* socket to qmail-qctld; -1: qmail-send does not run */
	/* Verbs beside list and show; without qmail-send there are none. */
	const struct verb *changes;
	size_t change_count;
	/* say: receives text for the one who asks.  letter: CONTROLDOOR_OUT, CONTROLDOOR_ERROR */
	void (*say)(void *context, char letter, struct span text);
	void *context;
	bool is_incomplete; /* something was not found, or not done */
	struct str out,
	    line; /* what is to be said; a line that is being made */
};

/*
 * control_run: carries out a request.  The working folder is the queue.
 *   request   as in words.h; hostile
 * Returns the exit code.
 */
int control_run(struct control *control, struct span request);

/* ---- what verbs are made of ---- */

/* control_say, control_flush: adds text for descriptor 1; hands it over. */
void control_say(struct control *control, struct span text);
void control_flush(struct control *control);

/* control_complain: a line for descriptor 2, on a message: "N: words". */
void
control_complain(struct control *control, uint64_t number, const char *words);

/* control_add_safe: adds text that may be hostile, as it can be printed. */
void control_add_safe(struct str *text, struct span bytes);

/*
 * control_ask: has qmail-send obey for some messages, ORDERS_MOST at most.
 *   address   of ORDERS_DROP; else empty
 *   answers   receives a letter of orders_answer for each
 * Returns 0; -1 with errno: qmail-send, or the way to it, is gone.
 */
MUST_CHECK int control_ask(struct control *control, enum orders_verb verb,
    struct span address, const uint64_t *numbers, size_t count, char *answers);

#define CONTROL_UNSAFE "this could not be synced; a power cut may undo it"

/*
 * control_sync: syncs what qmail-send has written when it obeyed: it waits for no
 * disk.  What is told as held must still be so after a power cut, and what is to go,
 * or went to another address, must not be delivered then.
 * Returns false if that failed: CONTROL_UNSAFE is to be told.
 */
MUST_CHECK bool control_sync(void);

/* What is done with each message that is meant. */
typedef void
control_call(void *context, const struct message *message, enum stage stage);

/*
 * control_walk: calls for each message of the queue that is meant, and each
 * some of them `flush`, if that is not NULL: then also for those that are unclear,
 * of which nobody can say yet whether they are meant.  Numbers that are not there are
 * complained of.
 * Returns 0; -1 with errno if the queue cannot be read, or qmail-send is gone.
 */
MUST_CHECK int
control_walk(struct control *control, const struct selection *selection,
    control_call *call, int (*flush)(void *context), void *context);

#endif
