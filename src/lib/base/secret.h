/* secret.h - bytes that nobody may learn: passwords and what is made of them. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/*
 * secret_equal: whether both are the same bytes.  How long that takes depends
 * on the lengths alone, not on where the first difference is.
 */
bool secret_equal(struct span a, struct span b);

/* secret_wipe: overwrites memory, also where a compiler sees no use in it. */
void secret_wipe(void *memory, size_t size);

#endif
