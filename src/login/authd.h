/*
 * authd.h - the parts of qmail-authd.
 *
 *	qmail-authd.c      start, and the loop
 *	authd_clients.c    who is connected, and what they asked
 *	authd_check.c      runs the program that checks a password
 *	tries.c            when a try has its turn (tries.h)
 *	known.c            keeps who was right over a restart (known.h)
 *	sends.c            how much mail somebody has sent (sends.h)
 *	keep.c             writes the small files of both (keep.h)
 */
#ifndef LOGIN_AUTHD_H
#define LOGIN_AUTHD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "queue/logincheck.h"
#include "sends.h"
#include "tries.h"

#define AUTHD_CLIENTS_MAX 400	/* connections; others wait at the door */
#define AUTHD_CHECKS_MAX  200	/* the most that concurrencylogin may say */
#define AUTHD_RECORD_MS	  10000 /* for a question to come */
#define AUTHD_QUEUE_MS	  30000 /* for a free place among the checks */
/* Who wait for their turn, of one address or with one name. */
#define AUTHD_WAITING_MAX (AUTHD_CLIENTS_MAX / 4)

/* What the administrator may choose: control files of these names. */
struct authd_limits {
	uint64_t checks;  /* concurrencylogin: programs at once */
	uint64_t seconds; /* timeoutlogin: for one of them */
};

/* ---- authd_check.c ---- */

/*
 * check_start: runs the program for a login.
 *   argv   of the program; the first word is looked for in PATH
 * Returns its process id; -1 with errno.
 */
MUST_CHECK pid_t check_start(char **argv, const struct logincheck *login);

/* check_outcome: what its end means; status as of waitpid(2). */
enum logincheck_answer check_outcome(int status);

/* ---- authd_clients.c ---- */

struct client {
	int fd;		/* -1: it has left;
				   without a check the place is free */
	int64_t asked;	/* clock_monotonic; 0: it has not asked yet */
	int64_t begins; /* its turn, as things are */
	int64_t until;	/* then it, or its check, has had its time */
	uint64_t order; /* who asked first */
	pid_t pid;	/* of its check; 0: none */
	bool is_root;
	bool is_try; /* it checks itself, when its turn has come */
	bool is_too_slow;
	struct logincheck login; /* lies in record */
	struct tries_lines lines;
	bool has_failed; /* somebody at its address, lately */
	char record[LOGINCHECK_RECORD_MAX];
};

struct clients {
	char **argv; /* of the program */
	uid_t peer;  /* who may ask, besides root */
	struct authd_limits limits;
	struct tries tries;
	struct sends sends;
	uint64_t questions; /* how many there were */
	size_t checks;	    /* that run */
	struct client all[AUTHD_CLIENTS_MAX];
};

/* clients_init: nobody is there; clients is zero but for the limits.  argv, the
 * program, has to stay. */
void clients_init(struct clients *clients, char **argv, uid_t peer);

/* clients_have_room: whether one more can be let in. */
bool clients_have_room(struct clients *clients);

/* clients_let_in: lets in who waits at the door, and may.  Returns 0; -1 with
 * errno if the system lets nobody in now. */
MUST_CHECK int clients_let_in(struct clients *clients, int door);

/*
 * clients_watch: what is to be polled: AUTHD_CLIENTS_MAX fds.
 *   deadline   clock_monotonic; made earlier if need be; 0: none
 */
void clients_watch(
    const struct clients *clients, struct pollfd *fds, int64_t *deadline);

/*
 * clients_serve: hears those that have something to say, begins checks, and
 * ends what has had its time.
 *   fds   as clients_watch made them, with what poll said
 */
void clients_serve(struct clients *clients, const struct pollfd *fds);

/* clients_check_ended: a check has; its client is answered.  A pid that is not
 * known is passed over. */
void clients_check_ended(struct clients *clients, pid_t pid, int status);

#endif
