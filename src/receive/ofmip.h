/*
 * ofmip.h - the parts of ofmipd.
 *
 *	ofmipd.c          start and commands
 *	ofmip_reply.c     replies, and every way to end
 *	ofmip_message.c   the message: its header put in order
 */
#ifndef RECEIVE_OFMIP_H
#define RECEIVE_OFMIP_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"
#include "config/cdb.h"
#include "config/hostnames.h"
#include "mail/hostrules.h"
#include "sys/in.h"
#include "sys/out.h"

#define OFMIP_IN_BUFFER	      16384
#define OFMIP_COMMAND_MAX     4096	 /* bytes of a line; more is an end */
#define OFMIP_RECIPIENTS_MAX  (1u << 20) /* bytes of all in a message */
#define OFMIP_TIMEOUT_SECONDS 1200	 /* for each read and write */

struct ofmip {
	struct in in;
	struct out out;
	struct hostnames names;
	struct cdb database; /* of names; not open: none */
	/* The transaction. */
	bool has_sender, has_name;
	struct str sender;
	struct str name;       /* that goes with the sender, if has_name */
	struct str recipients; /* each ends in NUL */
};

/* How a session ends. */
enum ofmip_end {
	OFMIP_QUIT,
	OFMIP_GONE,    /* the client closed or broke the connection */
	OFMIP_TIMEOUT, /* it is too slow */
	OFMIP_CONTROL, /* our configuration cannot be used */
	OFMIP_MEMORY,
};

/* ofmip_end: says what is to be said still, and ends the process.  ofmip NULL:
 * nothing can be said but on descriptor 1 itself. */
NORETURN void ofmip_end(struct ofmip *ofmip, enum ofmip_end why);

/* ofmip_reply: a reply of one line. */
void ofmip_reply(struct ofmip *ofmip, const char *line);

/* ofmip_receive: after DATA: takes the message, hands it to qmail-queue, and
 * replies. */
void ofmip_receive(struct ofmip *ofmip);

#endif
