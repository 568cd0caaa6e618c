/*
 * qmail-mtasts.c - gets and keeps the MTA-STS policies of domains.
 * Runs as   qmailh, which it becomes if it is started as root, once it has its door
 *           and is in the folder of its cache, as both are in a folder of root's; it
 *           forks for each domain that is looked at.  Started by a supervisor.  In a
 *           private instance it is the caller.
 * Reads     questions at HOME/sts/door, from qmailr and root; the DNS; policies
 *           from web servers, by HTTPS; control/tlsca.
 * Writes    HOME/sts/cache; lines for the log on descriptor 2.
 * Source    qmail-mtasts(8); RFC 8461; net/stsdoor.h.
 */
#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "config/home.h"
#include "sts.h"
#include "sys/box.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/ids.h"
#include "sys/signal.h"

#define TROUBLE	    111
#define DESCRIPTORS 4096
#define BACKLOG	    512

/* Gives up root.  Returns who may ask, besides root. */
static uid_t
become_ourselves(void)
{
	struct home_ids ids;
	gid_t gid;

	if (geteuid() != 0)
		return geteuid();
	if (home_ids_read(&ids) < 0)
		error_exit(STS_PROGRAM, "users/ids");
	gid = ids.gid[HOME_GROUP_NOFILES];
	if (ids_become(ids.uid[HOME_QMAILH], gid, &gid, 1) < 0)
		error_exit(STS_PROGRAM, home_user_name(HOME_QMAILH));
	return ids.uid[HOME_QMAILR];
}

int
main(void)
{
	uid_t peer;
	int door;

	must_hooks(TROUBLE, NULL);
	signal_serve();
	(void)fd_raise_limit(DESCRIPTORS);
	if (fd_open_standard() < 0 || box_hide() < 0)
		error_exit(STS_PROGRAM, "start");
	if (chdir(home_dir) < 0)
		error_exit(STS_PROGRAM, home_dir);
	door = door_open(STSDOOR_PATH, BACKLOG);
	if (door < 0)
		error_exit(STS_PROGRAM, STSDOOR_PATH);
	/* Later that would be too late: there is no way in for qmailh. */
	if (chdir(CACHE_FOLDER) < 0)
		error_exit(STS_PROGRAM, CACHE_FOLDER);
	peer = become_ourselves();
	sts_serve(door, peer);
	return 0;
}
