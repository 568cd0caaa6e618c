/* known.c - the names that were right from an address, over a restart. */
#include "known.h"

#include <errno.h>

#include "base/scan.h"
#include "base/str.h"
#include "keep.h"
#include "sys/fd.h"
#include "sys/file.h"

#define FILE_MAX (1u << 20) /* bytes: all of the table, and some */
#define MS	 1000

/* Takes over a line; what is none is passed over. */
static void
load_line(struct tries *tries, struct span line, int64_t now)
{
	uint64_t age, key;

	if (keep_cut_number(&line, &age) && age < KNOWN_SECONDS &&
	    scan_u64(line, UINT64_MAX, &key) && key != 0)
		tries_know(tries, key, now - (int64_t)age * MS);
}

int
known_load(struct tries *tries, const char *path, int64_t now)
{
	struct str text = STR_INIT;
	struct span rest, line;
	int result = file_read(path, &text, FILE_MAX);

	if (result < 0 && file_is_missing(errno))
		result = 0;
	rest = str_span(&text);
	if (result == 0 && span_cut_next(&rest, '\n', &line) &&
	    scan_u64(line, UINT64_MAX, &tries->seed))
		while (span_cut_next(&rest, '\n', &line))
			load_line(tries, line, now);
	str_free(&text);
	return result;
}

/* Adds a line, unless the place is free or its time is over: then it is free. */
static void
add_line(struct str *text, struct tries_entry *entry, int64_t now)
{
	int64_t age = (now - entry->at) / MS;

	if (age >= KNOWN_SECONDS)
		entry->key = 0;
	if (entry->key == 0)
		return;
	str_add_u64(text, (uint64_t)age);
	str_add_byte(text, ' ');
	str_add_u64(text, entry->key);
	str_add_byte(text, '\n');
}

int
known_save(struct tries *tries, const char *path, int64_t now)
{
	struct str text = STR_INIT;
	int result;

	tries->save_at = 0;
	str_add_u64(&text, tries->seed);
	str_add_byte(&text, '\n');
	for (size_t i = 0; i < TRIES_SETS; i++)
		for (size_t way = 0; way < TRIES_WAYS; way++)
			add_line(&text, &tries->right.entries[i][way], now);
	result = keep_text(path, str_span(&text));
	str_free(&text);
	return result;
}
