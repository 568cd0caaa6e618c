/*
 * channel.c - the recipients of a message that waits.
 * Input: our own, perhaps damaged by a crash
 */
#include "queue/channel.h"

#include <errno.h>
#include <unistd.h>

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

int
channel_read_from(struct channel_reader *reader, int fd, uint64_t position)
{
	reader->fd = fd;
	reader->position = position;
	in_init(&reader->in, fd, reader->buffer, sizeof(reader->buffer));
	return lseek(fd, (off_t)position, SEEK_SET) < 0 ? -1 : 0;
}

int
channel_next(struct channel_reader *reader, uint64_t *position, bool *is_done,
    struct str *address)
{
	char letter;
	int got = in_read_byte(&reader->in, &letter);

	if (got <= 0)
		return got;
	str_reset(address);
	if (letter == TO_DO || letter == DONE)
		got = in_read_until(
		    &reader->in, '\0', address, CHANNEL_ADDRESS_MAX + 1);
	else
		got = 0;
	if (got < 0 && errno != EMSGSIZE)
		return -1;
	if (got <= 0) { /* no record, one that is cut, or has no end */
		errno = EBADMSG;
		return -1;
	}
	*position = reader->position;
	*is_done = letter == DONE;
	reader->position += 1 + address->len;
	str_cut(address, address->len - 1);
	return 1;
}

int
channel_add(struct out *out, struct span address)
{
	static const char letter = TO_DO;

	if (address.len > CHANNEL_ADDRESS_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	(void)out_add(out, span_make(&letter, 1)); /* the last one tells */
	(void)out_add(out, address);
	return out_add(out, span_make("\0", 1));
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
	struct str address = STR_INIT;
	uint64_t position;
	bool is_done;
	int got;
	int fd = file_open_nofollow(channel_path(channel, number, split).s);

	*total = *open = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	got = channel_read_from(&reader, fd, 0);
	while (got >= 0 &&
	    (got = channel_next(&reader, &position, &is_done, &address)) > 0) {
		++*total;
		*open += !is_done;
	}
	fd_close(fd);
	str_free(&address);
	return got < 0 ? -1 : 1;
}
