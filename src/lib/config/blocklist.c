/*
 * blocklist.c - addresses that are not welcome.
 * Input: lists trusted, addresses hostile
 */
#include "config/blocklist.h"

#include <errno.h>

#include "base/ascii.h"
#include "config/control.h"

int
blocklist_read(
    struct blocklist *blocklist, const char *list, const char *database)
{
	struct span rest, line;

	if (control_read_list(list, &blocklist->text) < 0)
		return -1;
	rest = str_span(&blocklist->text);
	while (span_cut_next(&rest, '\n', &line))
		if (span_has(line, '*'))
			vec_push(&blocklist->patterns, line);
		else
			wordset_add(&blocklist->words, line, SPAN(""));
	if (cdb_open(&blocklist->database, database) < 0 && errno != ENOENT)
		return -1;
	return 0;
}

/*
 * Whether a pattern fits.  After a * the next part is looked for from left to
 * right, and never again before where it was found: linear in the address for
 * each part.
 */
static bool
fits(struct span pattern, struct span text)
{
	size_t at = 0, i = 0, star = pattern.len, resume = 0;

	while (at < text.len) {
		if (i < pattern.len && pattern.s[i] == '*') {
			star = i++;
			resume = at;
		} else if (i < pattern.len &&
		    ascii_lower(pattern.s[i]) == ascii_lower(text.s[at])) {
			i++;
			at++;
		} else if (star < pattern.len) {
			i = star + 1;
			at = ++resume;
		} else {
			return false;
		}
	}
	while (i < pattern.len && pattern.s[i] == '*')
		i++;
	return i == pattern.len;
}

/* The address, then its domain with the @, in the database. */
static int
find_in_database(const struct cdb *cdb, struct span address, size_t at)
{
	struct str lower = STR_INIT;
	int result;

	if (cdb->fd == -1)
		return 0;
	str_add_lower(&lower, address);
	result = cdb_find(cdb, str_span(&lower), NULL);
	if (result == 0 && at < address.len)
		result = cdb_find(cdb, span_from(str_span(&lower), at), NULL);
	str_free(&lower);
	return result;
}

int
blocklist_has(const struct blocklist *blocklist, struct span address)
{
	size_t at;

	while (address.len &&
	    (address.s[address.len - 1] == '.' ||
		ascii_is_blank(address.s[address.len - 1])))
		address.len--;
	at = span_find_last(address, '@');
	if (wordset_find(&blocklist->words, address, NULL) ||
	    (at < address.len &&
		wordset_find(&blocklist->words, span_from(address, at), NULL)))
		return 1;
	for (size_t i = 0; i < blocklist->patterns.len; i++)
		if (fits(blocklist->patterns.at[i], address))
			return 1;
	return find_in_database(&blocklist->database, address, at);
}

void
blocklist_free(struct blocklist *blocklist)
{
	wordset_free(&blocklist->words);
	vec_free(&blocklist->patterns);
	str_free(&blocklist->text);
	cdb_close(&blocklist->database);
}
