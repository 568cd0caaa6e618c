/*
 * keptfile.h - files with secrets: whether who needs them reads them, and nobody else.
 * Input: trusted
 */
#ifndef CONFIG_KEPTFILE_H
#define CONFIG_KEPTFILE_H

#include <sys/types.h>

#include "base/attr.h"

#define KEPTFILE_NOBODY ((uid_t)-1)

enum keptfile {
	KEPTFILE_RIGHT,	 /* or there is none */
	KEPTFILE_CLOSED, /* who needs it cannot read it */
	KEPTFILE_OPEN	 /* others than its owner may read it, or write to it */
};

/*
 * keptfile_judge: looks at one, by its mode and its owner.
 *   reader   who needs it; KEPTFILE_NOBODY: that is not asked
 */
enum keptfile keptfile_judge(const char *path, uid_t reader);

/*
 * keptfile_each_key: tells of each key in control/dkim, DOMAIN/SELECTOR.pem, in no
 * order.
 *   folder   its path
 *   tell     gets the path of the key
 * Returns 0, also if there is no such folder; -1 with errno: not all were seen.
 */
MUST_CHECK int keptfile_each_key(const char *folder,
    void (*tell)(void *context, const char *path), void *context);

#endif
