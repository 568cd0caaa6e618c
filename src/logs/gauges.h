/* gauges.h - how it is now: the queue, and the memory of our processes. */
#ifndef LOGS_GAUGES_H
#define LOGS_GAUGES_H

#include <stdbool.h>

#include "metrics.h"

#define GAUGES_SECONDS \
	30 /* so long qmail-qctld may take for each part of its answer */

/*
 * gauges_add_queue: adds what qmail-qctld says of the queue; or that it says nothing.
 * The working folder is HOME.
 */
void gauges_add_queue(const char *program, struct metrics *metrics);

/* gauges_add_memory: adds what /proc says of processes that have the name of a program
 * of ours and a user of the suite, or root, as far as it may be read. */
void gauges_add_memory(struct metrics *metrics);

#endif
