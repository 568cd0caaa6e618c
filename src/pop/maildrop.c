/*
 * maildrop.c - the messages of a Maildir in a POP3 session.
 * Input: names hostile
 */
#include "maildrop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/md5.h"
#include "base/wordset.h"
#include "mail/maildirname.h"
#include "maildrop_files.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/random.h"

#define UID_MAX 70 /* bytes; RFC 1939 7 */

void
maildrop_get(struct maildrop *drop, size_t i, struct maildrop_message *message)
{
	records_get(&drop->records, drop->entries.at[i].place, message);
}

size_t
maildrop_count(const struct maildrop *drop)
{
	return drop->entries.len;
}

void
maildrop_delete(struct maildrop *drop, size_t i)
{
	struct maildrop_message message;

	maildrop_get(drop, i, &message);
	must(!message.is_deleted);
	records_mark(&drop->records, drop->entries.at[i].place, true);
	drop->deleted++;
	drop->octets -= message.octets;
}

void
maildrop_restore(struct maildrop *drop)
{
	struct maildrop_message message;

	drop->deleted = 0;
	drop->octets = 0;
	for (size_t i = 0; i < drop->entries.len; i++) {
		records_mark(&drop->records, drop->entries.at[i].place, false);
		maildrop_get(drop, i, &message);
		drop->octets += message.octets;
	}
}

static bool
is_uid(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.s[i] < 0x21 || name.s[i] > 0x7e)
			return false;
	return name.len > 0 && name.len <= UID_MAX;
}

static struct span
base_of(struct span name)
{
	return span_upto(name, span_find(name, ':'));
}

void
maildrop_add_uid(struct maildrop *drop, size_t i, struct str *text)
{
	struct maildrop_message message;
	struct span base;

	maildrop_get(drop, i, &message);
	base = base_of(message.name);
	if (is_uid(base))
		str_add(text, base);
	else
		md5_add_hex(text, base);
}

/* ---- reading the folders ---- */

static uint32_t
short_seconds(int64_t seconds)
{
	if (seconds < 0)
		return 0;
	return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

/*
 * Finds out when a message came and how large it is, at best from its name.
 * Returns false if it is none.
 */
static bool
look_at(const struct maildrop *drop, struct maildrop_message *message,
    enum dir_kind kind, int64_t now, uint32_t *seconds)
{
	struct maildirname name;
	struct stat st;

	maildirname_parse(message->name, &name);
	if (kind == DIR_FILE && name.has_octets && name.has_seconds) {
		message->octets = name.octets;
		*seconds = short_seconds(name.seconds);
		return true;
	}
	if (kind == DIR_OTHER || message->name.s[0] == '.')
		return false;
	if (maildrop_stat(message, &st) < 0) {
		/* A file that is there, of which nothing can be told now: who
		 * does not see it listed forgets that he has it. */
		*seconds = short_seconds(name.seconds);
		return kind == DIR_FILE && errno != ENOENT;
	}
	if (!S_ISREG(st.st_mode) || maildirname_is_fresh(st.st_mtime, now))
		return false;
	*seconds = short_seconds(st.st_mtime);
	message->octets = (uint64_t)st.st_size;
	if (name.has_octets)
		message->octets = name.octets;
	else if (drop->counts_lines)
		maildrop_count_octets(message);
	return true;
}

static int
read_folder(struct maildrop *drop, bool is_new, int64_t now)
{
	struct dir dir = { .stream = NULL };
	const char *name;
	int got;

	if (dir_open(&dir, is_new ? "new" : "cur") < 0)
		return -1;
	while ((got = dir_next(&dir, &name)) > 0) {
		struct maildrop_message message = { .name = span_of(name),
			.is_new = is_new };
		struct maildrop_entry entry;

		if (name[0] == '.' ||
		    !look_at(
			drop, &message, dir_kind(&dir), now, &entry.seconds))
			continue;
		if ((got = records_add(
			 &drop->records, &message, &entry.place)) < 0)
			break;
		vec_push(&drop->entries, entry);
		drop->octets += message.octets;
	}
	dir_close(&dir);
	return got;
}

/* ---- the order of arrival ---- */

typedef bool order(const struct maildrop *drop, size_t a, size_t b);

static bool
comes_before(const struct maildrop *drop, size_t a, size_t b)
{
	struct maildrop_entry one = drop->entries.at[a];
	struct maildrop_entry other = drop->entries.at[b];

	if (one.seconds != other.seconds)
		return one.seconds < other.seconds;
	return records_compare(&drop->records, one.place, other.place) < 0;
}

/* Files of one name up to the colon lie side by side. */
static bool
has_base_before(const struct maildrop *drop, size_t a, size_t b)
{
	return records_compare_bases(&drop->records, drop->entries.at[a].place,
		   drop->entries.at[b].place) < 0;
}

static void
swap(struct maildrop *drop, size_t a, size_t b)
{
	struct maildrop_entry entry = drop->entries.at[a];

	drop->entries.at[a] = drop->entries.at[b];
	drop->entries.at[b] = entry;
}

/* Of a heap with the last message on top, sinks entry i to its level. */
static void
sink(struct maildrop *drop, size_t i, size_t count, order *is_before)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= count)
			return;
		if (child + 1 < count && is_before(drop, child, child + 1))
			child++;
		if (!is_before(drop, i, child))
			return;
		swap(drop, i, child);
		i = child;
	}
}

