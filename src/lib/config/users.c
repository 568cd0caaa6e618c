/*
 * users.c - who gets the mail of a local address.
 * Input: local part hostile, records trusted
 */
#include "config/users.h"

#include <errno.h>

#include "base/scan.h"

bool
users_parse(struct span record, struct users_account *account)
{
	struct span fields[6];
	uint64_t uid, gid;

	for (int i = 0; i < 6; i++) {
		size_t end = span_find(record, '\0');

		if (end == record.len && i < 5)
			return false;
		fields[i] = span_upto(record, end);
		record = span_from(record, end + 1);
	}
	if (fields[0].len == 0 || fields[3].len == 0 ||
	    !scan_u64(fields[1], UINT32_MAX - 1, &uid) ||
	    !scan_u64(fields[2], UINT32_MAX - 1, &gid))
		return false;
	*account = (struct users_account){ .user = fields[0],
		.home = fields[3],
		.dash = fields[4],
		.extension = fields[5],
		.uid = (uid_t)uid,
		.gid = (gid_t)gid };
	return true;
}

/* Tries the wildcards: every start of the name that ends in one of `marks`,
 * and the empty one.  key is "!name", lower case. */
static int
find_wildcard(const struct cdb *cdb, struct span key, struct span marks,
    struct span local_part, struct str *record)
{
	for (size_t len = key.len; len > 0; len--) {
		int found;

		if (len > 1 && !span_has(marks, key.s[len - 1]))
			continue;
		found = cdb_find(cdb, span_upto(key, len), record);
		if (found == 0)
			continue;
		if (found > 0)
			str_add_field(record, span_from(local_part, len - 1));
		return found;
	}
	return 0;
}

int
users_find(const struct cdb *cdb, struct span local_part, struct str *record)
{
	struct str key = STR_INIT, marks = STR_INIT;
	int found;

	str_add_byte(&key, '!');
	str_add_lower(&key, local_part);
	str_add_byte(&key, '\0');
	found = cdb_find(cdb, str_span(&key), record);
	if (found == 0) {
		found = cdb_find(cdb, SPAN(""), &marks);
		if (found == 0) {
			errno = EBADMSG;
			found = -1;
		}
		str_cut(&key, key.len - 1);
		if (found > 0)
			found = find_wildcard(cdb, str_span(&key),
			    str_span(&marks), local_part, record);
	}
	str_free(&key);
	str_free(&marks);
	return found;
}

const char *
users_parse_line(struct span line, struct users_assignment *assignment)
{
	struct span parts[7];

	if (span_has(line, '\0'))
		return "has a NUL";
	if (!span_starts(line, SPAN("=")) && !span_starts(line, SPAN("+")))
		return "begins with neither = nor +";
	assignment->is_exact = line.s[0] == '=';
	line = span_from(line, 1);
	for (int i = 0; i < 7; i++) {
		size_t end = span_find(line, ':');

		if (end == line.len)
			return "has less than seven colons";
		parts[i] = span_upto(line, end);
		line = span_from(line, end + 1);
	}
	assignment->local_part = parts[0];
	for (int i = 0; i < 6; i++)
		assignment->fields[i] = parts[i + 1];
	return NULL;
}

void
users_add_key(struct str *key, const struct users_assignment *assignment)
{
	str_add_byte(key, '!');
	str_add_lower(key, assignment->local_part);
	if (assignment->is_exact)
		str_add_byte(key, '\0');
}

void
users_add_record(struct str *record, const struct users_assignment *assignment)
{
	for (int i = 0; i < 6; i++) {
		if (i > 0)
			str_add_byte(record, '\0');
		str_add(record, assignment->fields[i]);
	}
}
