/* door.c - sockets with a name in the file system. */
#include "sys/door.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"

#define ASIDE	  ".new"
#define SPARE	  ".spare"
#define FOR_ALL	  0111 /* what umask takes away */
#define FOR_GROUP 0117
#define LATER_MS  10000 /* until the next try to make one */

/* The address of a socket: path and an ending.  0, -1 with errno. */
static int
make_name(struct sockaddr_un *name, const char *path, const char *ending)
{
	size_t len = strlen(path), ending_len = strlen(ending);

	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	if (len > DOOR_PATH_MAX || len + ending_len >= sizeof(name->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name->sun_path, path, len);
	memcpy(name->sun_path + len, ending, ending_len);
	return 0;
}

/*
 * The spare: a file whose place the next door can take.  Where the file system has no
 * more, the mail that would make room may wait for the service behind that.  It is
 * an empty file; where there is no place for one, the socket that a new one replaces,
 * under a second name: that takes none, but its place is free only when its last
 * connection has ended.
 */
static void
make_spare(const char *aside, const char *spare)
{
	int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	fd_close(fd);
	if (fd >= 0 && rename(aside, spare) < 0)
		(void)unlink(aside);
}

static void
give_spare(const char *path)
{
	struct sockaddr_un name;

	if (make_name(&name, path, SPARE) == 0)
		(void)unlink(name.sun_path); /* perhaps there is none */
}

/* Listens under another name: it always answers once it has its own.  The mode comes
 * from the umask, for chmod would follow a link that somebody has put there since. */
static int
listen_aside(int fd, const char *path, int backlog, mode_t mask)
{
	struct sockaddr_un name;
	mode_t before;
	int result;

	if (make_name(&name, path, ASIDE) < 0)
		return -1;
	(void)unlink(name.sun_path); /* bind tells if something is left */
	give_spare(path);
	before = umask(mask);
	result = bind(fd, (struct sockaddr *)&name, sizeof(name));
	(void)umask(before);
	return result < 0 ? -1 : listen(fd, backlog);
}

static int
make_door(const char *path, int backlog, mode_t mask)
{
	int fd =
	    socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (listen_aside(fd, path, backlog, mask) < 0) {
		fd_close(fd);
		return -1;
	}
	return fd;
}

int
door_make(const char *path, int backlog)
{
	return make_door(path, backlog, FOR_ALL);
}

int
door_show(const char *path)
{
	struct sockaddr_un aside, spare;

	if (make_name(&aside, path, ASIDE) < 0 ||
	    make_name(&spare, path, SPARE) < 0)
		return -1;
	(void)!link(path, spare.sun_path); /* perhaps it is the first */
	if (rename(aside.sun_path, path) < 0)
		return -1;
	make_spare(aside.sun_path, spare.sun_path);
	return 0;
}

static int
open_door(const char *path, int backlog, mode_t mask)
{
	int fd = make_door(path, backlog, mask);

	if (fd >= 0 && door_show(path) < 0) {
		fd_close(fd);
		return -1;
	}
	return fd;
}

int
door_open(const char *path, int backlog)
{
	return open_door(path, backlog, FOR_ALL);
}

int
door_open_later(
    const char *program, const char *path, int backlog, int64_t *again)
{
	int fd = open_door(path, backlog, FOR_GROUP);

	*again = 0;
	if (fd < 0) {
		/* A name will not become shorter. */
		*again = errno == ENAMETOOLONG ? INT64_MAX
					       : clock_monotonic() + LATER_MS;
		error_warn(program, path);
	}
	return fd;
}

int
door_accept(int door)
{
	int fd;

	do
		fd = accept4(door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	return fd;
}

static void
on_alarm(int number)
{
	(void)number;
}

void
door_end(int fd)
{
	/* Again and again: the first may come before close waits. */
	const struct timeval millisecond = { .tv_usec = 1000 };
	struct itimerval timer = { millisecond, millisecond };

	signal_catch(SIGALRM, on_alarm);
	signal_unblock(SIGALRM);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
	fd_close(fd);
	timer = (struct itimerval){ 0 };
	(void)setitimer(ITIMER_REAL, &timer, NULL);
	signal_default(SIGALRM);
}

int
door_make_patient(int door, unsigned seconds)
{
	struct timeval limit = { .tv_sec = seconds };

	return fcntl(door, F_SETFL, O_RDWR) < 0 ||
		setsockopt(
		    door, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0
	    ? -1
	    : 0;
}

int
door_wait(int door)
{
	int fd;

	do
		fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	return fd;
}

void
door_shut(int door)
{
	(void)shutdown(door, SHUT_RD);
}

int
door_peer(int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -1;
	*uid = peer.uid;
	return 0;
}

int
door_connect(const char *path)
{
	struct sockaddr_un name;
	int fd, result;

	if (make_name(&name, path, "") < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	result = connect(fd, (struct sockaddr *)&name, sizeof(name));
	if (result == 0)
		result = fcntl(fd, F_SETFL, O_RDWR);
	if (result < 0) {
		fd_close(fd);
		return -1;
	}
	return fd;
}
