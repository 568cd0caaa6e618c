/* error.c - what a failed system call means. */
#include "sys/error.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/fd.h"

#define EXIT_FAILED 111

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

const char *
error_text(int number)
{
	return strerror(number);
}

void
error_exit(const char *program, const char *what)
{
	const char *reason = error_text(errno);
	struct str line = STR_INIT;

	str_add_z(&line, program);
	str_add_z(&line, ": ");
	str_add_z(&line, what);
	str_add_z(&line, ": ");
	str_add_z(&line, reason);
	str_add_byte(&line, '\n');
	/* It ends in any case; the exit code says the same. */
	(void)!fd_write_all(2, str_span(&line));
	_exit(EXIT_FAILED);
}
