/*
 * doorserver.h - serves at a door (sys/door.h): a process for each who comes in.
 */
#ifndef SYS_DOORSERVER_H
#define SYS_DOORSERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

#define DOORSERVER_PEERS 2

struct doorserver {
	const char *name; /* of the program; for its last words */
	const char *path; /* of the door */
	/* Who may come in, besides root; (uid_t)-1: nobody. */
	uid_t peers[DOORSERVER_PEERS];
	bool is_public;	   /* everybody may */
	uint64_t sessions; /* at once; others wait at the door */
	/* The other end is closed when it is to end, and has a byte when it has
	 * begun; -1: it serves for ever. */
	int life;
	/* One session, in a process of its own; returns its exit code. */
	int (*session)(void *context, int sock);
	void *context;
};

/*
 * doorserver_run: opens the door in place of one that may be there, and serves.
 * Ends the program: with 0 when life is gone and all who had come were let in; with
 * 111 and a line on descriptor 2 if there can be no door.
 */
NORETURN void doorserver_run(const struct doorserver *server);

#endif
