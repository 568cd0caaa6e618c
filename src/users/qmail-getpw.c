/*
 * qmail-getpw.c - finds the account that a local part belongs to.
 * Runs as   qmailp: as a service of qmail-lspawn, or by hand as anyone.
 * Reads     the accounts of the system through the C library (NSS); local
 *           parts from its argument or from qmail-lspawn on a socket;
 *           control/break, once.
 * Writes    one record to fd 1, or an answer on the socket; no exec.
 * Source    qmail-getpw(8), qmail-users(5).
 *
 * A name is never "not found" because the lookup failed: that would bounce
 * mail while an account server is down.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/scan.h"
#include "base/str.h"
#include "config/control.h"
#include "config/home.h"
#include "config/users.h"
#include "sys/account.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/file.h"
#include "sys/signal.h"

#define NAME_MAX_LEN 31 /* bytes of an account name */

enum outcome {
	FOUND = 0,
	USAGE = 100,
	TROUBLE = 111, /* the lookup failed: try again later */
	HIDDEN = 112,  /* the same, but a setting stands in the way */
	NO_ALIAS = 116 /* there is no account to fall back on */
};

/* Whether the account of a local part may end before this byte; breaks are
 * the bytes of control/break. */
static bool
is_break(struct span breaks, char byte)
{
	return ascii_is_printable(byte) && byte != ' ' &&
	    !ascii_is_alnum(byte) && span_has(breaks, byte);
}

/* Whether an account may get mail: not root, and at home in its own home.
 * Returns 1, 0, or -1 with errno if that cannot be told.  A folder above that
 * is closed to us need not be closed to the account. */
static int
may_get_mail(const struct passwd *account)
{
	struct stat st;

	if (account->pw_uid == 0)
		return 0;
	if (stat(account->pw_dir, &st) < 0)
		return file_is_missing(errno) ? 0 : -1;
	return st.st_uid == account->pw_uid;
}

static enum outcome
look_up(struct span name, struct passwd **account)
{
	char text[NAME_MAX_LEN + 1];

	memcpy(text, name.s, name.len);
	text[name.len] = '\0';
	return account_find(text, account) < 0 ? TROUBLE : FOUND;
}

static void
add_record(struct str *record, const struct passwd *account, const char *dash,
    struct span extension)
{
	str_add_field(record, span_of(account->pw_name));
	str_add_u64(record, account->pw_uid);
	str_add_byte(record, '\0');
	str_add_u64(record, account->pw_gid);
	str_add_byte(record, '\0');
	str_add_field(record, span_of(account->pw_dir));
	str_add_field(record, span_of(dash));
	str_add_field(record, extension);
}

/* Tries the whole name, then ever shorter ones that end before a break. */
static enum outcome
find_account(struct span breaks, struct span local_part, struct str *record)
{
	struct passwd *account;
	struct str lower = STR_INIT;
	enum outcome outcome = FOUND;

	str_add_lower(&lower, local_part);
	for (size_t len = lower.len; len > 0 && outcome == FOUND; len--) {
		struct span rest = span_from(local_part, len);
		int fit;

		if ((rest.len && !is_break(breaks, rest.s[0])) ||
		    len > NAME_MAX_LEN ||
		    span_has(span_upto(str_span(&lower), len), '\0'))
			continue;
		outcome = look_up(span_upto(str_span(&lower), len), &account);
		if (!account)
			continue;
		fit = may_get_mail(account);
		if (fit < 0)
			outcome = error_is_temporary(errno) ? TROUBLE : HIDDEN;
		if (fit > 0) {
			add_record(record, account, rest.len ? "-" : "",
			    span_from(rest, 1));
			break;
		}
	}
	str_free(&lower);
	return outcome;
}

/*
 * In a private instance the caller plays alias, as every role, and alias is
 * at home in HOME/alias.
 */
static bool
add_private_alias(struct span local_part, struct str *record)
{
	struct passwd self = { .pw_uid = geteuid(), .pw_gid = getegid() };
	struct str home = STR_INIT;
	struct home_ids ids;

	if (geteuid() == 0 || home_ids_read(&ids) < 0 ||
	    ids.uid[HOME_ALIAS] != geteuid() ||
	    ids.uid[HOME_QMAILS] != geteuid())
		return false;
	str_add_z(&home, home_dir);
	str_add_z(&home, "/alias");
	self.pw_name = home.s + home.len - 5;
	self.pw_dir = home.s;
	add_record(record, &self, "-", local_part);
	str_free(&home);
	return true;
}

static enum outcome
find_record(struct span breaks, struct span local_part, struct str *record)
{
	struct passwd *alias;
	enum outcome outcome = find_account(breaks, local_part, record);

	if (outcome != FOUND || record->len ||
	    add_private_alias(local_part, record))
		return outcome;
	outcome = look_up(span_of(home_user_name(HOME_ALIAS)), &alias);
	if (outcome == FOUND && !alias)
		return NO_ALIAS;
	if (outcome == FOUND)
		add_record(record, alias, "-", local_part);
	return outcome;
}

/* What stands in the place of a record. */
static char
no_record(enum outcome outcome)
{
	return outcome == HIDDEN ? USERS_HOME_HIDDEN : USERS_NOT_NOW;
}

/* Answers local parts, one a datagram. */
static enum outcome
serve(int peer, struct span breaks)
{
	static char request[FDPASS_RECORD_MAX];
	struct str record = STR_INIT;
	enum outcome outcome;
	ssize_t got;

	while (
	    (got = fdpass_receive(peer, request, sizeof(request), NULL)) > 0) {
		str_reset(&record);
		outcome = find_record(
		    breaks, span_make(request, (size_t)got), &record);
		if (outcome != FOUND || record.len > USERS_RECORD_MAX) {
			str_reset(&record);
			str_add_byte(&record, no_record(outcome));
		}
		if (fdpass_say(peer, str_span(&record)) < 0)
			break;
	}
	str_free(&record);
	return got == 0 ? FOUND : TROUBLE;
}

int
main(int argc, char **argv)
{
	struct str record = STR_INIT, breaks = STR_INIT;
	enum outcome outcome;
	uint64_t peer;

	must_hooks(TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	str_add_z(&breaks, "-");
	if (chdir(home_dir) < 0 ||
	    control_read_line("control/break", &breaks) < 0)
		return TROUBLE;
	if (argc == 3 && span_equal(span_of(argv[1]), SPAN("--serve")) &&
	    scan_u64(span_of(argv[2]), 1023, &peer))
		return (int)serve((int)peer, str_span(&breaks));
	if (argc < 2)
		return USAGE;
	outcome = find_record(str_span(&breaks), span_of(argv[1]), &record);
	if (outcome == FOUND && fd_write_all(1, str_span(&record)) < 0)
		outcome = TROUBLE;
	return (int)(outcome == HIDDEN ? TROUBLE : outcome);
}
