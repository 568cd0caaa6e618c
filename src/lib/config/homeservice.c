/* homeservice.c - how a service with a door begins. */
#include "config/homeservice.h"

#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/box.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/ids.h"
#include "sys/signal.h"

#define TROUBLE	    111
#define DESCRIPTORS 4096

static void
become(struct doorserver *server, enum home_user user, enum home_group group,
    enum home_user peer)
{
	struct home_ids ids;
	gid_t gid;

	if (home_ids_read(&ids) < 0)
		error_exit(server->name, "users/ids");
	gid = ids.gid[group];
	server->peers[0] = peer == HOME_USERS ? (uid_t)-1 : ids.uid[peer];
	if (ids_become(ids.uid[user], gid, &gid, 1) < 0)
		error_exit(server->name, home_user_name(user));
}

void
homeservice_run(struct doorserver *server, enum home_user user,
    enum home_group group, enum home_user peer)
{
	must_hooks(TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	(void)fd_raise_limit(DESCRIPTORS);
	if (fd_open_standard() < 0)
		error_exit(server->name, "start");
	if (chdir(home_dir) < 0)
		error_exit(server->name, home_dir);
	server->life = -1;
	server->peers[0] = geteuid();
	server->peers[1] = (uid_t)-1;
	doorserver_open(server);
	if (geteuid() == 0)
		become(server, user, group, peer);
	if (box_hide() < 0)
		error_exit(server->name, "start");
	doorserver_run(server);
}
