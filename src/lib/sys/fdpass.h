/*
 * fdpass.h - records between our processes over SOCK_SEQPACKET pairs (see
 * fd_pair): each call moves one whole record, and a descriptor may go along.
 */
#ifndef SYS_FDPASS_H
#define SYS_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"

#define FDPASS_RECORD_MAX 65536 /* bytes in a record */

/*
 * fdpass_send: sends one record of up to FDPASS_RECORD_MAX bytes.  To who reads it an
 * empty one looks like the end.
 *   fd   a descriptor to pass along, which stays open here; -1: none
 * Never raises SIGPIPE.  Returns 0; -1 with errno: EAGAIN when the socket
 * does not block and is full, EPIPE or ECONNRESET when the peer is gone.
 */
MUST_CHECK int fdpass_send(int sock, struct span record, int fd);

/*
 * fdpass_send_all, fdpass_receive_all: the same with up to FDPASS_FDS_MAX
 * descriptors.  fdpass_receive_all takes exactly count of them, or none and
 * fails with EBADMSG.
 */
#define FDPASS_FDS_MAX 4
MUST_CHECK int
fdpass_send_all(int sock, struct span record, const int *fds, size_t count);
MUST_CHECK ssize_t fdpass_receive_all(
    int sock, char *buffer, size_t size, int *fds, size_t count);

/*
 * fdpass_say: as fdpass_send without a descriptor, on a socket that blocks; if
 * the system has no memory for it, it waits until it has.
 */
MUST_CHECK int fdpass_say(int sock, struct span record);

/*
 * fdpass_receive: receives one record.
 *   buffer, size   where to put it; a longer record fails with EMSGSIZE
 *   fd             receives the descriptor that came along, close-on-exec,
 *                  or -1; NULL: a descriptor that comes is closed
 * Returns the length; 0 when the peer is gone, and all that it had said is
 * received; -1 with errno (EAGAIN).
 */
MUST_CHECK ssize_t fdpass_receive(int sock, char *buffer, size_t size, int *fd);

/*
 * fdpass_set_timeout: fdpass_receive on this blocking socket fails with EAGAIN
 * after so many seconds, and fdpass_send likewise.  Returns 0, -1 with errno.
 */
MUST_CHECK int fdpass_set_timeout(int sock, unsigned seconds);

#endif
