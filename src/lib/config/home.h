/* home.h - where the suite lives, and who plays its roles. */
#ifndef CONFIG_HOME_H
#define CONFIG_HOME_H

#include <sys/types.h>

#include "base/attr.h"

/* home_dir: the folder of the suite, line 1 of conf-qmail, without a slash
 * at the end. */
extern const char home_dir[];

/* home_control, home_bin...: folders and files below home_dir. */
extern const char home_control_dir[];	  /* HOME/control */
extern const char home_queue_dir[];	  /* HOME/queue */
extern const char home_sync_folders[];	  /* HOME/control/syncfolders */
extern const char home_signing_keys[];	  /* HOME/control/dkim */
extern const char home_smtproutes[];	  /* HOME/control/smtproutes */
extern const char home_make_maildir[];	  /* HOME/control/makemaildir */
extern const char home_program_timeout[]; /* HOME/control/programtimeout */
extern const char home_users_cdb[];	  /* HOME/users/cdb */
extern const char home_pop_cdb[];	  /* HOME/users/pop.cdb */

/*
 * home_visit: calls with home_dir as the working folder, and comes back to what
 * that was.
 * Returns what call returned; -1 with errno: it was not called, or there is no
 * way back.
 */
MUST_CHECK int home_visit(int (*call)(void *), void *context);

/* The users of conf-users; group of each in home_user_ids. */
enum home_user {
	HOME_ALIAS,
	HOME_QMAILD,
	HOME_QMAILL,
	HOME_QMAILP,
	HOME_QMAILQ,
	HOME_QMAILR,
	HOME_QMAILS,
	HOME_QMAILV,
	HOME_QMAILT,
	HOME_QMAILK,
	HOME_QMAILH,
	HOME_QMAILF,
	HOME_USERS /* their number */
};

enum home_group {
	HOME_GROUP_QMAIL,
	HOME_GROUP_NOFILES,
	HOME_GROUPS /* their number */
};

struct home_ids {
	uid_t uid[HOME_USERS];
	gid_t gid[HOME_GROUPS];
};

/* home_user_name, home_group_name: the names of conf-users. */
const char *home_user_name(enum home_user user);
const char *home_group_name(enum home_group group);

/*
 * home_ids_read: the numeric ids of the suite's users and groups, as install
 * wrote them into HOME/users/ids: lines "user NAME UID" and "group NAME GID".
 * Without that file they are looked up in /etc/passwd and /etc/group as plain
 * text; no getpwnam, which would treble the start of a small program.  Where
 * qmailv does not exist yet, as in an installation that is older, qmailp plays
 * its role; that of qmailt, qmailk, qmailh or qmailf, who know secrets or listen
 * to strangers, nobody: the uid is -1.
 * Returns 0; -1 with errno, ENOENT if some user or group is nowhere.
 */
MUST_CHECK int home_ids_read(struct home_ids *ids);

/* home_ids_find: the same without users/ids: what the system says now. */
MUST_CHECK int home_ids_find(struct home_ids *ids);

#endif
