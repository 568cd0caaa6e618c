/*
 * state.c - what the files of a message say of it.
 * Input: our own, perhaps damaged by a crash
 */
#include "queue/state.h"

#include <errno.h>
#include <unistd.h>

#include "queue/info.h"

int
message_file_exists(struct queue_path path)
{
	if (access(path.s, F_OK) == 0)
		return 1;
	return queue_is_missing(path) ? 0 : -1;
}

/* What a failed read of one of the files means. */
static enum message_state
state_of_failure(void)
{
	return errno == EBADMSG || errno == ENOENT || errno == ELOOP
	    ? MESSAGE_DAMAGED
	    : MESSAGE_CANNOT_TELL;
}

/* Without info: is there a channel file? */
static enum message_state
state_without_info(uint64_t number, uint64_t split)
{
	for (int i = 0; i < CHANNELS; i++) {
		int there = message_file_exists(
		    channel_path((enum channel_id)i, number, split));

		if (there)
			return there > 0 ? MESSAGE_DAMAGED
					 : MESSAGE_CANNOT_TELL;
	}
	return MESSAGE_UNSORTED;
}

static enum message_state
compare(uint64_t number, uint64_t split, const struct info *info,
    struct span sender, uint64_t recipients, bool waits[CHANNELS])
{
	uint64_t total = 0, to_do = 0;
	bool is_finished = false;

	if (!span_equal(str_span(&info->sender), sender))
		return MESSAGE_DAMAGED;
	for (int i = 0; i < CHANNELS; i++) {
		uint64_t count = info->counts[i], open = 0;

		if (info->is_finished[i]) {
			is_finished = true;
		} else {
			int found = channel_count(
			    (enum channel_id)i, number, split, &count, &open);

			if (found < 0)
				return state_of_failure();
			waits[i] = found > 0;
		}
		total += count;
		to_do += open;
	}
	if (total != recipients)
		return MESSAGE_DAMAGED;
	if (to_do == 0) {
		waits[CHANNEL_LOCAL] = waits[CHANNEL_REMOTE] = false;
		return MESSAGE_ALL_DONE;
	}
	return is_finished ? MESSAGE_FINISHED_CHANNEL : MESSAGE_WHOLE;
}

enum message_state
message_state(uint64_t number, uint64_t split, struct span sender,
    uint64_t recipients, bool waits[CHANNELS])
{
	struct info info = INFO_INIT;
	enum message_state state;

	waits[CHANNEL_LOCAL] = waits[CHANNEL_REMOTE] = false;
	if (info_read(number, split, &info) == 0)
		state =
		    compare(number, split, &info, sender, recipients, waits);
	else if (errno == ENOENT)
		state = state_without_info(number, split);
	else
		state = state_of_failure();
	info_free(&info);
	return state;
}
