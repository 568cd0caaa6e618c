/*
 * pop3d.h - the parts of qmail-pop3d.
 *
 *	qmail-pop3d.c      start
 *	pop3d_end.c        every way to end (pop3d_end.h)
 *	pop3d_session.c    commands and replies
 *	maildrop.c         the messages (maildrop.h)
 *	maildrop_files.c   their files
 */
#ifndef POP_POP3D_H
#define POP_POP3D_H

#include "maildrop.h"
#include "net/popcommand.h"
#include "sys/in.h"
#include "sys/out.h"

#define POP3D_IN_BUFFER	 512
#define POP3D_OUT_BUFFER 1024

/*
 * Seconds.  A client may be idle for 600 at least (RFC 1939 3).  A reply must
 * be taken at the slowest speed we bear with, so that nobody holds a session
 * with a byte now and then.
 */
#define POP3D_COMMAND_SECONDS 1200 /* from one command to the end of the next */
#define POP3D_REPLY_SECONDS   600  /* for a reply of no length */
#define POP3D_REPLY_SPEED     100  /* bytes a second, beyond that */
#define POP3D_SESSION_SECONDS 86400

struct pop3d {
	struct in in;
	struct out out;
	struct maildrop drop;
	int64_t session_end; /* clock_monotonic */
	size_t last;	     /* the highest message that was deleted; 0: none */
	struct str line;     /* the command */
	struct str text;     /* what is being put together for a reply */
};

/* pop3d_serve: greets, and serves commands until QUIT, which it answers. */
void pop3d_serve(struct pop3d *pop3d);

#endif
