/*
 * door.h - sockets with a name in the file system, through which programs of
 * this machine ask a service of ours: SOCK_SEQPACKET, records as in fdpass.h.
 */
#ifndef SYS_DOOR_H
#define SYS_DOOR_H

#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

#define DOOR_PATH_MAX 100 /* bytes; the kernel's sun_path has 108 */

/*
 * Who may write to the folder of a door may put another in its place.  So where a
 * service starts as root the folder is root's, and the door is made before it becomes
 * its user.
 *
 * door_make: makes the socket and listens on it, under the name path.new: who
 * connects to path still finds another, or none.
 *   backlog   how many may wait to be let in; more are refused with EAGAIN
 * Returns the descriptor, which does not block; -1 with errno, ENAMETOOLONG
 * if path is longer than DOOR_PATH_MAX.
 */
MUST_CHECK int door_make(const char *path, int backlog);

/*
 * door_show: gives what door_make has made its name; any program may connect.
 * A socket of this name is replaced: who is connected to it stays so.  A file is left
 * as path.spare, whose place the next can take on a full file system.
 * Returns 0, -1 with errno.
 */
MUST_CHECK int door_show(const char *path);

/* door_open: door_make and door_show. */
MUST_CHECK int door_open(const char *path, int backlog);

/*
 * door_open_later: door_open, but only its own user and group may connect, for a program
 * that has to go on without a door if it cannot be made: on a full disk it is mail that
 * goes which makes room for one.
 *   program   its name: descriptor 2 gets a line on why
 *   again     receives when to try once more: clock_monotonic(); 0: it is open
 * Returns the descriptor, or -1.
 */
MUST_CHECK int door_open_later(
    const char *program, const char *path, int backlog, int64_t *again);

/*
 * door_accept: lets in who waits.
 * Returns a descriptor that does not block; -1 with errno, EAGAIN: nobody.
 */
MUST_CHECK int door_accept(int door);

/*
 * For processes that wait at one door together, each for one guest at a time:
 *
 * door_make_patient: from now on this door is for door_wait, which waits so many
 * seconds.  Returns 0, -1 with errno.
 *
 * door_wait: waits for a guest; whoever waits longest gets him, and nobody else is
 * woken.
 * Returns a blocking descriptor; -1 with errno: EAGAIN: nobody came; EINVAL: the
 * door was shut, and nobody is left.
 *
 * door_shut: nobody can come in any more but who waits already; in all processes
 * that have this door.
 */
MUST_CHECK int door_make_patient(int door, unsigned seconds);
MUST_CHECK int door_wait(int door);
void door_shut(int door);

/*
 * door_end: closes a connection that a stranger has left or is not let in by.  What he
 * has sent and nobody has read may be descriptors, whose SO_LINGER would hold close for
 * as long as he likes: a signal ends that.  SIGALRM does what it does by default after.
 */
void door_end(int fd);

/*
 * door_peer: the user of the process at the other end, as the kernel saw it when
 * that connected.  Returns 0, -1 with errno.
 */
MUST_CHECK int door_peer(int fd, uid_t *uid);

/*
 * door_connect: connects to a service, without waiting.
 * Returns a blocking descriptor; -1 with errno: ENOENT: there never was such a
 * service; ECONNREFUSED: it is dead; EAGAIN: too many wait before its door.
 */
MUST_CHECK int door_connect(const char *path);

#endif
