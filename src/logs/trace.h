/*
 * trace.h - which lines of many logs are about one thing.  Lines are looked at
 * in order of time, again and again until nothing new is found: a line late in
 * one log may tell which early line of another belongs to it.
 *
 *	do {
 *		trace_begin(&trace);
 *		while (logset_next(&set, &entry, &name))
 *			(void)trace_take(&trace, entry);
 *	} while (trace_found_more(&trace));
 *
 * and once more, to print those for which trace_take returns true.
 *
 *	session    the lines of the process that hears a client, by its pid
 *	message    those of qmail-send, by its number, and by that of deliveries
 *
 * "accepted ... qp=Q" of a session and "info msg N ... qp Q" are of the same
 * message; "bounce msg N qp Q" and another "info msg M ... qp Q" are a message and
 * its bounce.  As process ids come again, time and sender count, too.
 * Memory: for what goes on at a time, and for what is found.
 */
#ifndef LOGS_TRACE_H
#define LOGS_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "entry.h"
#include "open.h"
#include "word.h"

#define TRACE_FOUND_MAX	   20000   /* messages, and sessions, that are found */
#define TRACE_SESSIONS_MAX 200000  /* that go on at a time */
#define TRACE_MESSAGES_MAX 2000000 /* likewise */
#define TRACE_WINDOW	   3600 /* seconds that a message comes in, at most */

/* What is to be found yet: a line of a process qmail-queue. */
enum trace_link_kind {
	TRACE_MESSAGE, /* the info line of what a session has accepted */
	TRACE_BOUNCE,  /* that of a bounce or notice */
	TRACE_SESSION  /* the line of a session which accepted it */
};

struct trace_link {
	enum trace_link_kind kind;
	uint64_t qp;
	int64_t seconds; /* when it was accepted, or came */
	size_t sender;	 /* in text, its end is a NUL; of bounces none */
};

struct trace {
	struct word word;
	/* What goes on at this place of the logs.  A session has its client in
	 * `who`, and `uid` 1 if it was closed; a message its sender, and `uid` is
	 * the second of its arrival; a delivery its
	 * message. */
	struct open sessions, messages, deliveries;
	/* What was found: numbers are those of `came` above, which are the same
	 * each time.  A session has `uid` 1 if all of its messages are wanted, a
	 * message has `qp` when its session is looked for, and `uid` 1 if it is a
	 * bounce. */
	struct open found_sessions, found_messages;
	VEC(struct trace_link) links;
	size_t sorted; /* of the links: those of passes before */
	struct str senders;
	VEC(uint64_t) going; /* pids of sessions that were found and go on */
	bool is_cut;	     /* there is more than the limits allow */
	bool has_more;	     /* this pass has found something */
	/* Of the line, if they are found; else NULL.  `who` of a delivery is
	 * "local" or "remote", a point and the recipient. */
	const struct open_entry *message, *delivery;
};

/* trace_init: looks for a word, which must stay. */
void trace_init(struct trace *trace, const struct word *word);

/* trace_begin: the first line comes next. */
void trace_begin(struct trace *trace);

/* trace_take: takes the next line.  Returns whether it belongs to what is found so
 * far; then message and delivery are those that it is about, if it is about one. */
bool trace_take(struct trace *trace, const struct entry *entry);

/* trace_found_more: whether another pass may find more. */
bool trace_found_more(const struct trace *trace);

void trace_free(struct trace *trace);

#endif
