/*
 * must.h - what cannot go on: our own bugs, and the end of memory.
 *
 * These are the only two ways in which library code ends a program.  Both go
 * through hooks that the program installs first thing in main, so that each
 * program dies with the exit code its manual page promises.
 */
#ifndef BASE_MUST_H
#define BASE_MUST_H

#include <stddef.h>

#include "base/attr.h"

/*
 * must: states what only a bug of ours can break.  Never on input, never on
 * the result of a system call.  Always compiled in.
 */
#define must(condition) ((condition) ? (void)0 : must_fail(__FILE__, __LINE__))

/*
 * must_fail: writes "FILE:LINE: bug" to descriptor 2 and ends the process
 * with the code given to must_hooks (default 111).
 */
NORETURN void must_fail(const char *file, int line);

/*
 * must_hooks: how this program dies.
 *   bug_exit        exit code of must_fail
 *   out_of_memory   called when memory is out; it may end the program or
 *                   wait and return, then the allocation is tried again.
 *                   NULL: exit 111 without a word
 */
void must_hooks(int bug_exit, void (*out_of_memory)(void));

/*
 * must_realloc: realloc that cannot fail (see must_hooks).
 *   old    NULL or memory from here
 *   size   bytes, at least 1
 * Returns the memory, to be released with must_free().  It is in memory.c, or,
 * for programs that live for a moment, in area.c.
 */
void *must_realloc(void *old, size_t size);

/* must_free: releases memory from must_realloc; NULL is fine. */
void must_free(void *memory);

/* must_heap_realloc: the same from the C library, to be released with free(3):
 * for memory.c and area.c alone. */
void *must_heap_realloc(void *old, size_t size);

#endif
