/*
 * sts_cache.c - what is known of domains, in memory and on the disk.
 * Input: files of our own; the policies in them are strangers'
 *
 * A file has the name of its domain.  Its first line has the id of the policy and
 * when it was fetched; then follows the policy, as sts_policy_parse reads it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "sts.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"

#define ASIDE	    ".new"
#define FILE_MAX    (STS_POLICY_MAX + 4096)
#define FILE_MODE   0600
#define SECONDS_MAX ((uint64_t)1 << 40)
#define MS	    1000
#define DAY	    86400
#define HOUR	    3600 /* less is no wrong clock, but one that runs badly */
#define CORRECTIONS 100	 /* at a time: each waits for the disk */

/* ---- entries ---- */

static int
compare(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.s, b.s, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Where the domain is, or belongs. */
static size_t
place_of(const struct cache *cache, struct span domain)
{
	size_t low = 0, high = cache->all.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct entry *entry = cache->all.at[middle];

		if (compare(str_span(&entry->domain), domain) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Removes the file of an entry, if it has one. */
static void
drop_file(struct cache *cache, struct entry *entry)
{
	if (entry->file_bytes == 0)
		return;
	/* At worst it is read once more. */
	(void)unlink(str_z(&entry->domain));
	cache->files--;
	cache->bytes -= entry->file_bytes;
	entry->file_bytes = 0;
}

static void
drop_entry(struct cache *cache, size_t place)
{
	struct entry *entry = cache->all.at[place];

	drop_file(cache, entry);
	str_free(&entry->domain);
	str_free(&entry->id);
	str_free(&entry->reason);
	sts_policy_free(&entry->policy);
	must_free(entry);
	cache->all.len--;
	memmove(&cache->all.at[place], &cache->all.at[place + 1],
	    (cache->all.len - place) * sizeof(cache->all.at[0]));
}

/* Drops what has ended.  Entries that stay keep their place in memory. */
static void
drop_ended(struct cache *cache)
{
	for (size_t i = cache->all.len; i-- > 0;) {
		const struct entry *entry = cache->all.at[i];

		if (!entry->is_busy && entry_seconds(entry) == 0 &&
		    clock_monotonic() >= entry->good_until)
			drop_entry(cache, i);
	}
}

/*
 * Makes room for one more: what has ended goes, and if that is not enough, the
 * entry that nobody has asked for longest, of those without a file.  A policy that
 * is on the disk stays till its end: else who makes us send to many domains could
 * have it forgotten.
 */
static bool
make_room(struct cache *cache)
{
	struct entry **all, *entry;
	size_t oldest;

	drop_ended(cache);
	if (cache->all.len < CACHE_ENTRIES_MAX)
		return true;
	all = cache->all.at;
	oldest = cache->all.len;
	for (size_t i = 0; i < cache->all.len; i++) {
		entry = all[i];
		if (!entry->is_busy && entry->file_bytes == 0 &&
		    (oldest == cache->all.len ||
			entry->asked < all[oldest]->asked))
			oldest = i;
	}
	if (oldest == cache->all.len)
		return false;
	drop_entry(cache, oldest);
	return true;
}

static struct entry *
add_entry(struct cache *cache, struct span domain)
{
	struct entry *entry = must_realloc(NULL, sizeof(*entry));
	size_t place = place_of(cache, domain);

	*entry = (struct entry){ .policy = STS_POLICY_INIT };
	str_set(&entry->domain, domain);
	vec_push(&cache->all, entry);
	memmove(&cache->all.at[place + 1], &cache->all.at[place],
	    (cache->all.len - 1 - place) * sizeof(cache->all.at[0]));
	cache->all.at[place] = entry;
	return entry;
}

static int64_t
age_by_clock(const struct entry *entry)
{
	return clock_seconds() - entry->fetched;
}

/* As old as it was when we got it, and what has passed. */
static int64_t
age_by_us(const struct entry *entry)
{
	return entry->age + (clock_monotonic() - entry->since) / MS;
}

uint64_t
entry_seconds(const struct entry *entry)
{
	int64_t age = age_by_us(entry), by_clock = age_by_clock(entry);

	if (by_clock >= 0 && by_clock < age)
		age = by_clock;
	return (uint64_t)age < entry->policy.max_age
	    ? entry->policy.max_age - (uint64_t)age
	    : 0;
}

bool
entry_is_old(const struct entry *entry)
{
	int64_t by_clock = age_by_clock(entry);

	return by_clock < 0 || by_clock >= DAY ||
	    entry_seconds(entry) <= entry->policy.max_age / 2;
}

void
cache_forget_all(struct cache *cache)
{
	for (size_t i = 0; i < cache->all.len; i++) {
		struct entry *entry = cache->all.at[i];

		entry->good_until = 0;
		entry->is_again = entry->is_busy;
	}
}

/* ---- files ---- */

static void
format_file(struct str *text, const struct entry *entry)
{
	struct span hosts = str_span(&entry->policy.hosts), host;

	str_add(text, str_span(&entry->id));
	str_add_byte(text, ' ');
	str_add_u64(text, (uint64_t)entry->fetched);
	/* As short as it can be: never longer than what has come. */
	str_add_z(text, "\nversion:STSv1\nmode:");
	str_add(text, sts_mode_word(entry->policy.mode));
	str_add_z(text, "\nmax_age:");
	str_add_u64(text, entry->policy.max_age);
	while (span_cut_next(&hosts, '\0', &host)) {
		str_add_z(text, "\nmx:");
		str_add(text, host);
	}
}

/* Tells of a file, and what the system says. */
static void
warn_of(const char *file)
{
	struct str path = STR_INIT;
	int number = errno;

	str_add_z(&path, CACHE_FOLDER "/");
	str_add_z(&path, file);
	errno = number;
	error_warn(STS_PROGRAM, str_z(&path));
	str_free(&path);
}

/* Whole, or not at all. */
static int
write_file(const char *path, struct span text)
{
	int fd = file_replace(ASIDE, FILE_MODE);
	int result = -1;

	if (fd < 0)
		return -1;
	if (fd_write_all(fd, text) == 0 && file_sync(fd) == 0)
		result = rename(ASIDE, path);
	fd_close(fd);
	return result;
}

/* A file that cannot be written leaves the one that there was: after a new start
 * that is what counts, till the record of the domain tells of another. */
static void
store(struct cache *cache, struct entry *entry)
{
	struct str text = STR_INIT;
	size_t others;

	entry->is_stored = false;
	format_file(&text, entry);
	if (cache->files >= CACHE_POLICIES_MAX ||
	    cache->bytes + text.len > CACHE_BYTES_MAX)
		drop_ended(cache);
	others = cache->bytes - entry->file_bytes;
	if ((entry->file_bytes || cache->files < CACHE_POLICIES_MAX) &&
	    others + text.len <= CACHE_BYTES_MAX) {
		if (write_file(str_z(&entry->domain), str_span(&text)) == 0) {
			cache->files += entry->file_bytes == 0;
			cache->bytes = others + text.len;
			entry->file_bytes = text.len;
			entry->is_stored = true;
		} else
			warn_of(str_z(&entry->domain));
	}
	str_free(&text);
}

/* Reads what a file says.  Returns false if that is no policy.  One that has ended
 * is none the less: the clock may be wrong. */
static bool
parse_file(struct span text, struct entry *entry)
{
	struct span line, id;
	uint64_t fetched;

	if (!span_cut_next(&text, '\n', &line) ||
	    !span_cut_next(&line, ' ', &id) ||
	    !scan_u64(line, SECONDS_MAX, &fetched) ||
	    !sts_policy_parse(text, &entry->policy))
		return false;
	str_set(&entry->id, id);
	entry->fetched = (int64_t)fetched;
	return true;
}

/* The entry gets what its file has told. */
static void
take_over(struct entry *entry, struct entry *read)
{
	sts_policy_free(&entry->policy);
	str_free(&entry->id);
	entry->policy = read->policy;
	entry->id = read->id;
	entry->fetched = read->fetched;
	entry->since = clock_monotonic();
	entry->age = age_by_clock(entry);
	if (entry->age < 0)
		entry->age = 0;
	entry->good_until = 0;
	entry->is_new = false;
	entry->is_stored = true;
}

/* Goes back to the older policy that is on the disk, as a new start would. */
static bool
go_back(struct entry *entry)
{
	struct entry read = { .policy = STS_POLICY_INIT };
	struct str text = STR_INIT;
	bool is_policy = entry->file_bytes &&
	    file_read(str_z(&entry->domain), &text, FILE_MAX) == 0 &&
	    parse_file(str_span(&text), &read);

	if (is_policy) {
		take_over(entry, &read);
	} else {
		sts_policy_free(&read.policy);
		str_free(&read.id);
	}
	str_free(&text);
	return is_policy;
}

/* Policies that are in memory alone give way when they are too many: those first that
 * nobody has asked for longest, and never the one that is new. */
static void
bound_loose(struct cache *cache, const struct entry *fresh)
{
	struct entry **all = cache->all.at;

	for (;;) {
		size_t bytes = 0, oldest = cache->all.len;

		for (size_t i = 0; i < cache->all.len; i++) {
			if (all[i]->is_stored)
				continue;
			bytes += all[i]->policy.hosts.len;
			if (all[i] != fresh && !all[i]->is_busy &&
			    all[i]->policy.hosts.len &&
			    (oldest == cache->all.len ||
				all[i]->asked < all[oldest]->asked))
				oldest = i;
		}
		if (bytes <= CACHE_LOOSE_MAX || oldest == cache->all.len)
			return;
		if (!go_back(all[oldest]))
			drop_entry(cache, oldest);
	}
}

void
cache_set_policy(struct cache *cache, struct entry *entry, struct span id,
    struct sts_policy *policy)
{
	sts_policy_free(&entry->policy);
	entry->policy = *policy;
	*policy = (struct sts_policy)STS_POLICY_INIT;
	str_set(&entry->id, id);
	str_reset(&entry->reason);
	entry->fetched = clock_seconds();
	entry->age = 0;
	entry->since = clock_monotonic();
	entry->is_new = true;
	store(cache, entry);
	bound_loose(cache, entry);
}

/* Returns whether the clock says that more has passed than has, since the policy was
 * fetched: it was behind then, or is ahead now.  A time that is too late does no
 * harm, for it is fetched again; one that was right is never made earlier. */
static bool
correct(struct cache *cache, struct entry *entry)
{
	if (!entry->is_new || age_by_clock(entry) - age_by_us(entry) < HOUR)
		return false;
	entry->fetched = clock_seconds() - age_by_us(entry);
	store(cache, entry);
	return true;
}

void
cache_correct(struct cache *cache)
{
	size_t count = 0;

	/* To store one may drop others: those that are missed come next time. */
	for (size_t i = 0; i < cache->all.len && count < CORRECTIONS; i++)
		count += correct(cache, cache->all.at[i]);
}

struct entry *
cache_get(struct cache *cache, struct span domain)
{
	size_t place = place_of(cache, domain);

	if (place < cache->all.len &&
	    span_equal(str_span(&cache->all.at[place]->domain), domain))
		return cache->all.at[place];
	if (cache->all.len >= CACHE_ENTRIES_MAX && !make_room(cache))
		return NULL;
	return add_entry(cache, domain);
}

/* Those that have ended give way, if there are too many. */
static bool
make_room_for_file(struct cache *cache, size_t bytes)
{
	if (cache->files >= CACHE_POLICIES_MAX ||
	    cache->bytes + bytes > CACHE_BYTES_MAX)
		drop_ended(cache);
	return cache->files < CACHE_POLICIES_MAX &&
	    cache->bytes + bytes <= CACHE_BYTES_MAX;
}

static void
load_file(struct cache *cache, const char *name)
{
	struct entry read = { .policy = STS_POLICY_INIT }, *entry;
	struct span domain = span_of(name);
	struct str text = STR_INIT;
	int result = file_read(name, &text, FILE_MAX);

	if (result < 0 && errno != EFBIG) {
		/* That says nothing of what is in it. */
		warn_of(name);
	} else if (result < 0 || !sts_is_host(domain) ||
	    !parse_file(str_span(&text), &read) ||
	    !make_room_for_file(cache, text.len)) {
		(void)unlink(name); /* it is looked at again some day */
		sts_policy_free(&read.policy);
		str_free(&read.id);
	} else {
		entry = add_entry(cache, domain);
		take_over(entry, &read);
		entry->file_bytes = text.len;
		entry->asked = clock_monotonic();
		cache->files++;
		cache->bytes += text.len;
	}
	str_free(&text);
}

int
cache_load(struct cache *cache)
{
	struct dir dir = { .stream = NULL };
	const char *name;
	int result;

	*cache = (struct cache){ VEC_INIT, 0, 0 };
	if (dir_open(&dir, ".") < 0)
		return -1;
	while ((result = dir_next(&dir, &name)) > 0)
		load_file(cache, name);
	dir_close(&dir);
	return result;
}
