/* error.c - what a failed system call means. */
#include "sys/error.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXIT_FAILED    111
#define LINE_PARTS_MAX 8
#define WARN_MS	       100

bool
error_is_temporary(int number)
{
	static const int temporary[] = { EINTR, ENOMEM, ETXTBSY, EIO, ETIMEDOUT,
		EAGAIN, EDEADLK, EBUSY, ENFILE, EMFILE, EFBIG, ENOSPC, ENETDOWN,
		ENETUNREACH, ENETRESET, ECONNABORTED, ECONNRESET, ENOBUFS,
		ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, ESTALE, EDQUOT, EROFS };

	for (size_t i = 0; i < sizeof(temporary) / sizeof(*temporary); i++)
		if (number == temporary[i])
			return true;
	return false;
}

bool
error_is_shortage(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOMEM ||
	    number == ENOBUFS;
}

const char *
error_text(int number)
{
	return strerror(number);
}

/* Writes the parts as one line and ends.  Memory may be out: none is taken. */
static void
write_line(const char *const *parts, size_t count)
{
	struct iovec pieces[LINE_PARTS_MAX];

	for (size_t i = 0; i < count; i++)
		pieces[i] =
		    (struct iovec){ (void *)parts[i], strlen(parts[i]) };
	/* Where nobody hears it the exit code, or what is not done, says so. */
	(void)!writev(2, pieces, (int)count);
}

static void
say(const char *program, const char *what)
{
	const char *parts[] = { program, ": ", what, errno ? ": " : "",
		errno ? error_text(errno) : "", "\n" };

	write_line(parts, sizeof(parts) / sizeof(*parts));
}

void
error_warn(const char *program, const char *what)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
	int number = errno, ready;

	do
		ready = poll(&out, 1, WARN_MS);
	while (ready < 0 && errno == EINTR);
	errno = number;
	if (ready != 0)
		say(program, what);
}

void
error_exit(const char *program, const char *what)
{
	say(program, what);
	_exit(EXIT_FAILED);
}

void
error_cannot(const char *program, const char *verb, const char *object)
{
	const char *parts[LINE_PARTS_MAX] = { program, ": fatal: cannot ", verb,
		" ", object, ": ", error_text(errno), "\n" };

	write_line(parts, LINE_PARTS_MAX);
	_exit(EXIT_FAILED);
}
