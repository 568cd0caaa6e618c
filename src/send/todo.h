/* todo.h - the parts of qmail-todo. */
#ifndef SEND_TODO_H
#define SEND_TODO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/vec.h"
#include "config/control.h"
#include "config/routing.h"
#include "queue/channel.h"
#include "queue/trigger.h"

#include "numbers.h"
#include "sorted.h"
#include "trouble.h"

#define TODO_PEER_FD 0

/* Straight messages of one channel that may be with qmail-send; more than
 * these get their files at once. */
#define TODO_STRAIGHT_MAX 1000

/* Messages to be sorted. */
struct todo_line {
	VEC(uint64_t) numbers;
	size_t next; /* those before are done */
};

struct todo {
	struct routing routing;
	uint64_t split;
	struct trigger trigger;
	int64_t next_scan;	  /* clock_monotonic */
	struct todo_line fresh;	  /* told by qmail-queue */
	struct todo_line found;	  /* by a look at all of todo, or told to */
	struct number_set noted;  /* those in line */
	struct number_set handed; /* with qmail-send, their file in todo not
				     yet gone; marked with their channel if
				     they went straight, else with CHANNELS */
	size_t straight[CHANNELS];
	struct trouble trouble; /* with sorting; then all is looked at again */
	bool is_idle; /* qmail-send has not begun, or is about to end */
	bool peer_is_gone;
};

/* todo_say: sends a datagram of records to qmail-send. */
void todo_say(struct todo *todo, struct span record);

/*
 * todo_sort: reads a message in todo and hands it to qmail-send: straight, or
 * after making its files.  If some of them exist already they are kept if
 * they are whole, else made again.
 * Returns false if it should be tried again soon: the system failed, or
 * qmail-queue is not done with it.
 */
bool todo_sort(struct todo *todo, uint64_t number, bool is_fresh);

/*
 * todo_park: makes the files of a message that went straight.
 *   is_done   its recipient is marked as done; a message that is gone is no trouble
 */
bool todo_park(struct todo *todo, uint64_t number, bool is_done);

#endif
