/*
 * doorserver.h - serves at a door (sys/door.h): a process for each who comes in.
 */
#ifndef SYS_DOORSERVER_H
#define SYS_DOORSERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

#define DOORSERVER_PEERS   2
#define DOORSERVER_BACKLOG 512 /* for door_make */
#define DOORSERVER_SHARE   10  /* what part of the sessions one user may have */

struct doorserver {
	const char *name; /* of the program; for its last words */
	const char *path; /* of the door */
	int door;	  /* its descriptor */
	/* Who may come in, besides root; (uid_t)-1: nobody. */
	uid_t peers[DOORSERVER_PEERS];
	/* Everybody may; but besides root, no user may have more than a share of the
	 * sessions: then he is not let in, and his end is closed. */
	bool is_public;
	uint64_t sessions; /* at once; others wait at the door */
	/* The other end is closed when it is to end, and has a byte when it has
	 * begun; -1: it serves for ever. */
	int life;
	/* What is made ready once, before the first; or NULL. */
	void (*prepare)(void);
	/* One session, in a process of its own; returns its exit code. */
	int (*session)(void *context, int sock);
	void *context;
};

/*
 * doorserver_open: opens the door in place of one that may be there; as root, before
 * the program becomes its user: what that may write to can be no folder of a door.
 * From here on SIGTERM is heard by doorserver_run only.
 * Ends the program with 111 and a line on descriptor 2 if there can be none.
 */
void doorserver_open(struct doorserver *server);

/*
 * doorserver_run: serves at the door.
 * Ends the program: with 0 when life is gone, or SIGTERM came after doorserver_open,
 * and all who had come were let in; with
 * 111 and a line on descriptor 2 if life has gone before.
 */
NORETURN void doorserver_run(const struct doorserver *server);

#endif
