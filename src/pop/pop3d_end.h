/* pop3d_end.h - every way to end a session. */
#ifndef POP_POP3D_END_H
#define POP_POP3D_END_H

#include "base/attr.h"
#include "sys/out.h"

/* Always: anything else would tell qmail-popup that the password was wrong. */
#define POP3D_EXIT 0

/* How a session ends, besides at QUIT. */
enum pop3d_end {
	POP3D_GONE,    /* the client closed or broke the connection */
	POP3D_TIMEOUT, /* it is too slow */
	POP3D_MEMORY,
	POP3D_USAGE,
	POP3D_NO_MAILDIR,
	POP3D_TROUBLE /* the Maildir cannot be read now */
};

/*
 * pop3d_end: says what is to be said, and ends the process; without a change
 * to the Maildir.
 *   out   NULL: nothing can be said but on descriptor 1 itself
 */
NORETURN void pop3d_end(struct out *out, enum pop3d_end why);

#endif
