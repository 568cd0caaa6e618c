/* error.c - what a failed system call means. */
#include "sys/error.h"

#include <errno.h>
#include <string.h>

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
