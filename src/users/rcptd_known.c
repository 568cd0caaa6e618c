/*
 * rcptd_known.c - whether an address is known: the way of a delivery, from
 * control/locals to the .qmail file, without going in.
 * Input: addresses hostile; control files and accounts trusted
 *
 * What cannot be read, or is none of our business, counts as known: then the
 * delivery will say.  Unknown is only what would surely bounce.
 */
#include "rcptd.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/ascii.h"
#include "config/home.h"
#include "config/users.h"
#include "mail/dotqmail.h"
#include "sys/clock.h"

static const char *const watched[] = { "control/me", "control/locals",
	"control/virtualdomains", "control/percenthack", "control/envnoathost",
	"users/cdb" };

#define WATCHED (sizeof(watched) / sizeof(*watched))

void
known_init(struct known *known, const char *getpw)
{
	static const struct routing no_routing = ROUTING_INIT;
	static const struct cdb no_cdb = CDB_INIT;

	*known = (struct known){ .routing = no_routing, .users = no_cdb };
	lookup_init(&known->lookup, getpw, NULL);
}

void
known_free(struct known *known)
{
	routing_free(&known->routing);
	cdb_close(&known->users);
	lookup_end(&known->lookup);
}

/* Whether something is there that could not be read, which may pass. */
static bool
is_incomplete(const struct known *known)
{
	return !known->is_routing ||
	    (known->stamps[WATCHED - 1].is_there && known->users.fd == -1);
}

/* Reads again what has changed. */
static void
refresh(struct known *known)
{
	int64_t now = clock_monotonic();
	struct file_stamp stamps[WATCHED];
	bool is_changed = is_incomplete(known);
	const char *culprit;

	if (now < known->next_look)
		return;
	for (size_t i = 0; i < WATCHED; i++) {
		file_stamp_read(watched[i], &stamps[i]);
		if (!file_stamp_equal(&stamps[i], &known->stamps[i]))
			is_changed = true;
	}
	known->next_look = now + RCPTD_CONTROL_MS;
	if (!is_changed)
		return;
	for (size_t i = 0; i < WATCHED; i++)
		known->stamps[i] = stamps[i];
	routing_free(&known->routing);
	known->is_routing = routing_read(&known->routing, &culprit) == 0;
	cdb_close(&known->users);
	/* A failure shows when it is asked. */
	(void)!cdb_open(&known->users, home_users_cdb);
}

/* Everybody has one (RFC 5321 4.5.1). */
static bool
is_postmaster(struct span address)
{
	return span_equal_nocase(
	    span_upto(address, span_find_last(address, '@')),
	    SPAN("postmaster"));
}

/* Whether something stands under this name.  1, 0, or -1: cannot be told. */
static int
exists(const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG ||
		errno == ELOOP
	    ? 0
	    : -1;
}

/* Whether the account has a .qmail file for its extension, or needs none. */
static bool
has_rules(const struct users_account *account)
{
	struct dotqmail_names names =
	    dotqmail_names_begin(account->dash, account->extension);
	struct str path = STR_INIT, name = STR_INIT;
	int found = 0;

	/* Without a dash it is the account's own address. */
	if (account->dash.len == 0)
		return true;
	str_set(&path, account->home);
	str_add_byte(&path, '/');
	if (exists(str_z(&path)) <= 0)
		found = 1; /* nobody is at home: that defers */
	while (found == 0 && dotqmail_names_next(&names, &name)) {
		str_cut(&path, account->home.len + 1);
		str_add(&path, str_span(&name));
		found = exists(str_z(&path));
	}
	str_free(&path);
	str_free(&name);
	return found != 0;
}

/* The answer for an address that is delivered here. */
static bool
find_local(
    struct known *known, struct span local_part, enum rcptcheck_answer *answer)
{
	struct str record = STR_INIT;
	struct users_account account;
	int found = known->stamps[WATCHED - 1].is_there
	    ? users_find(&known->users, local_part, &record)
	    : 0;
	enum lookup_state state = LOOKUP_FOUND;

	*answer = RCPTCHECK_KNOWN;
	if (found == 0)
		state = lookup_ask(&known->lookup, local_part, &record);
	if (found < 0)
		state = LOOKUP_FAILED; /* of users/cdb: known, as below */
	else if (state == LOOKUP_FAILED ||
	    (state == LOOKUP_FOUND && record.len == 1))
		*answer = RCPTCHECK_LATER;
	else if (state == LOOKUP_FOUND &&
	    users_parse(str_span(&record), &account) && !has_rules(&account))
		*answer = RCPTCHECK_UNKNOWN;
	str_free(&record);
	return state != LOOKUP_ASKED;
}

bool
known_find(
    struct known *known, struct span address, enum rcptcheck_answer *answer)
{
	struct str routed = STR_INIT;
	struct span local_part;
	bool is_answered = true, is_here;

	refresh(known);
	*answer = RCPTCHECK_KNOWN;
	if (!known->is_routing)
		*answer = RCPTCHECK_LATER;
	if (!known->is_routing || is_postmaster(address))
		return true;
	is_here = routing_apply(&known->routing, address, &routed);
	local_part = span_upto(
	    str_span(&routed), span_find_last(str_span(&routed), '@'));
	if (is_here && local_part.len) /* without: a trash can */
		is_answered = find_local(known, local_part, answer);
	str_free(&routed);
	return is_answered;
}
