/*
 * home.c - where the suite lives, and who plays its roles.
 * Input: trusted
 */
#include "config/home.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/scan.h"
#include "base/str.h"
#include "home_conf.h" /* made from conf-qmail and conf-users */
#include "sys/fd.h"
#include "sys/file.h"

#define ACCOUNT_FILE_MAX (16u << 20)

const char home_dir[] = CONF_QMAIL;
const char home_control_dir[] = CONF_QMAIL "/control";
const char home_queue_dir[] = CONF_QMAIL "/queue";
const char home_sync_folders[] = CONF_QMAIL "/control/syncfolders";
const char home_make_maildir[] = CONF_QMAIL "/control/makemaildir";
const char home_program_timeout[] = CONF_QMAIL "/control/programtimeout";
const char home_signing_keys[] = CONF_QMAIL "/control/dkim";
const char home_smtproutes[] = CONF_QMAIL "/control/smtproutes";
const char home_users_cdb[] = CONF_QMAIL "/users/cdb";
const char home_pop_cdb[] = CONF_QMAIL "/users/pop.cdb";

static const char *const user_names[HOME_USERS] = { CONF_ALIAS, CONF_QMAILD,
	CONF_QMAILL, CONF_QMAILP, CONF_QMAILQ, CONF_QMAILR, CONF_QMAILS,
	CONF_QMAILV, CONF_QMAILT, CONF_QMAILK, CONF_QMAILH, CONF_QMAILF };
static const char *const group_names[HOME_GROUPS] = { CONF_GROUP_QMAIL,
	CONF_GROUP_NOFILES };

const char *
home_user_name(enum home_user user)
{
	return user_names[user];
}

const char *
home_group_name(enum home_group group)
{
	return group_names[group];
}

/*
 * Finds the line whose first fields are these, separators included; the id is
 * the field behind `skip` more.
 */
static bool
find_id(struct span text, char separator, struct span first, size_t skip,
    uint64_t *id)
{
	struct span line;

	while (span_cut_next(&text, '\n', &line)) {
		struct span field = SPAN("");

		if (!span_starts(line, first))
			continue;
		line = span_from(line, first.len);
		for (size_t i = 0; i <= skip; i++)
			if (!span_cut_next(&line, separator, &field))
				field = SPAN("");
		if (scan_u64(field, UINT32_MAX - 1, id))
			return true;
	}
	return false;
}

/* "KIND NAME ID" in users/ids */
static bool
find_named_id(
    struct span text, const char *kind, const char *name, uint64_t *id)
{
	struct str first = STR_INIT;
	bool found;

	str_add_z(&first, kind);
	str_add_z(&first, name);
	str_add_byte(&first, ' ');
	found = find_id(text, ' ', str_span(&first), 0, id);
	str_free(&first);
	return found;
}

/* "NAME:PASSWORD:ID:..." in passwd and group */
static bool
find_account_id(struct span text, const char *name, uint64_t *id)
{
	struct str first = STR_INIT;
	bool found;

	str_add_z(&first, name);
	str_add_byte(&first, ':');
	found = find_id(text, ':', str_span(&first), 1, id);
	str_free(&first);
	return found;
}

/* A role that older installations have no user for.  False: another one. */
static bool
stand_in(struct home_ids *ids, int user)
{
	if (user == HOME_QMAILV)
		ids->uid[user] = ids->uid[HOME_QMAILP];
	else if (user > HOME_QMAILV)
		ids->uid[user] = (uid_t)-1;
	else
		return false;
	return true;
}

/* "user NAME UID" and "group NAME GID" */
static bool
find_all_ids(struct span text, struct home_ids *ids)
{
	uint64_t id;

	for (int i = 0; i < HOME_USERS; i++) {
		if (find_named_id(text, "user ", user_names[i], &id))
			ids->uid[i] = (uid_t)id;
		else if (!stand_in(ids, i))
			return false;
	}
	for (int i = 0; i < HOME_GROUPS; i++) {
		if (!find_named_id(text, "group ", group_names[i], &id))
			return false;
		ids->gid[i] = (gid_t)id;
	}
	return true;
}

int
home_ids_find(struct home_ids *ids)
{
	struct str passwd = STR_INIT, group = STR_INIT;
	int result = -1;
	uint64_t id;

	if (file_read("/etc/passwd", &passwd, ACCOUNT_FILE_MAX) < 0 ||
	    file_read("/etc/group", &group, ACCOUNT_FILE_MAX) < 0)
		goto done;
	errno = ENOENT;
	for (int i = 0; i < HOME_USERS; i++) {
		if (find_account_id(str_span(&passwd), user_names[i], &id))
			ids->uid[i] = (uid_t)id;
		else if (!stand_in(ids, i))
			goto done;
	}
	for (int i = 0; i < HOME_GROUPS; i++) {
		if (!find_account_id(str_span(&group), group_names[i], &id))
			goto done;
		ids->gid[i] = (gid_t)id;
	}
	result = 0;
done:
	str_free(&passwd);
	str_free(&group);
	return result;
}

int
home_ids_read(struct home_ids *ids)
{
	struct str text = STR_INIT;
	bool found = file_read(CONF_QMAIL "/users/ids", &text, 4096) == 0 &&
	    find_all_ids(str_span(&text), ids);

	str_free(&text);
	return found ? 0 : home_ids_find(ids);
}

int
home_visit(int (*call)(void *), void *context)
{
	int here = file_open("."), result = -1;

	if (here < 0)
		return -1;
	if (chdir(home_dir) == 0)
		result = call(context);
	if (fchdir(here) < 0)
		result = -1;
	fd_close(here);
	return result;
}
