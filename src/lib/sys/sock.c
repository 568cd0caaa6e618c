/* sock.c - sockets to other machines. */
#include "sys/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/fd.h"

union name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t
make_name(struct sock_peer peer, union name *name)
{
	memset(name, 0, sizeof(*name));
	must(peer.family == 4 || peer.family == 6);
	if (peer.family == 4) {
		name->in.sin_family = AF_INET;
		name->in.sin_port = htons(peer.port);
		memcpy(&name->in.sin_addr, peer.bytes, 4);
		return sizeof(name->in);
	}
	name->in6.sin6_family = AF_INET6;
	name->in6.sin6_port = htons(peer.port);
	name->in6.sin6_scope_id = peer.scope;
	memcpy(&name->in6.sin6_addr, peer.bytes, 16);
	return sizeof(name->in6);
}

/* As poll, again after a signal; the whole never takes longer. */
static int
wait_for(int fd, short events, int64_t timeout)
{
	int64_t until = clock_monotonic() + timeout;

	for (;;) {
		struct pollfd poller = { .fd = fd, .events = events };
		int ready;

		if (timeout > 1 << 30)
			timeout = 1 << 30;
		if (timeout < 0)
			timeout = 0;
		ready = poll(&poller, 1, (int)timeout);
		if (ready >= 0 || errno != EINTR)
			return ready;
		timeout = until - clock_monotonic();
	}
}

/* Lets the socket hear of everything that ICMP tells: else of a host without
 * the service, but not of a host that is not there. */
static void
hear_of_failures(int fd, unsigned char family)
{
	int on = 1;

	(void)setsockopt(fd, family == 4 ? IPPROTO_IP : IPPROTO_IPV6,
	    family == 4 ? IP_RECVERR : IPV6_RECVERR, &on, sizeof(on));
}

int
sock_datagram(struct sock_peer peer)
{
	union name name;
	socklen_t size = make_name(peer, &name);
	/* poll may tell of a datagram that read then drops as damaged. */
	int fd = socket(
	    name.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0)
		hear_of_failures(fd, peer.family);
	if (fd >= 0 && connect(fd, &name.any, size) < 0) {
		fd_close(fd);
		return -1;
	}
	return fd;
}

/* Ends a connect that the kernel goes on with.  0, -1 with errno. */
static int
finish_connect(int fd, int64_t timeout)
{
	int cause;
	socklen_t size = sizeof(cause);
	int ready = wait_for(fd, POLLOUT, timeout);

	if (ready < 0)
		return -1;
	if (ready == 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &size) < 0)
		return -1;
	errno = cause;
	return cause ? -1 : 0;
}

static int
open_stream(struct sock_peer peer)
{
	return socket(peer.family == 4 ? AF_INET : AF_INET6,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Makes the socket a blocking connection, or closes it.  Returns it, -1 with
 * errno. */
static int
connect_within(int fd, struct sock_peer peer, int64_t timeout)
{
	union name name;
	socklen_t size = make_name(peer, &name);
	int result = connect(fd, &name.any, size);

	if (result < 0 && (errno == EINPROGRESS || errno == EINTR))
		result = finish_connect(fd, timeout);
	if (result == 0)
		result = fcntl(fd, F_SETFL, O_RDWR);
	if (result < 0) {
		fd_close(fd);
		return -1;
	}
	return fd;
}

int
sock_stream(struct sock_peer peer, int64_t timeout)
{
	int fd = open_stream(peer);

	return fd < 0 ? -1 : connect_within(fd, peer, timeout);
}

/* Gives the socket its own address.  The port is chosen by the connect, which
 * knows the peer: so there are as many as for connections without address. */
static int
bind_to(int fd, struct sock_peer from)
{
	union name name;
	socklen_t size = make_name(from, &name);
	int on = 1;

	(void)setsockopt(
	    fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind(fd, &name.any, size);
}

int
sock_stream_from(
    struct sock_peer peer, const struct sock_peer *from, int64_t timeout)
{
	int fd = open_stream(peer);

	if (fd >= 0 && from && bind_to(fd, *from) < 0) {
		fd_close(fd);
		return -1;
	}
	return fd < 0 ? -1 : connect_within(fd, peer, timeout);
}

int
sock_stream_local(struct span path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd;

	if (path.len >= sizeof(name.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name.sun_path, path.s, path.len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ||
	    fd_set_blocking(fd) < 0) {
		fd_close(fd);
		return -1;
	}
	return fd;
}

void
sock_send_at_once(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void
sock_acknowledge_at_once(int fd)
{
#ifdef TCP_QUICKACK
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
#else
	(void)fd;
#endif
}

ssize_t
sock_send_some(int fd, struct span bytes)
{
	ssize_t put;

	do
		put = send(fd, bytes.s, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	return put;
}

bool
sock_has_input(int fd)
{
	return wait_for(fd, POLLIN, 0) != 0;
}

int
sock_wait_input(int fd, int64_t timeout)
{
	return wait_for(fd, POLLIN, timeout);
}

static void
take_end(const union name *name, struct sock_end *end)
{
	memset(end, 0, sizeof(*end));
	if (name->any.sa_family == AF_INET) {
		end->family = 4;
		end->port = ntohs(name->in.sin_port);
		memcpy(end->bytes, &name->in.sin_addr, 4);
	} else if (name->any.sa_family == AF_INET6) {
		end->family = 6;
		end->port = ntohs(name->in6.sin6_port);
		memcpy(end->bytes, &name->in6.sin6_addr, 16);
	}
}

int
sock_ends(int fd, struct sock_end *local, struct sock_end *remote)
{
	union name ours, theirs;
	socklen_t our_size = sizeof(ours), their_size = sizeof(theirs);

	memset(&ours, 0, sizeof(ours));
	memset(&theirs, 0, sizeof(theirs));
	if (getsockname(fd, &ours.any, &our_size) < 0 ||
	    getpeername(fd, &theirs.any, &their_size) < 0)
		return -1;
	take_end(&ours, local);
	take_end(&theirs, remote);
	return 0;
}
