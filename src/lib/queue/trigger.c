/*
 * trigger.c - lock/trigger, the FIFO that tells qmail-todo of new mail.
 * Input: hostile
 */
#include "queue/trigger.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fmt.h"
#include "queue/path.h"
#include "sys/fd.h"

#define TRIGGER_MAX 65536 /* bytes read at once */

static const char trigger_name[] = "lock/trigger";

/* The pages of a FIFO are not filled to the last byte.  Usually there are 16;
 * Linux gives a user who has many pipes one or two. */
static size_t
full_at(int fd)
{
	size_t capacity = fd_pipe_capacity(fd);

	if (capacity > TRIGGER_MAX)
		capacity = TRIGGER_MAX;
	return capacity - capacity / 16;
}

void
trigger_pull(uint64_t number)
{
	char line[FMT_U64_MAX + 1];
	size_t len = fmt_u64(line, number);
	int fd =
	    openat(AT_FDCWD, trigger_name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	line[len++] = '\n';
	/* Without a reader, or with a full FIFO, the next scan finds it. */
	if (fd >= 0)
		(void)!fd_write(fd, span_make(line, len));
	fd_close(fd);
}

int
trigger_open(struct trigger *trigger)
{
	struct stat st;

	*trigger = (struct trigger){ .read_fd = -1, .write_fd = -1 };
	trigger->read_fd =
	    open(trigger_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (trigger->read_fd < 0)
		return -1;
	if (fstat(trigger->read_fd, &st) == 0 && S_ISFIFO(st.st_mode)) {
		trigger->write_fd = openat(
		    AT_FDCWD, trigger_name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		trigger->full = full_at(trigger->read_fd);
		if (trigger->write_fd >= 0)
			return 0;
	} else {
		errno = EINVAL;
	}
	fd_close(trigger->read_fd);
	trigger->read_fd = -1;
	return -1;
}

void
trigger_close(struct trigger *trigger)
{
	fd_close(trigger->read_fd);
	fd_close(trigger->write_fd);
	vec_free(&trigger->numbers);
	*trigger = (struct trigger){ .read_fd = -1, .write_fd = -1 };
}

void
trigger_read(struct trigger *trigger)
{
	char buffer[TRIGGER_MAX];
	ssize_t got = fd_read(trigger->read_fd, buffer, sizeof(buffer));
	struct span rest, line;

	trigger->numbers.len = 0;
	if (got <= 0)
		return;
	if ((size_t)got >= trigger->full)
		trigger->wants_scan = true;
	rest = span_make(buffer, (size_t)got);
	while (span_cut_next(&rest, '\n', &line)) {
		uint64_t number;

		if (queue_path_number(line, &number))
			vec_push(&trigger->numbers, number);
		else
			trigger->wants_scan = true;
	}
}
