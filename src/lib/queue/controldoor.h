/*
 * controldoor.h - what qmail-qctl, qmail-metrics and qmail-qctld say to each other, in
 * datagrams of a SOCK_SEQPACKET socket.
 *
 *	request   V verb, {letter value}    one datagram of records
 *	answer    o text, for descriptor 1; e text, for descriptor 2: any number
 *	          x exit code: the last
 *
 * Who may connect is decided by the folder of the door, which only root and
 * group qmail can enter; the users of the suite itself are refused.
 *
 * The verb "stat figures" is for programs; each line of its answer is one of
 *
 *	STATE messages bytes oldest
 *	STATE CHANNEL messages recipients oldest
 *
 * with the messages of a state, and those of them that have recipients to do in a
 * channel, "local", "remote" or, while they are not sorted, "unknown"; oldest is the
 * age of one of them in seconds, 0 if there is none.
 */
#ifndef QUEUE_CONTROLDOOR_H
#define QUEUE_CONTROLDOOR_H

#include "base/attr.h"
#include "base/span.h"

#define CONTROLDOOR_PATH    "queue/control/door" /* below the home of the suite */
#define CONTROLDOOR_SECONDS 60 /* so long a peer may take for one datagram */

enum controldoor_request {
	CONTROLDOOR_VERB = 'V',
	CONTROLDOOR_NUMBER = 'n',
	CONTROLDOOR_SENDER = 's',
	CONTROLDOOR_RECIPIENT = 'r',
	CONTROLDOOR_DOMAIN = 'd',  /* of a recipient */
	CONTROLDOOR_OLDER = 'o',   /* seconds */
	CONTROLDOOR_YOUNGER = 'y', /* seconds */
	CONTROLDOOR_CHANNEL = 'c', /* local, remote */
	CONTROLDOOR_STATE = 't',   /* waiting, new, delivering, held, ending */
	CONTROLDOOR_ALL = 'a',
	CONTROLDOOR_ADDRESS = 'T' /* of redirect: the old one, and the new */
};

enum controldoor_answer {
	CONTROLDOOR_OUT = 'o',
	CONTROLDOOR_ERROR = 'e',
	CONTROLDOOR_EXIT = 'x'
};

enum controldoor_exit {
	CONTROLDOOR_FINE = 0,
	CONTROLDOOR_NOT_ALL =
	    1, /* something named was not found, or not done */
	CONTROLDOOR_USAGE = 100,
	CONTROLDOOR_TROUBLE = 111
};

#define CONTROLDOOR_FIGURES "stat figures" /* the verb */

/*
 * controldoor_ask: has a request answered.
 *   fd        connected to the door
 *   request   FDPASS_RECORD_MAX bytes at most
 *   say       receives the text of each datagram of the answer, with its letter
 * Returns the exit code; -1 with errno: ECONNRESET if the other side has gone before it
 * had answered, EAGAIN if that took longer than a timeout of the socket.
 */
MUST_CHECK int controldoor_ask(int fd, struct span request,
    void (*say)(void *context, char letter, struct span text), void *context);

#endif
