/*
 * growth.c - what a log has grown by.
 * Input: hostile
 */
#include "growth.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/wordset.h"
#include "sys/error.h"

#define PRINT_SEED 1 /* it is compared with one of another day */

/* The print of the bytes before an offset.  Returns false if they are not there. */
static bool
print_at(int fd, uint64_t offset, uint64_t *print)
{
	size_t len = offset < GROWTH_PRINT ? (size_t)offset : GROWTH_PRINT;
	char bytes[GROWTH_PRINT];

	if (pread(fd, bytes, len, (off_t)(offset - len)) != (ssize_t)len)
		return false;
	*print = wordset_hash(PRINT_SEED, span_make(bytes, len));
	return true;
}

/* Whether it is the file of the place: inodes come again. */
static bool
is_place(const struct growth *growth, int fd)
{
	struct stat st;
	uint64_t print;

	return growth->inode && fstat(fd, &st) == 0 &&
	    (uint64_t)st.st_ino == growth->inode &&
	    (uint64_t)st.st_size >= growth->offset &&
	    print_at(fd, growth->offset, &print) && print == growth->print;
}

static bool
is_later(const struct logstamp *a, const struct logstamp *b)
{
	if (a->seconds != b->seconds)
		return a->seconds > b->seconds;
	return a->nanoseconds > b->nanoseconds;
}

struct reading {
	struct growth *growth;
	const char *program;
	char *buffer;
	size_t size;
	void (*take)(void *context, struct span line);
	void *context;
	bool is_found; /* the place: what follows is new */
};

static void
take_line(
    struct reading *reading, const struct logstamp *before, struct span line)
{
	struct span rest = line;
	struct logstamp stamp;

	if (logstamp_cut(&rest, &stamp)) {
		if (!reading->is_found && !is_later(&stamp, before))
			return;
		if (is_later(&stamp, &reading->growth->last))
			reading->growth->last = stamp;
	}
	reading->take(reading->context, line);
}

/* A line without an end is not whole yet. */
static void
read_file(struct reading *reading, const struct logset_file *file,
    uint64_t offset, const struct logstamp *before)
{
	struct growth *growth = reading->growth;
	struct lines lines;
	struct span line;
	struct stat st;

	if (fstat(file->fd, &st) < 0 ||
	    lseek(file->fd, (off_t)offset, SEEK_SET) < 0)
		error_exit(reading->program, str_z(&file->name));
	lines_open(
	    &lines, reading->program, file->fd, reading->buffer, reading->size);
	growth->inode = (uint64_t)st.st_ino;
	growth->offset = offset;
	while (lines_next(&lines, &line) && lines.is_whole) {
		take_line(reading, before, line);
		growth->offset = offset + lines.bytes;
	}
	lines_free(&lines);
	if (!print_at(file->fd, growth->offset, &growth->print))
		error_exit(reading->program, str_z(&file->name));
}

void
growth_read(struct growth *growth, const struct logset *set,
    const struct logset_log *log, void (*take)(void *context, struct span line),
    void *context)
{
	struct reading reading = { .growth = growth,
		.program = set->program,
		.buffer = log->buffer,
		.size = LOGSET_BUFFER,
		.take = take,
		.context = context };
	struct logstamp before = growth->last;
	uint64_t offset = growth->offset;
	size_t first = 0;

	while (first < log->files.len &&
	    !is_place(growth, log->files.at[first].fd))
		first++;
	reading.is_found = first < log->files.len;
	if (!reading.is_found)
		first = offset = 0;
	for (size_t i = first; i < log->files.len; i++) {
		read_file(&reading, &log->files.at[i], offset, &before);
		offset = 0;
	}
}
