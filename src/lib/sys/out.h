/*
 * out.h - buffered writing to one descriptor, with a timeout for each write.
 * The buffer belongs to the caller.  After a failure nothing more is written
 * and every call fails; the first errno is kept.
 */
#ifndef SYS_OUT_H
#define SYS_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

struct out {
	int fd;
	char *buffer;
	size_t size, len;
	int64_t timeout; /* milliseconds; 0: none */
	int64_t deadline;
	bool is_socket_timed;
	bool is_watching; /* see out_watch */
	int failure;	  /* errno of the first failure, 0: none */
	uint64_t total;	  /* bytes that were handed to the kernel */
};

/* out_init: writes to fd through buffer (at least 1 byte). */
void out_init(struct out *out, int fd, char *buffer, size_t size);

/* out_set_timeout, out_set_deadline: as in in.h; on a socket with a timeout
 * nothing takes longer than the deadline. */
void out_set_timeout(struct out *out, unsigned seconds);
void out_set_deadline(struct out *out, int64_t deadline);

/*
 * out_watch: while a socket takes no more, also listen: a peer that speaks
 * meanwhile may never take the rest.  The write then fails with EPROTO.
 */
void out_watch(struct out *out, bool is_on);

/*
 * out_add: puts bytes into the buffer, writing when it is full.
 * Returns 0; -1 with errno (ETIMEDOUT, EPIPE, ENOSPC ...).  May be ignored:
 * out_flush reports the same failure.
 */
int out_add(struct out *out, struct span bytes);
int out_add_z(struct out *out, const char *text);

/* out_flush: writes what is buffered.  Returns 0, -1 with errno. */
int out_flush(struct out *out);

#endif
