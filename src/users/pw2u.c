/*
 * pw2u.c - assignments for the accounts of a machine.
 * Input: trusted
 */
#include "pw2u.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/scan.h"
#include "config/home.h"
#include "sys/error.h"
#include "sys/file.h"

#define FIELDS 6 /* of a line of passwd(5), that is up to the home */

struct account {
	struct span name, gid, home;
	struct span uid_text;
	uint64_t uid;
};

/* Cuts so many fields off, each with its colon.  Returns whether all were
 * there. */
static bool
cut_fields(struct span line, struct span *fields, int count)
{
	for (int i = 0; i < count; i++) {
		size_t end = span_find(line, ':');

		if (end == line.len)
			return false;
		fields[i] = span_upto(line, end);
		line = span_from(line, end + 1);
	}
	return true;
}

/* Lines that are none are passed over, and so is root. */
static bool
parse_account(struct span line, struct account *account)
{
	struct span fields[FIELDS];

	if (span_has(line, '\0') || !cut_fields(line, fields, FIELDS))
		return false;
	account->name = fields[0];
	account->uid_text = fields[2];
	account->gid = fields[3];
	account->home = fields[5];
	return account->name.len &&
	    scan_u64(account->uid_text, UINT32_MAX, &account->uid) &&
	    account->uid != 0;
}

static bool
has_capital(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.s[i] >= 'A' && name.s[i] <= 'Z')
			return true;
	return false;
}

static bool
is_wanted(const struct pw2u *pw2u, struct span name)
{
	if (has_capital(name) && !pw2u->takes_capitals)
		return false;
	if (pw2u->has_include && !wordset_find(&pw2u->include, name, NULL))
		return false;
	return !wordset_find(&pw2u->exclude, name, NULL);
}

/* 1: it is as it has to be; 0: the account is passed over; -1: fault. */
static int
check_home(struct pw2u *pw2u, const struct account *account, const char **fault)
{
	struct str path = STR_INIT;
	struct stat st;
	int result;

	if (pw2u->homes == PW2U_ANY_HOME)
		return 1;
	str_add(&path, account->home);
	result = stat(str_z(&path), &st) == 0;
	if (result) {
		result = (uint64_t)st.st_uid == account->uid;
	} else if (pw2u->homes == PW2U_STOP_AT_MISSING ||
	    !file_is_missing(errno)) {
		*fault = error_text(errno);
		str_set(&pw2u->culprit, str_span(&path));
		result = -1;
	}
	str_free(&path);
	return result;
}

/* ":ACCOUNT:UID:GID:HOME:DASH" */
static void
add_place(struct pw2u *pw2u, struct span place, bool has_dash)
{
	str_add_byte(&pw2u->written, ':');
	str_add(&pw2u->written, place);
	str_add_byte(&pw2u->written, ':');
	if (has_dash)
		str_add_z(&pw2u->written, pw2u->has_slash ? "-/" : "-");
}

/* A name, and what begins with it.
 *   prefix   of the extension; NULL: the name is the account's own */
static void
add_name(struct pw2u *pw2u, struct span name, struct span place,
    const struct span *prefix)
{
	struct span start = prefix ? *prefix : SPAN("");

	str_add_byte(&pw2u->written, '=');
	str_add(&pw2u->written, name);
	add_place(pw2u, place, prefix);
	str_add_byte(&pw2u->written, ':');
	str_add(&pw2u->written, start);
	str_add_z(&pw2u->written, ":\n");
	if (!pw2u->mark)
		return;
	str_add_byte(&pw2u->written, '+');
	str_add(&pw2u->written, name);
	str_add_byte(&pw2u->written, pw2u->mark);
	add_place(pw2u, place, true);
	str_add_byte(&pw2u->written, ':');
	str_add(&pw2u->written, start);
	str_add_z(&pw2u->written, prefix ? "-:\n" : ":\n");
}

static void
add_account(struct pw2u *pw2u, const struct account *account)
{
	struct str place = STR_INIT;
	struct span names = account->name, name;

	str_add(&place, account->name);
	str_add_byte(&place, ':');
	str_add(&place, account->uid_text);
	str_add_byte(&place, ':');
	str_add(&place, account->gid);
	str_add_byte(&place, ':');
	str_add(&place, account->home);
	if (span_equal(account->name, span_of(home_user_name(HOME_ALIAS)))) {
		pw2u->has_alias = true;
		str_add_byte(&pw2u->written, '+');
		add_place(pw2u, str_span(&place), true);
		str_add_z(&pw2u->written, "::\n");
	}
	(void)wordset_find(&pw2u->mail_names, account->name, &names);
	while (span_cut_next(&names, ':', &name))
		if (name.len)
			add_name(pw2u, name, str_span(&place), NULL);
	wordset_add(&pw2u->accounts, account->name, str_span(&place));
	str_free(&place);
}

/* Names whose mail an account gets under a prefix of its own.  Lines with less
 * than three colons are passed over. */
static const char *
add_subusers(struct pw2u *pw2u)
{
	struct span rest = str_span(&pw2u->subusers), line, fields[3], place;

	while (span_cut_next(&rest, '\n', &line)) {
		if (!cut_fields(line, fields, 3))
			continue;
		if (!wordset_find(&pw2u->accounts, fields[1], &place)) {
			str_set(&pw2u->culprit, SPAN("users/subusers: "));
			str_add(&pw2u->culprit, fields[1]);
			return "is none of the accounts";
		}
		add_name(pw2u, fields[0], place, &fields[2]);
	}
	return NULL;
}

const char *
pw2u_make(struct pw2u *pw2u, struct span accounts)
{
	const char *fault = NULL;
	struct account account;
	struct span line;

	while (span_cut_next(&accounts, '\n', &line)) {
		int found;

		if (!parse_account(line, &account) ||
		    !is_wanted(pw2u, account.name))
			continue;
		found = check_home(pw2u, &account, &fault);
		if (found < 0)
			return fault;
		if (found)
			add_account(pw2u, &account);
	}
	if (!pw2u->has_alias) {
		str_set(&pw2u->culprit, span_of(home_user_name(HOME_ALIAS)));
		return "is none of the accounts";
	}
	return add_subusers(pw2u);
}
