/* steps.h - how the clock was set: messages are not older for it. */
#ifndef SEND_STEPS_H
#define SEND_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STEPS_KEPT 32 /* more become one with those before */

/* The clock was set forward, by so many seconds, to this time. */
struct step {
	int64_t at, by;
};

struct steps {
	struct step list[STEPS_KEPT]; /* the oldest first */
	size_t count;
	bool went_back; /* it was ahead, and so may births be */
};

/*
 * steps_note: the clock was set.
 *   by    seconds; below 0: back, which undoes what was set forward before
 *   now   what it says after that
 */
void steps_note(struct steps *steps, int64_t by, int64_t now);

/*
 * steps_birth: when a message came, by the clock as it goes now.  No step moves
 * that into the future, and what came while the clock was ahead came now; else
 * a birth in the future is left alone.
 */
int64_t steps_birth(const struct steps *steps, int64_t birth, int64_t now);

#endif
