/*
 * info.c - the sender of a message that waits.
 * Input: our own, perhaps damaged by a crash
 */
#include "queue/info.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scan.h"
#include "queue/envelope.h"
#include "queue/replace.h"
#include "queue/record.h"
#include "sys/fd.h"
#include "sys/file.h"

#define INFO_MAX  4096 /* bytes: the sender and a handful of marks */
#define INFO_MODE 0600
#define BOUNCED	  'b'
#define AHEAD	  'a'
#define DELAY	  'w'
#define ORDER	  'o'

static const char finished_letters[CHANNELS] = { 'l', 'r' };

static bool
is_order(struct span value)
{
	return value.len == 1 &&
	    (value.s[0] == INFO_ORDER_NONE || value.s[0] == INFO_ORDER_HOLD ||
		value.s[0] == INFO_ORDER_PAUSE ||
		value.s[0] == INFO_ORDER_RETURN ||
		value.s[0] == INFO_ORDER_DELETE);
}

/* Takes over what the marks say, up to one that breaks off. */
static void
parse_marks(struct span rest, struct info *info)
{
	struct span value;
	char letter;

	while (record_next(&rest, &letter, &value)) {
		uint64_t count;

		if (letter == ENVELOPE_PARAMETERS)
			str_set(&info->parameters, value);
		if (letter == BOUNCED)
			info->is_bounced = true;
		if (letter == AHEAD && scan_u64(value, INT64_MAX, &count))
			info->seen_ahead = (int64_t)count;
		if (letter == DELAY && scan_u64(value, CHANNELS - 1, &count))
			info->is_told_of_delay[count] = true;
		if (letter == ORDER && is_order(value))
			info->order = (enum info_order)value.s[0];
		for (int i = 0; i < CHANNELS; i++)
			if (letter == finished_letters[i] &&
			    scan_u64(value, INT64_MAX, &count)) {
				info->is_finished[i] = true;
				info->counts[i] = count;
			}
	}
}

/* What the file holds, and its time. */
static int
read_whole(const char *path, struct str *text, int64_t *birth)
{
	struct stat st;
	int fd = file_open_nofollow(path);
	int result;

	if (fd < 0)
		return -1;
	result = fstat(fd, &st);
	if (result == 0)
		result = file_read_regular(fd, text, INFO_MAX);
	if (result < 0 && errno == EFBIG)
		errno = EBADMSG;
	*birth = result == 0 ? (int64_t)st.st_mtime : 0;
	fd_close(fd);
	return result;
}

int
info_read(uint64_t number, uint64_t split, struct info *info)
{
	struct str text = STR_INIT;
	struct span rest, sender;
	char letter;
	int result = read_whole(
	    queue_path(QUEUE_INFO, number, split).s, &text, &info->birth);

	rest = str_span(&text);
	if (result == 0 &&
	    (!record_next(&rest, &letter, &sender) ||
		letter != ENVELOPE_SENDER)) {
		errno = EBADMSG;
		result = -1;
	}
	if (result == 0) {
		str_set(&info->sender, sender);
		parse_marks(rest, info);
	}
	str_free(&text);
	return result;
}

bool
info_order_ends(enum info_order order)
{
	return order == INFO_ORDER_RETURN || order == INFO_ORDER_DELETE;
}

bool
info_order_holds(enum info_order order)
{
	return order == INFO_ORDER_HOLD || order == INFO_ORDER_PAUSE;
}

void
info_free(struct info *info)
{
	str_free(&info->sender);
	str_free(&info->parameters);
}

int
info_write(uint64_t number, uint64_t split, struct span sender,
    struct span parameters, enum info_order order, int64_t birth)
{
	const char letter = (char)order;
	struct str text = STR_INIT;
	struct replace replace;
	int result;

	record_add(&text, ENVELOPE_SENDER, sender);
	if (parameters.len)
		record_add(&text, ENVELOPE_PARAMETERS, parameters);
	if (order != INFO_ORDER_NONE)
		record_add(&text, ORDER, span_make(&letter, 1));
	result = replace_open(&replace, QUEUE_INFO, number, split, INFO_MODE);
	if (result == 0) {
		(void)out_add(&replace.out, str_span(&text));
		result = replace_close(&replace, birth);
	}
	str_free(&text);
	return result;
}

