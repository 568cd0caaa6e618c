/* shared.h - memory that a process and its children write to together. */
#ifndef SYS_SHARED_H
#define SYS_SHARED_H

#include <stddef.h>

#include "base/attr.h"

/*
 * shared_make: memory that stays the same one in children that are forked from now
 * on; zeroed, never freed.
 * Returns it; NULL with errno.
 */
MUST_CHECK void *shared_make(size_t size);

#endif
