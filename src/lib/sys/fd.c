/* fd.c - descriptors. */
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fmt.h"
#include "sys/clock.h"

ssize_t
fd_read(int fd, char *buffer, size_t size)
{
	ssize_t got;

	do
		got = read(fd, buffer, size);
	while (got < 0 && errno == EINTR);
	return got;
}

ssize_t
fd_write(int fd, struct span bytes)
{
	ssize_t put;

	do
		put = write(fd, bytes.s, bytes.len);
	while (put < 0 && errno == EINTR);
	return put;
}

int
fd_write_all(int fd, struct span bytes)
{
	while (bytes.len) {
		ssize_t put = fd_write(fd, bytes);

		if (put < 0)
			return -1;
		bytes = span_from(bytes, (size_t)put);
	}
	return 0;
}

int
fd_wait(int fd, short events, int64_t timeout, int64_t deadline, bool is_timed)
{
	struct pollfd poller = { .fd = fd, .events = events };
	int64_t wait = timeout;
	int ready;

	if (deadline) {
		int64_t left = deadline - clock_monotonic();

		if (left <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (!wait || left < wait)
			wait = left;
	}
	if (!wait || (is_timed && wait == timeout))
		return 0;
	do
		ready = poll(&poller, 1, wait < 1 << 30 ? (int)wait : 1 << 30);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		errno = ETIMEDOUT;
	return ready > 0 ? 0 : -1;
}

void
fd_write_line(int fd, struct span line)
{
	struct pollfd poller = { .fd = fd, .events = POLLOUT };
	char cut[FD_LINE_MAX];

	if (poll(&poller, 1, 0) <= 0 || !(poller.revents & POLLOUT))
		return;
	if (line.len > sizeof(cut)) {
		memcpy(cut, line.s, sizeof(cut) - 1);
		cut[sizeof(cut) - 1] = '\n';
		line = span_make(cut, sizeof(cut));
	}
	(void)!fd_write(fd, line); /* nobody else to tell */
}

void
fd_close(int fd)
{
	int number = errno;

	if (fd != -1)
		(void)close(fd);
	errno = number;
}

int
fd_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC);
}

size_t
fd_pipe_capacity(int fd)
{
	int capacity = fcntl(fd, F_GETPIPE_SZ);

	return capacity < 0 ? PIPE_BUF : (size_t)capacity;
}

int
fd_pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

int
fd_stream_pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

int
fd_close_on_exec(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int
fd_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int
fd_set_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

int
fd_duplicate_above(int fd, int minimum)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, minimum);

	if (copy < 0 && errno == EINVAL)
		errno = EMFILE; /* minimum is above the limit */
	return copy;
}

bool
fd_is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

int
fd_open_standard(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (!fd_is_open(fd) && open("/dev/null", O_RDWR) < 0)
			return -1;
	return 0;
}

void
fd_close_from(int lowest)
{
	struct rlimit limit;
	int end = 1024;

#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)lowest, ~0u, 0u) == 0)
		return;
#endif
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536)
		end = (int)limit.rlim_cur;
	for (int fd = lowest; fd < end; fd++)
		(void)close(fd);
}

unsigned long
fd_raise_limit(unsigned long wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur =
		    limit.rlim_max < wanted ? limit.rlim_max : wanted;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* it is read back */
		if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
			return 0;
	}
	return limit.rlim_cur < wanted ? (unsigned long)limit.rlim_cur : wanted;
}

int
fd_reopen_nonblocking(int fd)
{
	static const char folder[] = "/proc/self/fd/";
	char path[sizeof(folder) + FMT_U64_MAX];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(path, folder, sizeof(folder) - 1);
	path[sizeof(folder) - 1 +
	    fmt_u64(path + sizeof(folder) - 1, (uint64_t)fd)] = '\0';
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}
