/*
 * logcount.c - lines of a log of one day.
 * Input: lines of ours, with names of strangers in them
 */
#include "logcount.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "sys/error.h"
#include "sys/in.h"

#define LINE_MAX_IN  8192 /* bytes; the rest of a longer line is passed over */
#define BUFFER	     65536
#define STAMP_LEN    25 /* "@" and 24 digits */
#define SECONDS_LEN  16 /* digits of them that are seconds */
#define TAI_OFFSET   (UINT64_C(1) << 62)
#define TAI_AHEAD    10 /* seconds, as all tools of this family have it */
#define UNSORTED_MAX 10000

/* ---- a line ---- */

/* The seconds since 1970 of a stamp, which is taken off. */
static bool
take_stamp(struct span *line, int64_t *seconds)
{
	uint64_t number = 0;

	if (line->len < STAMP_LEN || line->s[0] != '@')
		return false;
	for (int i = 1; i < STAMP_LEN; i++) {
		int digit = ascii_hex_value(line->s[i]);

		if (digit < 0)
			return false;
		if (i <= SECONDS_LEN)
			number = number << 4 | (unsigned)digit;
	}
	*line = span_from(*line, STAMP_LEN);
	*seconds = (int64_t)(number - TAI_OFFSET) - TAI_AHEAD;
	return number >= TAI_OFFSET;
}

bool
logcount_is_of_day(struct span *line, int64_t day)
{
	int64_t seconds;

	return take_stamp(line, &seconds) && seconds >= day &&
	    seconds < day + LOGCOUNT_DAY;
}

struct span
logcount_value(struct span words, struct span name)
{
	struct span word;

	while (span_cut_next(&words, ' ', &word)) {
		if (!span_starts(word, name))
			continue;
		word = span_from(word, name.len);
		if (word.len > 1 && word.s[0] == '"' &&
		    span_ends(word, SPAN("\"")))
			word = span_make(word.s + 1, word.len - 2);
		return word;
	}
	return SPAN("");
}

void
logcount_read(const char *program, struct logcount *count, int64_t day,
    void (*take)(struct logcount *count, struct span line, int64_t day))
{
	static char buffer[BUFFER];
	struct str line = STR_INIT;
	struct span bytes;
	struct in in;
	int got;

	in_init(&in, 0, buffer, sizeof(buffer));
	while ((got = in_peek(&in, &bytes)) > 0) {
		size_t end = span_find(bytes, '\n');

		if (line.len < LINE_MAX_IN)
			str_add(&line, span_upto(bytes, end));
		if (end < bytes.len) {
			take(count, span_upto(str_span(&line), LINE_MAX_IN),
			    day);
			str_reset(&line);
		}
		in_consume(&in, end < bytes.len ? end + 1 : end);
	}
	if (got < 0)
		error_exit(program, "the log");
	str_free(&line);
	logcount_sort(count);
	if (count->left_out)
		error_warn(
		    program, "too many kinds of lines; some are left out");
}

/* ---- keys ---- */

bool
logcount_has_room(struct logcount *count)
{
	if (count->sorted < LOGCOUNT_KINDS_MAX)
		return true;
	count->left_out++;
	return false;
}

void
logcount_add_part(struct str *key, struct span part)
{
	str_add_lower(key, part);
	str_add_byte(key, '\0');
}

void
logcount_add(struct logcount *count, struct str *key)
{
	vec_push(&count->keys, *key);
	vec_push(&count->counts, 1);
	*key = (struct str)STR_INIT;
	if (count->keys.len - count->sorted > UNSORTED_MAX)
		logcount_sort(count);
}

struct entry {
	struct str key;
	uint64_t count;
};

static int
compare(const void *a, const void *b)
{
	struct span left = str_span(&((const struct entry *)a)->key);
	struct span right = str_span(&((const struct entry *)b)->key);
	size_t len = left.len < right.len ? left.len : right.len;
	int order = memcmp(left.s, right.s, len);

	if (order != 0)
		return order;
	return left.len < right.len ? -1 : left.len > right.len;
}

void
logcount_sort(struct logcount *count)
{
	VEC(struct entry) entries = VEC_INIT;

	for (size_t i = 0; i < count->keys.len; i++)
		vec_push(&entries,
		    ((struct entry){ count->keys.at[i], count->counts.at[i] }));
	if (entries.len)
		qsort(entries.at, entries.len, sizeof(*entries.at), compare);
	count->keys.len = count->counts.len = 0;
	for (size_t i = 0; i < entries.len; i++) {
		struct entry *entry = &entries.at[i];
		size_t last = count->keys.len;

		if (last &&
		    span_equal(str_span(&count->keys.at[last - 1]),
			str_span(&entry->key))) {
			count->counts.at[last - 1] += entry->count;
			str_free(&entry->key);
			continue;
		}
		vec_push(&count->keys, entry->key);
		vec_push(&count->counts, entry->count);
	}
	count->sorted = count->keys.len;
	vec_free(&entries);
}

void
logcount_parts(const struct logcount *count, size_t index,
    struct span *const parts[], size_t len)
{
	struct span rest = str_span(&count->keys.at[index]);

	for (size_t i = 0; i < len; i++) {
		*parts[i] = SPAN("");
		(void)!span_cut_next(&rest, '\0', parts[i]);
	}
}

size_t
logcount_next(const struct logcount *count, size_t first)
{
	const struct str *keys = count->keys.at;
	struct span whole = str_span(&keys[first]);
	struct span part = span_upto(whole, span_find(whole, '\0') + 1);
	size_t next = first + 1;

	while (
	    next < count->keys.len && span_starts(str_span(&keys[next]), part))
		next++;
	return next;
}
