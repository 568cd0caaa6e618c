/*
 * hostnames.h - how ofmipd and new-inject complete addresses: the rules of
 * mail/hostrules.h and the host of Message-IDs, out of the environment and
 * control files.  Source: ofmipd(8), new-inject(1).
 */
#ifndef CONFIG_HOSTNAMES_H
#define CONFIG_HOSTNAMES_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"

struct hostnames {
	struct str rules;
	struct str default_host; /* control/defaulthost or me; may be empty */
	struct str id_host;
};

#define HOSTNAMES_INIT                       \
	{                                    \
		STR_INIT, STR_INIT, STR_INIT \
	}

/*
 * hostnames_read: the working folder is the home of the suite.
 *   rules_file   a list of rules, used if it is there; NULL: none.  Then
 *                control/rewrite; then what $QMAILDEFAULTHOST,
 *                $QMAILDEFAULTDOMAIN, $QMAILPLUSDOMAIN or the control files
 *                defaulthost, defaultdomain, plusdomain, me say
 * $QMAILIDHOST, control/idhost or me is the host of Message-IDs.
 * Returns 1; 0: nothing says which host this is; -1 with errno.
 */
MUST_CHECK int hostnames_read(struct hostnames *names, const char *rules_file);

/*
 * hostnames_read_completion: the rules by which dot-forward, newaliases and
 * newinclude complete hosts: control/defaulthost, defaultdomain, plusdomain, me.
 * The working folder may be any, and stays.
 *   listens   to the three variables of the environment
 *   rules     receives them, appended
 * Returns as hostnames_read.
 */
MUST_CHECK int hostnames_read_completion(struct str *rules, bool listens);

void hostnames_free(struct hostnames *names);

#endif
