/* strangers.h - mail in the queue that no program of this suite would find. */
#ifndef INSTALL_STRANGERS_H
#define INSTALL_STRANGERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

/*
 * strangers_are_in: whether a split folder of the queue has a name that is none
 * here: flat files, as other suites have them in todo, intd and bounce, parts of
 * another split, messages in the part of another.
 * Returns 1; 0, also if there is no such folder; -1 with errno.
 */
MUST_CHECK int strangers_are_in(const char *folder, uint64_t split);

/* strangers_shut: whether qmail-qfix has shut the queue below destdir, and did
 * not come to its end. */
bool strangers_shut(const char *destdir);

#endif
