/*
 * shadow.c - passwords of accounts.
 * Input: passwords hostile, hashes trusted
 */
#include "sys/shadow.h"

#include <errno.h>
#include <shadow.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "sys/account.h"

#define HASH_MIN  13  /* letters of the shortest kind */
#define ELSEWHERE "x" /* in passwd(5): the hash is in shadow(5) */

/* For users that there are not: the kinds that are usual, best first. */
static const char *const nobody[] = {
	"$y$j9T$ofnobodyofnobody$JpYb6/5N6LZ1Cq0yXcXqQfR4eEEXYH5fR0sM5eXf7B6",
	"$6$ofnobodyofnobody$",
};

bool
shadow_is_current(const struct shadow_times *times, int64_t day)
{
	if (times->expires >= 0 && day >= times->expires)
		return false;
	if (times->last_change == 0)
		return false;
	return times->last_change < 0 || times->max < 0 ||
	    day <= times->last_change + times->max +
		(times->inactive > 0 ? times->inactive : 0);
}

int
shadow_find(const char *name, const char *passwd, int64_t seconds,
    struct str *hash, bool *is_current)
{
	struct shadow_times times;
	struct spwd *entry;

	errno = 0;
	entry = getspnam(name);
	if (!entry && errno != 0 && errno != ENOENT && errno != ESRCH)
		return -1;
	/* When the C library cannot read the file it says, too, that it knows no
	 * such account. */
	if (!entry && strcmp(passwd, ELSEWHERE) == 0) {
		int found = account_is_in("/etc/shadow", name);

		if (found > 0)
			errno = EAGAIN;
		if (found != 0)
			return -1;
	}
	str_set(hash, span_of(entry ? entry->sp_pwdp : passwd));
	*is_current = true;
	if (!entry)
		return 0;
	times = (struct shadow_times){ .last_change = entry->sp_lstchg,
		.max = entry->sp_max,
		.inactive = entry->sp_inact,
		.expires = entry->sp_expire };
	*is_current = shadow_is_current(&times, seconds / SHADOW_DAY);
	return 0;
}

/* Whether crypt made a hash of it: its answers to nonsense begin with a star,
 * and so do, or with !, the hashes of locked accounts. */
static bool
is_hash(const char *text)
{
	return text && strlen(text) >= HASH_MIN && text[0] != '*' &&
	    text[0] != '!';
}

/* As much work as a check, for nothing. */
static void
work_in_vain(const char *password)
{
	for (size_t i = 0; i < sizeof(nobody) / sizeof(*nobody); i++)
		if (is_hash(crypt(password, nobody[i])))
			return;
}

bool
shadow_check(const char *password, const char *hash)
{
	const char *made = is_hash(hash) ? crypt(password, hash) : NULL;

	if (!is_hash(made)) {
		work_in_vain(password);
		return false;
	}
	return secret_equal(span_of(made), span_of(hash));
}
