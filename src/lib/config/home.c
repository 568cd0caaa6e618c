/*
 * home.c - where the suite lives, and who plays its roles.
 * Input: trusted
 */
#include "config/home.h"

#include <errno.h>
#include <stdbool.h>

#include "base/scan.h"
#include "base/str.h"
#include "home_conf.h" /* made from conf-qmail and conf-users */
#include "sys/file.h"

#define ACCOUNT_FILE_MAX (16u << 20)

const char home_dir[] = CONF_QMAIL;
const char home_control_dir[] = CONF_QMAIL "/control";
const char home_queue_dir[] = CONF_QMAIL "/queue";
const char home_qmail_queue[] = CONF_QMAIL "/bin/qmail-queue";
const char home_users_cdb[] = CONF_QMAIL "/users/cdb";

static const char *const user_names[HOME_USERS] = { CONF_ALIAS, CONF_QMAILD,
	CONF_QMAILL, CONF_QMAILP, CONF_QMAILQ, CONF_QMAILR, CONF_QMAILS };
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

/* Finds the line whose field `name_field` is name; its field `id_field`. */
static bool
find_id(struct span text, char separator, size_t name_field, const char *name,
    size_t id_field, uint64_t *id)
{
	struct span line;

	while (span_cut_next(&text, '\n', &line)) {
		struct span field, name_found = SPAN(""), id_found = SPAN("");

		for (size_t i = 0; span_cut_next(&line, separator, &field);
		     i++) {
			if (i == name_field)
				name_found = field;
			if (i == id_field)
				id_found = field;
		}
		if (span_equal(name_found, span_of(name)) &&
		    scan_u64(id_found, UINT32_MAX - 1, id))
			return true;
	}
	return false;
}

/* "user NAME UID" and "group NAME GID" */
static bool
find_all_ids(struct span text, struct home_ids *ids)
{
	uint64_t id;

	for (int i = 0; i < HOME_USERS; i++) {
		if (!find_id(text, ' ', 1, user_names[i], 2, &id))
			return false;
		ids->uid[i] = (uid_t)id;
	}
	for (int i = 0; i < HOME_GROUPS; i++) {
		if (!find_id(text, ' ', 1, group_names[i], 2, &id))
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
		if (!find_id(str_span(&passwd), ':', 0, user_names[i], 2, &id))
			goto done;
		ids->uid[i] = (uid_t)id;
	}
	for (int i = 0; i < HOME_GROUPS; i++) {
		if (!find_id(str_span(&group), ':', 0, group_names[i], 2, &id))
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
