/* condition.h - what an installation is like beside what was put there. */
#ifndef INSTALL_CONDITION_H
#define INSTALL_CONDITION_H

#include <stdbool.h>

#include "config/home.h"

/*
 * condition_check: tells of secrets that others may read, or qmailk cannot; and warns,
 * on descriptor 2, of a disk that may lose mail and of aliases that count for nobody.
 *   destdir   what stands before all paths
 *   ids       NULL: an installation of one user
 * Returns how many problems it has told.
 */
int condition_check(const char *destdir, const struct home_ids *ids);

#endif
