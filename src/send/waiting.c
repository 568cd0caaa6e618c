/*
 * waiting.c - the files of a message that waits.
 * Input: our own, perhaps damaged by a crash
 */
#include "waiting.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/scan.h"
#include "queue/path.h"
#include "queue/record.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/in.h"

#define INFO_MAX 4096

static const char channel_marks[CHANNELS] = { 'l', 'r' };

int
waiting_folder(enum channel_id channel)
{
	return channel == CHANNEL_LOCAL ? QUEUE_LOCAL : QUEUE_REMOTE;
}

/*
 * Counts the recipients in a channel file.
 * Returns 1; 0 if there is no such file; -1 if it is damaged or unreadable.
 */
static int
count_recipients(const char *path, uint64_t *count)
{
	char buffer[16384], letter;
	struct str address = STR_INIT;
	int fd = file_open_nofollow(path), result;
	struct in in;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	in_init(&in, fd, buffer, sizeof(buffer));
	for (*count = 0;; ++*count) {
		result = in_read_byte(&in, &letter);
		if (result > 0 && letter != WAITING_TO_DO &&
		    letter != WAITING_DONE)
			result = -1;
		if (result <= 0)
			break;
		str_reset(&address);
		if (in_read_until(&in, '\0', &address, INFO_MAX) <= 0) {
			result = -1;
			break;
		}
	}
	fd_close(fd);
	str_free(&address);
	return result < 0 ? -1 : 1;
}

/* The rest of info behind the sender: which channels are done already. */
static bool
parse_marks(struct span rest, uint64_t done[CHANNELS], bool is_done[CHANNELS])
{
	while (rest.len) {
		size_t end = span_find(rest, '\0');
		int channel = rest.s[0] == channel_marks[CHANNEL_LOCAL]
		    ? CHANNEL_LOCAL
		    : CHANNEL_REMOTE;

		if (end == rest.len || end == 0 ||
		    rest.s[0] != channel_marks[channel] ||
		    !scan_u64(span_make(rest.s + 1, end - 1), INT64_MAX,
			&done[channel]))
			return false;
		is_done[channel] = true;
		rest = span_from(rest, end + 1);
	}
	return true;
}

/* Reads info; *rest receives what stands behind the sender. */
static int
read_info(uint64_t number, uint64_t split, struct str *text,
    struct span *sender, struct span *rest)
{
	size_t end;

	if (file_read(queue_path(QUEUE_INFO, number, split).s, text, INFO_MAX) <
	    0)
		return -1;
	end = span_find(str_span(text), '\0');
	if (text->len == 0 || text->s[0] != 'F' || end == text->len) {
		errno = EBADMSG;
		return -1;
	}
	*sender = span_make(text->s + 1, end - 1);
	*rest = span_from(str_span(text), end + 1);
	return 0;
}

bool
waiting_is_whole(
    uint64_t number, uint64_t split, struct span sender, uint64_t recipients)
{
	uint64_t counts[CHANNELS] = { 0, 0 };
	bool is_done[CHANNELS] = { false, false };
	struct str text = STR_INIT;
	struct span found, rest;
	bool whole = read_info(number, split, &text, &found, &rest) == 0 &&
	    span_equal(found, sender) && parse_marks(rest, counts, is_done);

	for (int channel = 0; whole && channel < CHANNELS; channel++)
		if (!is_done[channel])
			whole =
			    count_recipients(
				queue_path((enum queue_folder)waiting_folder(
					       (enum channel_id)channel),
				    number, split)
				    .s,
				&counts[channel]) >= 0;
	str_free(&text);
	return whole &&
	    counts[CHANNEL_LOCAL] + counts[CHANNEL_REMOTE] == recipients;
}

int
waiting_read_info(
    uint64_t number, uint64_t split, struct str *sender, int64_t *birth)
{
	struct str text = STR_INIT;
	struct span found, rest;
	struct stat st;
	int result = read_info(number, split, &text, &found, &rest);

	if (result == 0)
		result = stat(queue_path(QUEUE_INFO, number, split).s, &st);
	if (result == 0) {
		str_set(sender, found);
		*birth = (int64_t)st.st_mtime;
	}
	str_free(&text);
	return result;
}

int
waiting_mark_channel(uint64_t number, uint64_t split, enum channel_id channel,
    uint64_t count, int64_t birth)
{
	struct queue_path path = queue_path(QUEUE_INFO, number, split);
	struct str mark = STR_INIT;
	int fd = file_append(path.s, 0600), result;

	if (fd < 0)
		return -1;
	record_add_number(&mark, channel_marks[channel], count);
	result = fd_write_all(fd, str_span(&mark));
	fd_close(fd);
	str_free(&mark);
	if (result == 0)
		result = file_set_time(path.s, birth);
	return result;
}
