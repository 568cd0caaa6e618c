/*
 * lines.c - the lines of a descriptor, and text to descriptor 1.
 * Input: hostile
 */
#include "sys/lines.h"

#include "sys/error.h"

#define BUFFER 262144

static char in_buffer[BUFFER];

struct span
lines_program(const char *name)
{
	struct span all = span_of(name);
	size_t slash = span_find_last(all, '/');

	return slash == all.len ? all : span_from(all, slash + 1);
}

void
lines_open(
    struct lines *lines, const char *program, int fd, char *buffer, size_t size)
{
	*lines = (struct lines){ .program = program, .part = STR_INIT };
	in_init(&lines->in, fd, buffer, size);
}

void
lines_init(struct lines *lines, const char *program)
{
	lines_open(lines, program, 0, in_buffer, sizeof(in_buffer));
}

/* All that waits; empty at the end. */
static struct span
peek(struct lines *lines)
{
	struct span bytes;
	int got = in_peek(&lines->in, &bytes);

	if (got < 0)
		error_exit(lines->program, "cannot read");
	return got ? bytes : SPAN("");
}

/* A line that goes on behind the end of the buffer.  At the end of input the last
 * line stays where it is. */
static bool
next_in_parts(struct lines *lines, struct span bytes, struct span *line)
{
	if (!bytes.len)
		return false;
	str_reset(&lines->part);
	lines->is_whole = false;
	while (bytes.len) {
		size_t end = span_find(bytes, '\n');
		size_t room = LINES_MAX - lines->part.len;

		str_add(&lines->part, span_upto(span_upto(bytes, end), room));
		lines->is_whole = end < bytes.len;
		if (lines->is_whole)
			end++;
		in_consume(&lines->in, end);
		lines->bytes += end;
		if (lines->is_whole)
			break;
		bytes = peek(lines);
	}
	*line = str_span(&lines->part);
	return true;
}

bool
lines_next(struct lines *lines, struct span *line)
{
	struct span bytes;
	size_t end;

	in_consume(&lines->in, lines->taken);
	lines->taken = 0;
	bytes = peek(lines);
	end = span_find(bytes, '\n');
	if (end == bytes.len)
		return next_in_parts(lines, bytes, line);
	*line = span_upto(span_upto(bytes, end), LINES_MAX);
	lines->is_whole = true;
	lines->taken = end + 1;
	lines->bytes += lines->taken;
	return true;
}

void
lines_flush(const char *program, struct out *out)
{
	if (out_flush(out) < 0)
		error_exit(program, "cannot write");
}

void
lines_free(struct lines *lines)
{
	str_free(&lines->part);
}
