/*
 * hosts.c - the domains for which mail is accepted.
 * Input: lists trusted, addresses hostile
 */
#include "config/hosts.h"

#include <errno.h>

#include "base/str.h"
#include "config/control.h"

int
hosts_read(struct hosts *hosts, const char *list, const char *more)
{
	int result = control_read_set(list, '\0', &hosts->names);

	if (result <= 0)
		return result;
	hosts->accept_all = false;
	hosts->more = more;
	return 0;
}

/*
 * Moves *suffix from the whole domain to what begins with its next dot.
 * Returns false when there is no more.
 */
static bool
next_suffix(struct span *suffix)
{
	size_t dot;

	if (suffix->len == 0)
		return false;
	dot = span_find(span_from(*suffix, 1), '.');
	*suffix = span_from(*suffix, dot + 1);
	return suffix->len > 0;
}

/* Asks the database, whose keys are in lower case. */
static int
find_in_database(const struct cdb *cdb, struct span domain)
{
	struct str lower = STR_INIT;
	struct span suffix;
	int result;

	str_add_lower(&lower, domain);
	suffix = str_span(&lower);
	do
		result = cdb_find(cdb, suffix, NULL);
	while (result == 0 && next_suffix(&suffix));
	str_free(&lower);
	return result;
}

int
hosts_accept(struct hosts *hosts, struct span address)
{
	size_t at = span_find_last(address, '@');
	struct span domain = span_from(address, at + 1);
	struct span suffix = domain;

	if (hosts->accept_all || at == address.len)
		return 1;
	do
		if (wordset_find(&hosts->names, suffix, NULL))
			return 1;
	while (next_suffix(&suffix));
	if (hosts->database.fd == -1 &&
	    cdb_open(&hosts->database, hosts->more) < 0)
		return errno == ENOENT ? 0 : -1;
	return find_in_database(&hosts->database, domain);
}
