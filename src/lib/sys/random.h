/* random.h - numbers that nobody can guess. */
#ifndef SYS_RANDOM_H
#define SYS_RANDOM_H

#include <stdint.h>

/* random_u64: 64 bits from the kernel.  Cannot fail: ends the process with
 * must() on a kernel without getrandom. */
uint64_t random_u64(void);

/* random_seed: a number that the kernel gave this process at its start: the
 * same at every call, without a system call.  For seeds of hash tables only. */
uint64_t random_seed(void);

/* random_below: a number from 0 to limit - 1; limit is at least 1. */
uint32_t random_below(uint32_t limit);

#endif