/* Needs no memory, and no more time for names that are chosen badly. */
static void
sort(struct maildrop *drop, order *is_before)
{
	size_t count = drop->entries.len;

	for (size_t i = count / 2; i > 0; i--)
		sink(drop, i - 1, count, is_before);
	while (count > 1) {
		swap(drop, 0, --count);
		sink(drop, 0, count, is_before);
	}
}

/* ---- files of one name ---- */

/* Whether another reader has moved message i while the folders were read, and
 * it was read under its new name too. */
static bool
has_moved(struct maildrop *drop, size_t i)
{
	struct maildrop_message message;
	struct stat st;

	maildrop_get(drop, i, &message);
	return maildrop_stat(&message, &st) < 0 && errno == ENOENT;
}

/*
 * Whether messages i and j are one file: a move from new to cur was broken off,
 * or is under way, where that is a link and an unlink.
 *   is_new   receives whether i is the one in new
 */
static bool
is_one_file(struct maildrop *drop, size_t i, size_t j, bool *is_new)
{
	struct maildrop_message message;
	struct stat one, other;

	maildrop_get(drop, i, &message);
	*is_new = message.is_new;
	if (maildrop_stat(&message, &one) < 0)
		return false;
	maildrop_get(drop, j, &message);
	return maildrop_stat(&message, &other) == 0 &&
	    one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static void
forget(struct maildrop *drop, size_t i)
{
	struct maildrop_message message;

	maildrop_get(drop, i, &message);
	drop->octets -= message.octets;
}

/* Gives message i a name that no other has: the host gets longer.  What cannot
 * be renamed keeps its name, and has the unique-id of another. */
static int
rename_apart(struct maildrop *drop, size_t i)
{
	struct maildrop_message message, renamed;
	struct str old = STR_INIT, name = STR_INIT;
	struct span base;
	size_t end;
	int result = 0;

	maildrop_get(drop, i, &message);
	str_set(&old, message.name);
	message.name = str_span(&old);
	base = base_of(message.name);
	end = span_find(base, ',');
	str_add(&name, span_upto(base, end));
	str_add_byte(&name, '_');
	str_add_u64(&name, random_u64());
	str_add(&name, span_from(message.name, end));
	renamed = message;
	renamed.name = str_span(&name);
	if (maildrop_rename(&message, &renamed) == 0)
		result = records_add(
		    &drop->records, &renamed, &drop->entries.at[i].place);
	str_free(&old);
	str_free(&name);
	return result;
}

/* Makes sure that each name up to the colon is that of one message. */
static int
separate(struct maildrop *drop)
{
	size_t kept = 0, first = 0;

	sort(drop, has_base_before);
	for (size_t i = 0; i < drop->entries.len; i++) {
		bool is_twin = kept > 0 && !has_base_before(drop, first, i);
		bool is_new = false;
		bool is_one = is_twin && is_one_file(drop, first, i, &is_new);

		if (is_twin && (has_moved(drop, first) || (is_one && is_new))) {
			forget(drop, first);
			drop->entries.at[first] = drop->entries.at[i];
			continue;
		}
		if (is_twin && (is_one || has_moved(drop, i))) {
			forget(drop, i);
			continue;
		}
		if (is_twin && rename_apart(drop, i) < 0)
			return -1;
		if (!is_twin)
			first = kept;
		drop->entries.at[kept++] = drop->entries.at[i];
	}
	drop->entries.len = kept;
	return 0;
}

int
maildrop_open(struct maildrop *drop, int64_t now, bool counts_lines)
{
	*drop = (struct maildrop){ .counts_lines = counts_lines };
	if (read_folder(drop, true, now) < 0 ||
	    read_folder(drop, false, now) < 0 || separate(drop) < 0)
		return -1;
	sort(drop, comes_before);
	return 0;
}

/* ---- what another reader moves ---- */

/* Notes where message i is now. */
static int
note_move(struct maildrop *drop, size_t i, struct span name, bool is_new)
{
	struct maildrop_message message;

	maildrop_get(drop, i, &message);
	message.name = name;
	message.is_new = is_new;
	return records_add(
	    &drop->records, &message, &drop->entries.at[i].place);
}

/* Looks for message i under its present name.  0; -1 with errno, ENOENT. */
static int
find_again(struct maildrop *drop, size_t i)
{
	struct maildrop_message message;
	struct str name = STR_INIT;
	bool is_new;
	int found;

	maildrop_get(drop, i, &message);
	found = maildrop_search(base_of(message.name), &name, &is_new);
	if (found > 0)
		found = note_move(drop, i, str_span(&name), is_new);
	else if (found == 0)
		found = (errno = ENOENT, -1);
	str_free(&name);
	return found;
}

int
maildrop_open_message(struct maildrop *drop, size_t i)
{
	struct maildrop_message message;
	int fd;

	maildrop_get(drop, i, &message);
	fd = maildrop_open_file(&message);
	if (fd >= 0 || errno != ENOENT || find_again(drop, i) < 0)
		return fd;
	maildrop_get(drop, i, &message);
	return maildrop_open_file(&message);
}

/* ---- at the end ---- */

/* The part of a name that stays, as a word that is another if a letter is small
 * or large in it. */
static void
set_word(struct str *word, struct span name)
{
	struct span base = base_of(name);

	str_reset(word);
	for (size_t i = 0; i < base.len; i++) {
		if (base.s[i] >= 'A' && base.s[i] <= 'Z')
			str_add_byte(word, '/'); /* is in no name */
		str_add_byte(word, base.s[i]);
	}
}

/* Removes those that a folder has.  Returns how many it has still; -1 with
 * errno if it cannot be read. */
static int
remove_from(const struct wordset *missing, bool is_new)
{
	struct dir dir = { .stream = NULL };
	struct str word = STR_INIT;
	const char *name;
	int left = 0, got;

	if (dir_open(&dir, is_new ? "new" : "cur") < 0)
		return -1;
	while ((got = dir_next(&dir, &name)) > 0) {
		struct maildrop_message message = { .name = span_of(name),
			.is_new = is_new };

		set_word(&word, message.name);
		if (wordset_find(missing, str_span(&word), NULL) &&
		    maildrop_unlink(&message) < 0 && errno != ENOENT)
			left++;
	}
	dir_close(&dir);
	str_free(&word);
	return got < 0 ? -1 : left;
}

/* Removes what another reader has moved: each folder is read once, however
 * many these are.  Returns how many are still there, as far as that is known. */
static size_t
remove_moved(const struct wordset *missing)
{
	size_t left = 0;

	if (wordset_is_empty(missing))
		return 0;
	for (int is_new = 1; is_new >= 0; is_new--) {
		int kept = remove_from(missing, is_new);

		left += kept < 0 ? 1 : (size_t)kept;
	}
	return left;
}

size_t
maildrop_update(struct maildrop *drop)
{
	struct wordset missing = { .seed = random_u64() };
	struct str word = STR_INIT;
	size_t left = 0;

	for (size_t i = 0; i < drop->entries.len; i++) {
		struct maildrop_message message;

		maildrop_get(drop, i, &message);
		if (!message.is_deleted && message.is_new) {
			maildrop_move_to_cur(&message);
		} else if (message.is_deleted &&
		    maildrop_unlink(&message) < 0) {
			if (errno != ENOENT) {
				left++;
				continue;
			}
			set_word(&word, message.name);
			wordset_add(&missing, str_span(&word), SPAN(""));
		}
	}
	left += remove_moved(&missing);
	wordset_free(&missing);
	str_free(&word);
	return left;
}
