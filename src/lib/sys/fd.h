/*
 * fd.h - descriptors.  Every descriptor made here closes on exec.
 * All retry when interrupted by a signal (EINTR), and nothing else does.
 */
#ifndef SYS_FD_H
#define SYS_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"

/*
 * fd_read: read(2), again after EINTR.
 * Returns the number of bytes, 0 at the end, -1 with errno.
 */
MUST_CHECK ssize_t fd_read(int fd, char *buffer, size_t size);

/*
 * fd_write: write(2), again after EINTR.  Returns bytes written, -1 with errno.
 */
MUST_CHECK ssize_t fd_write(int fd, struct span bytes);

/*
 * fd_write_all: writes until all is written.  For files and pipes that may
 * block; for the network use struct out.  Returns 0, -1 with errno.
 */
MUST_CHECK int fd_write_all(int fd, struct span bytes);

/*
 * fd_wait: waits until a read or write does not block.
 *   events     POLLIN or POLLOUT
 *   timeout    milliseconds; 0: none
 *   deadline   a moment of clock_monotonic(); 0: none
 *   is_timed   the kernel keeps the timeout (sockets): only a deadline that
 *              comes before needs waiting for
 * Returns 0; -1 with errno, ETIMEDOUT if it took too long.
 */
MUST_CHECK int
fd_wait(int fd, short events, int64_t timeout, int64_t deadline, bool is_timed);

/*
 * fd_write_line: writes a line for who watches, unless that would have to wait
 * because nobody reads: then the line is lost.  Of a line of more than
 * FD_LINE_MAX bytes the rest is left out, but for its newline: so much is
 * written in one piece, and a pipe that takes anything takes it.
 */
#define FD_LINE_MAX 4096
void fd_write_line(int fd, struct span line);

/* fd_close: closes, if fd is not -1, and leaves errno as it is.  Errors of close
 * are not reported: what must be safe on disk is fsynced before. */
void fd_close(int fd);

/* fd_pipe_capacity: bytes that a pipe or FIFO takes at most; of pages that are
 * filled by small pieces some bytes stay free. */
size_t fd_pipe_capacity(int fd);

/* fd_pipe: a pipe; ends[0] to read, ends[1] to write.  0 or -1 with errno. */
MUST_CHECK int fd_pipe(int ends[2]);

/* fd_pair: a connected pair of UNIX sockets that keep record boundaries
 * (SOCK_SEQPACKET); see fdpass.h.  Returns 0, -1 with errno. */
MUST_CHECK int fd_pair(int ends[2]);

/* fd_stream_pair: a connected pair of UNIX sockets without record boundaries, as
 * a connection.  Returns 0, -1 with errno. */
MUST_CHECK int fd_stream_pair(int ends[2]);

/* fd_close_on_exec: programs that are started do not get this descriptor.
 * Returns 0, -1 with errno. */
MUST_CHECK int fd_close_on_exec(int fd);

/* fd_set_nonblocking: for this and all other holders of the open file.
 * Returns 0, -1 with errno. */
MUST_CHECK int fd_set_nonblocking(int fd);

/* fd_set_blocking: likewise.  Returns 0, -1 with errno. */
MUST_CHECK int fd_set_blocking(int fd);

/* fd_reopen_nonblocking: the pipe, FIFO or device behind fd, opened once more for
 * writing without waiting; other holders of fd do not notice.  Returns the new
 * descriptor, -1 with errno: EINVAL if it is something else. */
MUST_CHECK int fd_reopen_nonblocking(int fd);

/* fd_duplicate_above: a close-on-exec copy of fd numbered at least minimum.
 * Returns the new descriptor, -1 with errno: EMFILE if the limit is too low. */
MUST_CHECK int fd_duplicate_above(int fd, int minimum);

/* fd_is_open: whether this number is an open descriptor. */
bool fd_is_open(int fd);

/* fd_open_standard: opens /dev/null on those of 0, 1, 2 that are closed, so
 * that no file of ours gets one of these numbers.  0, -1 with errno. */
MUST_CHECK int fd_open_standard(void);

/* fd_close_from: closes all descriptors from lowest on. */
void fd_close_from(int lowest);

/* fd_raise_limit: lets this process, and those it starts, have so many open
 * descriptors, as far as its hard limit allows.  Returns how many of them. */
unsigned long fd_raise_limit(unsigned long wanted);

#endif
