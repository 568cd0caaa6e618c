/* clock.h - the time. */
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include <stdint.h>

/* clock_seconds: seconds since 1970, UTC. */
int64_t clock_seconds(void);

/* clock_microseconds: microseconds since 1970, UTC. */
uint64_t clock_microseconds(void);

/* clock_monotonic: milliseconds since some fixed moment; never steps back.
 * All deadlines and timeouts count on this clock. */
int64_t clock_monotonic(void);

/* clock_local_offset: seconds that local time is east of UTC at this time. */
long clock_local_offset(int64_t seconds);

#endif
