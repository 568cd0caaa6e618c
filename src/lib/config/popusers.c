/*
 * popusers.c - users who get mail by POP3 but have no account.
 * Input: names hostile, files trusted
 */
#include "config/popusers.h"

#include <errno.h>
#include <stdint.h>

#include "base/scan.h"
#include "config/cdb.h"
#include "config/home.h"

#define PLAIN "{PLAIN}"
#define CRYPT "{CRYPT}"

/* Takes the password field apart; empty is no password. */
static bool
take_password(struct span field, struct popuser *user)
{
	user->hash = user->plain = SPAN("");
	if (span_starts_nocase(field, SPAN(PLAIN)))
		user->plain = span_from(field, SPAN(PLAIN).len);
	else if (span_starts_nocase(field, SPAN(CRYPT)))
		user->hash = span_from(field, SPAN(CRYPT).len);
	else
		user->hash = field;
	return (user->hash.len || user->plain.len) &&
	    !span_starts(user->hash, SPAN("{"));
}

static bool
take_id(struct span field, uint64_t *id)
{
	return scan_u64(field, UINT32_MAX - 1, id);
}

const char *
popuser_parse_line(struct span line, struct popuser *user)
{
	struct span password, uid_field, gid_field, comment;
	uint64_t uid, gid;

	if (span_has(line, '\0'))
		return "has a NUL";
	if (!span_cut_next(&line, ':', &user->name) || user->name.len == 0 ||
	    user->name.len > POPUSERS_NAME_MAX)
		return "has no name, or one that is too long";
	if (!span_cut_next(&line, ':', &password) ||
	    !take_password(password, user))
		return "has no password, or one of a kind that is not known";
	if (!span_cut_next(&line, ':', &uid_field) ||
	    !take_id(uid_field, &uid) || uid == 0)
		return "has no number for the uid, or 0";
	if (!span_cut_next(&line, ':', &gid_field) || !take_id(gid_field, &gid))
		return "has no number for the gid";
	if (!span_cut_next(&line, ':', &comment) ||
	    !span_cut_next(&line, ':', &user->home) ||
	    !span_starts(user->home, SPAN("/")))
		return "has no home";
	user->uid = (uid_t)uid;
	user->gid = (gid_t)gid;
	return NULL;
}

void
popuser_format(const struct popuser *user, struct str *record)
{
	if (user->plain.len)
		str_add_z(record, PLAIN);
	str_add_field(record, user->plain.len ? user->plain : user->hash);
	str_add_u64(record, user->uid);
	str_add_byte(record, '\0');
	str_add_u64(record, user->gid);
	str_add_byte(record, '\0');
	str_add_field(record, user->home);
}

bool
popuser_parse(struct span record, struct popuser *user)
{
	struct span password, uid_field, gid_field;
	uint64_t uid, gid;

	user->name = SPAN("");
	if (record.len == 0 || record.s[record.len - 1] != '\0' ||
	    !span_cut_next(&record, '\0', &password) ||
	    !span_cut_next(&record, '\0', &uid_field) ||
	    !span_cut_next(&record, '\0', &gid_field) ||
	    !span_cut_next(&record, '\0', &user->home) || record.len ||
	    !take_password(password, user) || !take_id(uid_field, &uid) ||
	    uid == 0 || !take_id(gid_field, &gid) ||
	    !span_starts(user->home, SPAN("/")))
		return false;
	user->uid = (uid_t)uid;
	user->gid = (gid_t)gid;
	return true;
}

void
popuser_add_key(struct str *key, struct span name)
{
	str_add_lower(key, name);
}

int
popusers_find(struct span name, struct str *record)
{
	struct cdb cdb = CDB_INIT;
	struct str key = STR_INIT;
	int found;

	if (name.len == 0 || name.len > POPUSERS_NAME_MAX)
		return 0;
	if (cdb_open(&cdb, home_pop_cdb) < 0)
		return errno == ENOENT ? 0 : -1;
	popuser_add_key(&key, name);
	found = cdb_find(&cdb, str_span(&key), record);
	if (found > 0 && record->len > POPUSERS_RECORD_MAX) {
		errno = EBADMSG;
		found = -1;
	}
	cdb_close(&cdb);
	str_free(&key);
	return found;
}
