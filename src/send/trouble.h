/*
 * trouble.h - when to try again what the system did not allow: soon at first,
 * then less and less often; but at once when a full disk has room again.
 */
#ifndef SEND_TROUBLE_H
#define SEND_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

#define TROUBLE_FIRST 1000   /* milliseconds until the first try */
#define TROUBLE_LAST  123000 /* and at most */
#define TROUBLE_LOOK  1000   /* between looks at a full disk */

struct trouble {
	bool is_on;
	bool is_full;	   /* the disk; then looked at now and then */
	int64_t pause;	   /* milliseconds; of the last try that failed */
	int64_t next;	   /* clock_monotonic of the next try */
	int64_t next_look; /* likewise, at the disk */
	int64_t since;	   /* when the pause was set */
};

/* trouble_note: something failed; the working folder is on that disk. */
void trouble_note(struct trouble *trouble, int64_t now);

/* trouble_is_over: whether it is time to try again; true once.  What fails
 * then is noted again. */
bool trouble_is_over(struct trouble *trouble, int64_t now);

/* trouble_hurry: what failed is tried again at once, and then soon. */
void trouble_hurry(struct trouble *trouble, int64_t now);

/* trouble_next: when trouble_is_over is to be asked; INT64_MAX: not at all. */
int64_t trouble_next(const struct trouble *trouble);

#endif
