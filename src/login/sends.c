/* sends.c - how much mail each user has sent. */
#include "sends.h"

#include <errno.h>
#include "keep.h"
#include "sys/clock.h"
#include "sys/file.h"

#define FILE_MAX (16u << 20) /* bytes */

static bool
is_over(const struct sends_entry *entry, int64_t now)
{
	/* Nor is it of a time to come, when the clock was set back. */
	return now - entry->start >= SENDS_HOUR || now < entry->start;
}

static void
remove_at(struct sends *sends, size_t index)
{
	str_free(&sends->all.at[index].name);
	sends->all.at[index] = sends->all.at[--sends->all.len];
}

static void
remove_over(struct sends *sends, int64_t now)
{
	for (size_t i = sends->all.len; i-- > 0;)
		if (is_over(&sends->all.at[i], now))
			remove_at(sends, i);
}

static void
remove_first(struct sends *sends)
{
	size_t first = 0;

	for (size_t i = 1; i < sends->all.len; i++)
		if (sends->all.at[i].start < sends->all.at[first].start)
			first = i;
	remove_at(sends, first);
}

/* The entry of a name, of this hour; made if it is missing. */
static struct sends_entry *
entry_of(struct sends *sends, struct span name, int64_t now)
{
	struct sends_entry fresh = { .start = now };

	remove_over(sends, now);
	for (size_t i = 0; i < sends->all.len; i++)
		if (span_equal_nocase(str_span(&sends->all.at[i].name), name))
			return &sends->all.at[i];
	if (sends->all.len >= SENDS_MAX)
		remove_first(sends);
	str_set(&fresh.name, name);
	vec_push(&sends->all, fresh);
	return &sends->all.at[sends->all.len - 1];
}

static bool
has_room(uint64_t used, uint64_t more, uint64_t limit)
{
	return limit == 0 || (used <= limit && more <= limit - used);
}

bool
sends_count(
    struct sends *sends, struct span name, uint64_t recipients, int64_t now)
{
	struct sends_entry *entry = entry_of(sends, name, now);

	if (!has_room(entry->messages, 1, sends->messages) ||
	    !has_room(entry->recipients, recipients, sends->recipients))
		return false;
	entry->messages++;
	entry->recipients += recipients;
	if (!sends->save_at)
		sends->save_at = clock_monotonic() + SENDS_SAVE_MS;
	return true;
}

/* ---- the file ---- */

int
sends_load(struct sends *sends, const char *path, int64_t now)
{
	struct str text = STR_INIT;
	struct span rest, line;
	int result = file_read(path, &text, FILE_MAX);

	if (result < 0 && file_is_missing(errno))
		result = 0;
	rest = str_span(&text);
	while (result == 0 && span_cut_next(&rest, '\n', &line)) {
		struct sends_entry entry = { .start = 0 };
		uint64_t start;

		if (sends->all.len >= SENDS_MAX ||
		    !keep_cut_number(&line, &start) ||
		    !keep_cut_number(&line, &entry.messages) ||
		    !keep_cut_number(&line, &entry.recipients) || line.len == 0)
			continue;
		entry.start = (int64_t)start;
		str_set(&entry.name, line);
		vec_push(&sends->all, entry);
	}
	remove_over(sends, now);
	str_free(&text);
	return result;
}

static void
add_line(struct str *text, const struct sends_entry *entry)
{
	str_add_u64(text, (uint64_t)entry->start);
	str_add_byte(text, ' ');
	str_add_u64(text, entry->messages);
	str_add_byte(text, ' ');
	str_add_u64(text, entry->recipients);
	str_add_byte(text, ' ');
	str_add(text, str_span(&entry->name));
	str_add_byte(text, '\n');
}

int
sends_save(struct sends *sends, const char *path)
{
	struct str text = STR_INIT;
	int result;

	sends->save_at = 0;
	for (size_t i = 0; i < sends->all.len; i++)
		add_line(&text, &sends->all.at[i]);
	result = keep_text(path, str_span(&text));
	str_free(&text);
	return result;
}

void
sends_free(struct sends *sends)
{
	while (sends->all.len)
		remove_at(sends, sends->all.len - 1);
	vec_free(&sends->all);
}
