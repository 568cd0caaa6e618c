/*
 * lines.h - the lines of a descriptor, and text to descriptor 1, for programs that
 * read logs.
 * Input: hostile
 */
#ifndef SYS_LINES_H
#define SYS_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "sys/in.h"
#include "sys/out.h"

#define LINES_MAX 65536 /* bytes of a line; it is cut there */

struct lines {
	const char *program;
	struct in in;
	size_t taken;	 /* bytes of the buffer that the last line was */
	struct str part; /* a line that does not lie in the buffer whole */
	bool is_whole;	 /* the last line that was taken ends in a newline */
	uint64_t bytes;	 /* of all lines that were taken, with their newlines */
};

/* lines_program: the name that a program was called by, without its folder. */
struct span lines_program(const char *name);

/* lines_init: reads descriptor 0 through buffers of the program's own. */
void lines_init(struct lines *lines, const char *program);

/* lines_open: reads another one, from where it stands, through a buffer of the
 * caller's. */
void lines_open(struct lines *lines, const char *program, int fd, char *buffer,
    size_t size);

/*
 * lines_next: takes the next line, without its newline; the last one may have
 * none, see is_whole.
 *   line   receives it, good until the next call that takes one
 * Returns false at the end.  Ends the program with 111 if it cannot be read.
 */
MUST_CHECK bool lines_next(struct lines *lines, struct span *line);

/* lines_flush: writes what is left; ends the program with 111 if not all could
 * be written, now or before. */
void lines_flush(const char *program, struct out *out);

/* lines_free: releases the memory. */
void lines_free(struct lines *lines);

#endif
