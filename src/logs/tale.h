/*
 * tale.h - where messages are by now: what the log says of their recipients.
 * Input: hostile
 */
#ifndef LOGS_TALE_H
#define LOGS_TALE_H

#include <stdbool.h>
#include <stdint.h>

#include "trace.h"

#define TALE_RECIPIENTS_MAX 20000 /* of all messages together */

enum tale_state {
	TALE_UNDER_WAY,
	TALE_DELIVERED,
	TALE_FAILED,
	TALE_WAITS,
	TALE_DELETED /* or dropped, by an administrator */
};

struct tale_recipient {
	struct str name; /* "local" or "remote", a point and the recipient */
	enum tale_state state;
	struct logstamp when;
	struct str reason;
};

struct tale {
	uint64_t came;	 /* that of its entry in trace */
	uint64_t number; /* of the message; 0: the log does not have it yet */
	int64_t birth;
	struct str sender;
	bool has_sender, is_held, is_ended;
	struct logstamp end;
	VEC(struct tale_recipient) recipients;
};

struct tales {
	VEC(struct tale) at; /* in the order in which they came */
	size_t recipients;
	bool is_cut;
};

/* tales_take: takes a line for which trace_take has returned true. */
void tales_take(
    struct tales *tales, const struct trace *trace, const struct entry *entry);

/*
 * tales_print: adds a few lines for each message.
 *   is_in_queue   is asked of those that have not ended; returns 1 if its file is in the queue, 0 if not, -1 if nobody
 *                 can tell
 */
void tales_print(const struct tales *tales, struct str *text,
    int (*is_in_queue)(void *context, uint64_t number), void *context);

/* tale_add_time: "2026-11-22T09:05:07.123Z" */
void tale_add_time(struct str *text, const struct logstamp *time);

void tales_free(struct tales *tales);

#endif
