/*
 * checkpassword.c - checks a password and becomes its owner.
 * Runs as   root, one process a login, started by qmail-popup, by Dovecot or
 *           by another server; in a private instance, as the caller.
 * Reads     name, password and timestamp on descriptor 3, from a stranger;
 *           users/pop.cdb and, through the C library, the accounts of the
 *           system with their shadow passwords.
 * Writes    nothing; runs the program of its arguments as the owner.
 * Source    checkpassword(8).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "base/secret.h"
#include "owner.h"
#include "sys/box.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/ids.h"

#define LOGIN_FD  3
#define ANSWER_MS 2000 /* a "no" comes so long after the question */
#define PATIENCE  60   /* seconds: nobody waits longer for an account */

enum outcome {
	REFUSED = 1,
	MISUSED = 2,
	UNKNOWN = 3, /* to Dovecot alone, which asked without a password */
	TROUBLE = 111
};

NORETURN static void
end(enum outcome outcome)
{
	_exit((int)outcome);
}

/* A "no" comes at the same moment, whatever the reason: guessing takes its
 * time, and tells nothing. */
NORETURN static void
refuse(int64_t start, enum outcome outcome)
{
	int64_t left;

	(void)alarm(0);
	while ((left = start + ANSWER_MS - clock_monotonic()) > 0)
		(void)poll(NULL, 0, (int)left);
	end(outcome);
}

static void
out_of_memory(void)
{
	end(TROUBLE);
}

/* Reads descriptor 3 to its end, or one byte more than it may have. */
static size_t
read_login(char bytes[POPLOGIN_MAX + 1])
{
	size_t len = 0;
	ssize_t got;

	while (
	    (got = fd_read(LOGIN_FD, bytes + len, POPLOGIN_MAX + 1 - len)) > 0)
		len += (size_t)got;
	if (got < 0)
		end(TROUBLE);
	fd_close(LOGIN_FD);
	return len;
}

static void
set_variable(const char *name, const char *value)
{
	if (setenv(name, value, 1) < 0)
		end(TROUBLE);
}

static void
set_number(const char *name, uint64_t number)
{
	struct str text = STR_INIT;

	str_add_u64(&text, number);
	set_variable(name, str_z(&text));
	str_free(&text);
}

/*
 * Whether it is Dovecot who asks, and wants to be told the owner's ids by its
 * own program, which must not run as the owner.  What a service here runs after
 * a password was checked never has that name.
 */
static bool
is_for_dovecot(const char *program)
{
	struct span name = span_of(program);

	name = span_from(name, span_find_last(name, '/') + 1);
	return span_equal(name, SPAN("checkpassword-reply")) &&
	    getenv("ORIG_UID");
}

/* Dovecot asks about somebody who has not told a password. */
static bool
is_without_password(void)
{
	const char *authorized = getenv("AUTHORIZED");

	return authorized && strcmp(authorized, "1") == 0;
}

static void
tell_dovecot(const struct owner *owner)
{
	const char *more = getenv("EXTRA");
	struct str extra = STR_INIT;

	str_add_z(&extra, "userdb_uid userdb_gid");
	if (more) {
		str_add_byte(&extra, ' ');
		str_add_z(&extra, more);
	}
	set_number("userdb_uid", owner->uid);
	set_number("userdb_gid", owner->gid);
	set_variable("EXTRA", str_z(&extra));
	if (is_without_password())
		set_variable("AUTHORIZED", "2");
	str_free(&extra);
}

/* Becomes the owner, at home. */
static void
become_owner(const struct owner *owner)
{
	if (ids_become(owner->uid, owner->gid, &owner->gid, 1) < 0)
		end(errno == EPERM ? REFUSED : TROUBLE);
	if (chdir(str_z(&owner->home)) < 0)
		end(TROUBLE);
	set_variable("SHELL", str_z(&owner->shell));
}

NORETURN static void
run_program(char **argv, const struct owner *owner)
{
	if (is_for_dovecot(argv[0]))
		tell_dovecot(owner);
	else
		become_owner(owner);
	set_variable("USER", str_z(&owner->name));
	set_variable("HOME", str_z(&owner->home));
	(void)alarm(0);
	(void)execvp(argv[0], argv);
	end(TROUBLE);
}

int
main(int argc, char **argv)
{
	int64_t start = clock_monotonic();
	char bytes[POPLOGIN_MAX + 1];
	struct owner owner = OWNER_INIT;
	struct poplogin login;
	size_t len;
	int found;

	must_hooks(TROUBLE, out_of_memory);
	if (argc < 2)
		end(MISUSED);
	(void)alarm(PATIENCE);
	if (box_hide() < 0)
		end(TROUBLE);
	len = read_login(bytes);
	if (len > POPLOGIN_MAX)
		refuse(start, REFUSED);
	if (!poplogin_parse(span_make(bytes, len), &login))
		end(MISUSED);
	found = owner_find(login.name, &owner);
	if (found < 0)
		end(TROUBLE);
	if (!(is_for_dovecot(argv[1]) && is_without_password())) {
		if (!owner_check(&owner, &login) || found == 0)
			refuse(start, REFUSED);
	} else if (found == 0) {
		refuse(start, UNKNOWN);
	}
	secret_wipe(bytes, sizeof(bytes));
	owner_forget(&owner);
	run_program(argv + 1, &owner);
}
