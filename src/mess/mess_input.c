/*
 * mess_input.c - the header on descriptor 0.
 * Input: hostile
 */
#include "mess_input.h"

#include <errno.h>
#include <unistd.h>

#include "queue/headerin.h"
#include "sys/error.h"
#include "sys/fd.h"

void
mess_input_read(const char *program, struct str *header)
{
	static char buffer[65536];
	struct str line = STR_INIT;
	off_t start = lseek(0, 0, SEEK_CUR); /* -1: it is no file */
	struct in in;
	int result, why;

	in_init(&in, 0, buffer, sizeof(buffer));
	result = headerin_read(&in, MESS_HEADER_MAX, header, &line);
	why = errno;
	if (start >= 0 && lseek(0, start, SEEK_SET) < 0)
		error_exit(program, "cannot go back in the message");
	errno = why;
	if (result < 0)
		error_exit(program, "cannot read the header");
	str_free(&line);
}

void
mess_input_write(const char *program, const struct str *text)
{
	if (fd_write_all(1, str_span(text)) < 0)
		error_exit(program, "cannot write");
}
