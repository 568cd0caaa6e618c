/*
 * inject.h - handing a message to qmail-queued, to qmail-queue where that has no door,
 * or to the program in its place.
 *
 *	inject_open(&inject, home_dir)
 *	inject_message(&inject, bytes) ...
 *	inject_sender(&inject, sender)
 *	inject_recipient(&inject, recipient) ...
 *	verdict = inject_close(&inject)
 *
 * The caller ignores SIGPIPE; SIGCHLD gets its default.  Source: qmail-queue(8), envelopes(5).
 */
#ifndef QUEUE_INJECT_H
#define QUEUE_INJECT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "queue/queuedoor.h"
#include "queue/verdict.h"
#include "sys/out.h"

#define INJECT_BUFFER QUEUEDOOR_PIECE

enum inject_by {
	INJECT_KEPT, /* so far all is in the buffer */
	INJECT_BY_DOOR,
	INJECT_BY_PROGRAM,
	INJECT_NOWHERE /* there is no way */
};

/* Where a program in the place of qmail-queue says more than its exit code does: with 82
 * words (verdict.h); with 0 INJECT_QP, the process id of who has queued it, in decimal,
 * and a newline, and nothing else. */
#define INJECT_REMARK_FD 6
#define INJECT_QP	 "qp "

struct inject {
	pid_t pid; /* of the process that has queued it; it is told as qp */
	enum inject_by way;
	struct out out;	    /* the message, then the envelope */
	size_t message_len; /* of what is kept, once the envelope has begun */
	int envelope_fd;    /* of the program; -1 once the envelope has begun */
	int remark_fd;	    /* its descriptor 6, for exit codes 82 and 0 */
	bool has_envelope;  /* it has begun */
	bool is_broken;	    /* it must not succeed any more */
	const char *home;   /* of inject_open */
	unsigned ways;
	char buffer[INJECT_BUFFER];
	char remark[VERDICT_CUSTOM_MAX];
};

enum inject_way {
	INJECT_AS_IT_IS = 0,
	/* It is made here, or a user submits it: it is signed on its way to other
	 * hosts. */
	INJECT_SUBMITTED = 1,
	/* It comes in: if there is control/queuefilters, bin/qmail-filters takes the
	 * place of qmail-queue. */
	INJECT_FILTERED = 2
};

/*
 * inject_open: starts the program: $QMAILQUEUE if it is set and not empty, else
 * bin/qmail-queue, both below home unless that begins with a slash.  It has a
 * descriptor 6 only if it is not qmail-queue.  In place of qmail-queue the message goes
 * to the door of qmail-queued, if there is one, once it is whole or too long to be kept;
 * qmail-queue is started only then, and what fails is told by inject_close.
 *   home   the folder of the suite; stays the caller's
 *   ways   of enum inject_way
 * Returns 0; -1 with errno: not started.
 */
MUST_CHECK int
inject_open(struct inject *inject, const char *home, unsigned ways);

/*
 * inject_program: which program inject_open would start.
 *   path   where it is, is appended
 * Returns whether it is another than qmail-queue.
 */
bool inject_program(const char *home, unsigned ways, struct str *path);

/* inject_message: adds bytes to the message; no limit on their number. */
void inject_message(struct inject *inject, struct span bytes);

/* inject_sender: ends the message, begins the envelope.  Once. */
void inject_sender(struct inject *inject, struct span sender);

/* inject_recipient: adds a recipient; no limit on their number. */
void inject_recipient(struct inject *inject, struct span recipient);

/*
 * inject_sender_parameters, inject_recipient_parameters: what is asked of
 * notifications (mail/dsn.h): right after the sender, right before the
 * recipient.  Empty ones, and all if the program is not qmail-queue, are left
 * out.
 */
void inject_sender_parameters(struct inject *inject, struct span parameters);
void inject_recipient_parameters(struct inject *inject, struct span parameters);

/* inject_takes_parameters: whether the program is qmail-queue, whose envelopes
 * may hold them.  Others know senders and recipients only: $QMAILQUEUE, and
 * qmail-qmqpc where bin/qmail-queue below home is a link to that. */
bool inject_takes_parameters(const char *home);

/*
 * inject_break: makes sure that nothing is queued: the envelope is left
 * without its end, and inject_close will not say accepted.
 */
void inject_break(struct inject *inject);

/*
 * inject_close: ends the envelope and waits for the program.  Accepted means
 * that it read all, and exited 0; inject->pid is then of who has queued it, as far as
 * that is told.  The text of the verdict may lie in *inject.
 */
struct verdict inject_close(struct inject *inject);

#endif