/* How long the file is, up to what a power cut has left of a mark. */
static int
whole_len(const char *path, off_t *len)
{
	struct str text = STR_INIT;
	struct span rest, value;
	int64_t birth;
	char letter;
	int result = read_whole(path, &text, &birth);

	rest = str_span(&text);
	while (record_next(&rest, &letter, &value))
		continue;
	*len = (off_t)(text.len - rest.len);
	str_free(&text);
	return result;
}

/* Appends a mark; that changes the time, which is the birth, even if it fails.
 * What could not be appended whole counts for nothing, and goes before the next
 * mark: behind half a mark, or zeros, that one would count as none. */
static int
mark(const char *path, struct span text, int64_t birth)
{
	off_t len;
	int fd, result, number;

	if (whole_len(path, &len) < 0 ||
	    (fd = file_append(path, INFO_MODE)) < 0)
		return -1;
	result = ftruncate(fd, len);
	if (result == 0)
		result = fd_write_all(fd, text);
	number = errno;
	if (file_set_time(path, birth) < 0)
		result = -1;
	else
		errno = number;
	fd_close(fd);
	return result;
}

/* A mark that is a number. */
static int
mark_number(
    uint64_t number, uint64_t split, char letter, uint64_t value, int64_t birth)
{
	struct str text = STR_INIT;
	int result;

	record_add_number(&text, letter, value);
	result = mark(
	    queue_path(QUEUE_INFO, number, split).s, str_span(&text), birth);
	str_free(&text);
	return result;
}

int
info_mark_finished(uint64_t number, uint64_t split, enum channel_id channel,
    uint64_t count, int64_t birth)
{
	return mark_number(
	    number, split, finished_letters[channel], count, birth);
}

int
info_mark_bounced(uint64_t number, uint64_t split, int64_t birth)
{
	static const char text[] = { BOUNCED, '\0' };

	return mark(queue_path(QUEUE_INFO, number, split).s,
	    span_make(text, sizeof(text)), birth);
}

int
info_mark_delay(
    uint64_t number, uint64_t split, enum channel_id channel, int64_t birth)
{
	return mark_number(number, split, DELAY, channel, birth);
}

int
info_mark_ahead(uint64_t number, uint64_t split, int64_t seen, int64_t birth)
{
	return mark_number(number, split, AHEAD, (uint64_t)seen, birth);
}

/* Where the letter of an order stands in the file; -1: nowhere. */
static off_t
order_position(struct span text)
{
	struct span rest = text, value;
	char letter;

	while (record_next(&rest, &letter, &value))
		if (letter == ORDER && value.len == 1)
			return value.s - text.s;
	return -1;
}

/* Finds the letter and where it stands; adds one that orders nothing if there is
 * none.  Returns 0, -1 with errno. */
static int
find_order(const char *path, int64_t birth, off_t *position, char *letter)
{
	static const char none[] = { ORDER, INFO_ORDER_NONE, '\0' };
	struct str text = STR_INIT;
	int64_t time;
	int result = read_whole(path, &text, &time);

	*position = order_position(str_span(&text));
	if (result == 0 && *position < 0) {
		str_reset(&text);
		result = mark(path, span_make(none, sizeof(none)), birth);
		if (result == 0)
			result = read_whole(path, &text, &time);
		*position = order_position(str_span(&text));
	}
	if (result == 0 && *position < 0) {
		errno = EBADMSG;
		result = -1;
	}
	*letter = result == 0 ? text.s[*position] : INFO_ORDER_NONE;
	str_free(&text);
	return result;
}

/* What fails behind the letter takes it back: it must not be obeyed later. */
static int
put_order(int fd, const char *path, off_t position, const char letters[2],
    int64_t birth)
{
	int number;

	if (pwrite(fd, &letters[1], 1, position) != 1)
		return -1;
	if (file_set_time(path, birth) == 0)
		return 0;
	number = errno;
	if (pwrite(fd, &letters[0], 1, position) == 1)
		errno = number;
	return -1;
}

int
info_mark_order(
    uint64_t number, uint64_t split, enum info_order order, int64_t birth)
{
	struct queue_path path = queue_path(QUEUE_INFO, number, split);
	char letters[2] = { 0, (char)order }; /* the old one, the new one */
	off_t position;
	int fd = file_update(path.s), result;

	if (fd < 0)
		return -1;
	result = find_order(path.s, birth, &position, &letters[0]);
	if (result == 0)
		result = put_order(fd, path.s, position, letters, birth);
	fd_close(fd);
	return result;
}
