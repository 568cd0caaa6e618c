/*
 * channel.c - the recipients of a message that waits.
 * Input: our own, perhaps damaged by a crash
 */
#include "queue/channel.h"

#include <errno.h>
#include <unistd.h>

#include "queue/envelope.h"
#include "sys/fd.h"
#include "sys/file.h"

#define TO_DO 'T'
#define DONE  'D'

enum queue_folder
channel_folder(enum channel_id channel)
{
	return channel == CHANNEL_LOCAL ? QUEUE_LOCAL : QUEUE_REMOTE;
}

struct queue_path
channel_path(enum channel_id channel, uint64_t number, uint64_t split)
{
	return queue_path(channel_folder(channel), number, split);
}

int
channel_open(enum channel_id channel, uint64_t number, uint64_t split)
{
	return file_update(channel_path(channel, number, split).s);
}

void
channel_read(struct channel_reader *reader, int fd)
{
	reader->fd = fd;
	reader->position = 0;
	in_init(&reader->in, fd, reader->buffer, sizeof(reader->buffer));
}

int
channel_read_from(struct channel_reader *reader, int fd, uint64_t position)
{
	channel_read(reader, fd);
	reader->position = position;
	return lseek(fd, (off_t)position, SEEK_SET) < 0 ? -1 : 0;
}

void
channel_recipient_free(struct channel_recipient *recipient)
{
	str_free(&recipient->address);
	str_free(&recipient->parameters);
}

/* Reads the bytes behind a letter.  Returns 1; -1 with errno. */
static int
read_value(struct channel_reader *reader, struct str *value)
{
	int got =
	    in_read_until(&reader->in, '\0', value, CHANNEL_ADDRESS_MAX + 1);

	if (got < 0 && errno != EMSGSIZE)
		return -1;
	if (got <= 0) { /* it is cut, or has no end */
		errno = EBADMSG;
		return -1;
	}
	reader->position += 1 + value->len;
	str_cut(value, value->len - 1);
	return 1;
}

int
channel_next(struct channel_reader *reader, struct channel_recipient *recipient)
{
	char letter;
	int got;

	str_reset(&recipient->address);
	str_reset(&recipient->parameters);
	recipient->start = reader->position;
	got = in_read_byte(&reader->in, &letter);
	if (got <= 0)
		return got;
	if (letter == ENVELOPE_RECIPIENT_PARAMETERS &&
	    (read_value(reader, &recipient->parameters) < 0 ||
		in_read_byte(&reader->in, &letter) < 0))
		return -1;
	if (letter != TO_DO && letter != DONE) { /* R of nobody, too */
		errno = EBADMSG;
		return -1;
	}
	recipient->position = reader->position;
	recipient->is_done = letter == DONE;
	return read_value(reader, &recipient->address);
}

int
channel_add(
    struct out *out, struct span address, struct span parameters, bool is_done)
{
	if (address.len > CHANNEL_ADDRESS_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if (parameters.len)
		envelope_add(out, ENVELOPE_RECIPIENT_PARAMETERS, parameters);
	envelope_add(out, is_done ? DONE : TO_DO, address);
	if (out->failure == 0)
		return 0;
	errno = out->failure;
	return -1;
}

int
channel_mark_done(int fd, uint64_t position)
{
	static const char letter = DONE;
	ssize_t put;

	do
		put = pwrite(fd, &letter, 1, (off_t)position);
	while (put < 0 && errno == EINTR);
	return put == 1 ? 0 : -1;
}

int
channel_count(enum channel_id channel, uint64_t number, uint64_t split,
    uint64_t *total, uint64_t *open)
{
	struct channel_reader reader;
	struct channel_recipient next = CHANNEL_RECIPIENT_INIT;
	int got;
	int fd = file_open_nofollow(channel_path(channel, number, split).s);

	*total = *open = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	got = channel_read_from(&reader, fd, 0);
	while (got >= 0 && (got = channel_next(&reader, &next)) > 0) {
		++*total;
		*open += !next.is_done;
	}
	fd_close(fd);
	channel_recipient_free(&next);
	return got < 0 ? -1 : 1;
}
