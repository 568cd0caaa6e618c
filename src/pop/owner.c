/*
 * owner.c - whose mail it is.
 * Input: logins hostile, users trusted
 */
#include "owner.h"

#include <errno.h>
#include <pwd.h>

#include "base/secret.h"
#include "config/popusers.h"
#include "sys/account.h"
#include "sys/clock.h"
#include "sys/shadow.h"

#define VIRTUAL_SHELL "/bin/sh"

/* Takes the record of a user without account.  0; -1 with errno. */
static int
take_virtual(struct span name, struct span record, struct owner *owner)
{
	struct popuser user;

	if (!popuser_parse(record, &user)) {
		errno = EBADMSG;
		return -1;
	}
	popuser_add_key(&owner->name, name);
	str_set(&owner->home, user.home);
	str_add_z(&owner->shell, VIRTUAL_SHELL);
	str_set(&owner->hash, user.hash);
	str_set(&owner->plain, user.plain);
	owner->uid = user.uid;
	owner->gid = user.gid;
	owner->is_current = true;
	return 0;
}

/* 1, 0, -1 with errno */
static int
find_virtual(struct span name, struct owner *owner)
{
	struct str record = STR_INIT;
	int found = popusers_find(name, &record);

	if (found > 0 && take_virtual(name, str_span(&record), owner) < 0)
		found = -1;
	if (record.s)
		secret_wipe(record.s, record.len);
	str_free(&record);
	return found;
}

static int
find_account(const char *name, struct owner *owner)
{
	struct passwd *account;
	int found = account_find(name, &account);

	if (found <= 0)
		return found;
	if (account->pw_uid == 0)
		return 0;
	str_add_z(&owner->name, account->pw_name);
	str_add_z(&owner->home, account->pw_dir);
	str_add_z(&owner->shell, account->pw_shell);
	owner->uid = account->pw_uid;
	owner->gid = account->pw_gid;
	return shadow_find(str_z(&owner->name), account->pw_passwd,
		   clock_seconds(), &owner->hash, &owner->is_current) < 0
	    ? -1
	    : 1;
}

int
owner_find(struct span name, struct owner *owner)
{
	int found = find_virtual(name, owner);

	return found ? found : find_account(name.s, owner);
}

bool
owner_check(const struct owner *owner, const struct poplogin *login)
{
	bool fits_hash = shadow_check(login->password.s, str_z(&owner->hash));
	bool fits_plain = poplogin_is_plain(login, str_span(&owner->plain)) &&
	    owner->plain.len > 0;

	return (fits_hash || fits_plain) && owner->is_current;
}

void
owner_forget(struct owner *owner)
{
	if (owner->hash.s)
		secret_wipe(owner->hash.s, owner->hash.len);
	if (owner->plain.s)
		secret_wipe(owner->plain.s, owner->plain.len);
	str_free(&owner->hash);
	str_free(&owner->plain);
}
