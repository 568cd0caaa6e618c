/*
 * in.h - buffered reading from one descriptor, with a timeout for each read
 * and a deadline for all of them.  The buffer belongs to the caller.
 */
#ifndef SYS_IN_H
#define SYS_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

struct in {
	int fd;
	char *buffer;
	size_t size, start, end;   /* bytes start..end are waiting */
	size_t used;		   /* bytes of the buffer that ever were */
	int64_t timeout, deadline; /* milliseconds; 0: none */
	bool is_socket_timed;	   /* the kernel keeps the timeout (sockets) */
	ssize_t (*read)(
	    int fd, char *buffer, size_t size); /* fd_read, or another */
	void (*before_wait)(void *);		/* see in_before_wait */
	void *before_wait_argument;
};

/*
 * in_init: reads from fd through buffer (at least 1 byte).  No timeout yet.
 */
void in_init(struct in *in, int fd, char *buffer, size_t size);

/*
 * in_set_timeout: each single read may take this many seconds (at least 1),
 * then fails with ETIMEDOUT.  On a socket this costs one system call now and
 * none at the reads.
 */
void in_set_timeout(struct in *in, unsigned seconds);

/*
 * in_set_deadline: no read succeeds after this moment of clock_monotonic();
 * it fails with ETIMEDOUT.  0 takes the deadline away.  A read under way may
 * end late by at most the timeout.
 */
void in_set_deadline(struct in *in, int64_t deadline);

/*
 * in_before_wait: call(argument) is called before each read(2), when nothing
 * is buffered: a server sends its replies there, a client its commands.
 */
void in_before_wait(struct in *in, void (*call)(void *), void *argument);

/*
 * in_peek: all bytes waiting in the buffer; reads once if there are none.
 *   bytes   receives a view of them, good until the next call
 * Returns 1; 0 at the end of input; -1 with errno (ETIMEDOUT when too late).
 */
MUST_CHECK int in_peek(struct in *in, struct span *bytes);

/* in_consume: takes n bytes away that in_peek showed. */
void in_consume(struct in *in, size_t n);

/* in_wipe: overwrites what was read and taken: it was a secret. */
void in_wipe(struct in *in);

/* in_rewind: begins a file again.  0, -1 with errno (ESPIPE: it is none). */
MUST_CHECK int in_rewind(struct in *in);

/* in_is_waiting: whether bytes are waiting in the buffer. */
bool in_is_waiting(const struct in *in);

/* in_read_byte: the next byte.  1, 0 at the end, -1 with errno. */
MUST_CHECK int in_read_byte(struct in *in, char *byte);

/*
 * in_read_until: reads up to and including the separator byte, and appends
 * all of that to text.
 *   max   so many bytes at most, separator included
 * Returns 1; 0 at the end of input, with what came before it appended;
 * -1 with errno, EMSGSIZE if max bytes came without a separator (they are
 * appended, the rest is still to be read).
 */
MUST_CHECK int
in_read_until(struct in *in, char separator, struct str *text, size_t max);

#endif
