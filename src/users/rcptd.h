/*
 * rcptd.h - the parts of qmail-rcptd.
 *
 *	qmail-rcptd.c      start, and the loop
 *	rcptd_clients.c    who is connected, and what they asked
 *	rcptd_known.c      whether an address is known
 */
#ifndef USERS_RCPTD_H
#define USERS_RCPTD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"
#include "config/cdb.h"
#include "config/lookup.h"
#include "config/routing.h"
#include "queue/rcptcheck.h"
#include "sys/file.h"

#define RCPTD_CLIENTS_MAX 1000	 /* connections; then idle ones have to go */
#define RCPTD_IDLE_MS	  120000 /* an idle client is sent away */
#define RCPTD_CONTROL_MS  1000	 /* so often changed files are looked for */

/* ---- rcptd_known.c ---- */

/* What deliveries go by: control files, users/cdb, accounts. */
struct known {
	struct routing routing;
	bool is_routing; /* it could be read */
	struct cdb users;
	struct file_stamp stamps[6]; /* of these, when they were read */
	int64_t next_look;	     /* clock_monotonic */
	struct lookup lookup;
};

/* known_init: nothing is read yet.  getpw, the program, must stay. */
void known_init(struct known *known, const char *getpw);

/*
 * known_find: whether an address is known.
 *   answer   receives it
 * Returns false: qmail-getpw has been asked; ask again when lookup_hear says
 * that there is news.
 */
bool known_find(
    struct known *known, struct span address, enum rcptcheck_answer *answer);

void known_free(struct known *known);

/* ---- rcptd_clients.c ---- */

struct client {
	int fd;
	int64_t until; /* clock_monotonic; then it has been idle too long */
	bool has_asked;
	struct str address; /* what it asked */
};

struct clients {
	VEC(struct client) all;
};

/*
 * clients_let_in: lets in all who wait at the door.  If there are too many, who
 * is idle longest has to go; if nobody is, the new one.
 * Returns 0; -1 with errno if the system lets nobody in now.
 */
MUST_CHECK int clients_let_in(struct clients *clients, int door);

/*
 * clients_watch: what is to be polled; fds has room for RCPTD_CLIENTS_MAX.
 *   deadline   clock_monotonic; made earlier if need be; 0: none
 * Returns the number of fds.
 */
size_t
clients_watch(struct clients *clients, struct pollfd *fds, int64_t *deadline);

/*
 * clients_serve: hears those that have something to say, answers what can be
 * answered, and forgets those that are gone or have been idle too long.
 *   fds   as clients_watch made them, with what poll said
 */
void clients_serve(
    struct clients *clients, const struct pollfd *fds, struct known *known);

void clients_free(struct clients *clients);

#endif
