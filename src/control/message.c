/*
 * message.c - a message of the queue, as an administrator looks at it.
 * Input: files of the queue; addresses: hostile
 */
#include "message.h"

#include <errno.h>
#include <sys/stat.h>

#include "queue/envelope.h"
#include "queue/state.h"
#include "sys/fd.h"
#include "sys/file.h"

const char *
stage_name(enum stage state)
{
	static const char *const names[STAGES] = {
		[STAGE_WAITING] = "waiting",
		[STAGE_NEW] = "new",
		[STAGE_DELIVERING] = "delivering",
		[STAGE_HELD] = "held",
		[STAGE_ENDING] = "ending",
	};

	return names[state];
}

static void
add_recipient(struct message *message, enum channel_id channel, bool is_done,
    struct span address, struct span parameters)
{
	struct message_recipient recipient = { .channel = channel,
		.is_done = is_done,
		.address = message->texts.len };

	str_add_field(&message->texts, address);
	recipient.parameters = message->texts.len;
	str_add_field(&message->texts, parameters);
	vec_push(&message->recipients, recipient);
}

static int
read_channel(struct message *message, enum channel_id channel, uint64_t split)
{
	struct queue_path path = channel_path(channel, message->number, split);
	struct channel_recipient next = CHANNEL_RECIPIENT_INIT;
	struct channel_reader reader;
	int fd = file_open_nofollow(path.s), got = 1;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	channel_read(&reader, fd);
	while (got > 0 && (got = channel_next(&reader, &next)) > 0)
		add_recipient(message, channel, next.is_done,
		    str_span(&next.address), str_span(&next.parameters));
	fd_close(fd);
	channel_recipient_free(&next);
	return got;
}

/* The records behind the sender: parameters, and recipients with theirs. */
static int
read_records(struct message *message, struct in *in)
{
	struct str value = STR_INIT, wishes = STR_INIT;
	char letter = ENVELOPE_SENDER;
	int result;

	while ((result = envelope_next(in, NULL, &letter, &value)) == 0 &&
	    letter != ENVELOPE_END) {
		if (letter == ENVELOPE_PARAMETERS)
			str_set(&message->info.parameters, str_span(&value));
		else if (letter == ENVELOPE_RECIPIENT_PARAMETERS)
			str_set(&wishes, str_span(&value));
		if (letter != ENVELOPE_RECIPIENT)
			continue;
		add_recipient(message, CHANNELS, false, str_span(&value),
		    str_span(&wishes));
		str_reset(&wishes);
	}
	str_free(&value);
	str_free(&wishes);
	return result;
}

static int
read_todo(struct message *message, uint64_t split)
{
	struct queue_path path = queue_path(QUEUE_TODO, message->number, split);
	char buffer[4096];
	struct in in;
	struct stat st;
	uint64_t uid, pid;
	int fd = file_open_nofollow(path.s), result;

	if (fd < 0)
		return -1;
	in_init(&in, fd, buffer, sizeof(buffer));
	result = fstat(fd, &st);
	if (result == 0)
		result =
		    envelope_read_head(&in, &uid, &pid, &message->info.sender);
	if (result == 0) {
		message->info.birth = (int64_t)st.st_mtime;
		result = read_records(message, &in);
	}
	message->is_unsorted = result == 0;
	fd_close(fd);
	return result;
}

/* Where it is sorted, from info; else from todo. */
static int
read_envelope(struct message *message, uint64_t split)
{
	int result = info_read(message->number, split, &message->info);

	return result < 0 && errno == ENOENT ? read_todo(message, split)
					     : result;
}

static void
begin(struct message *message, uint64_t number)
{
	info_free(&message->info);
	message->info = (struct info)INFO_INIT;
	message->number = number;
	message->is_unsorted = message->is_bouncing = false;
	message->recipients.len = 0;
	str_reset(&message->texts);
}

int
message_read(
    struct message *message, uint64_t number, uint64_t split, unsigned files)
{
	struct stat st;
	int result;

	begin(message, number);
	if (stat(queue_path(QUEUE_MESS, number, split).s, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	message->size = (uint64_t)st.st_size;
	result = read_envelope(message, split);
	if (result < 0 && errno == ENOENT) /* it may be sorted just now */
		result = read_envelope(message, split);
	for (int i = 0; result == 0 && !message->is_unsorted && i < CHANNELS;
	     i++)
		if (files & MESSAGE_FILE(channel_folder((enum channel_id)i)))
			result =
			    read_channel(message, (enum channel_id)i, split);
	if (result < 0)
		return errno == ENOENT ? 0 : -1;
	message->is_bouncing = (files & MESSAGE_FILE(QUEUE_BOUNCE)) &&
	    message_file_exists(queue_path(QUEUE_BOUNCE, number, split)) > 0;
	return 1;
}

struct span
message_address(
    const struct message *message, const struct message_recipient *recipient)
{
	return span_of(message->texts.s + recipient->address);
}

struct span
message_parameters(
    const struct message *message, const struct message_recipient *recipient)
{
	return span_of(message->texts.s + recipient->parameters);
}

void
message_free(struct message *message)
{
	info_free(&message->info);
	vec_free(&message->recipients);
	str_free(&message->texts);
}
