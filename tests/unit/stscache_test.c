/* stscache_test.c - what qmail-mtasts knows of domains, and what it gives up when
 * that is too much. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "../../src/sts/sts.h"
#include "scratch.h"
#include "sys/clock.h"

static int64_t passed; /* seconds */
static int64_t wrong;  /* seconds by which the clock is ahead */

#undef CACHE_ENTRIES_MAX
#define CACHE_ENTRIES_MAX 5
#undef CACHE_POLICIES_MAX
#define CACHE_POLICIES_MAX 2
#undef CACHE_BYTES_MAX
#define CACHE_BYTES_MAX	  1000
#undef CACHE_LOOSE_MAX
#define CACHE_LOOSE_MAX	  4000
#define clock_seconds()	  (clock_seconds() + passed + wrong)
#define clock_monotonic() (clock_monotonic() + passed * 1000)
#include "../../src/sts/sts_cache.c"

static void
enter(struct cache *cache)
{
	assert_int_equal(cache_load(cache), 0);
	passed = 0;
}

/* Forgets all, files too if they are not to stay. */
static void
leave(struct cache *cache, bool has_files)
{
	while (cache->all.len) {
		if (has_files)
			cache->all.at[0]->file_bytes = 0;
		drop_entry(cache, 0);
	}
	vec_free(&cache->all);
}

static struct entry *
get(struct cache *cache, const char *domain)
{
	struct entry *entry = cache_get(cache, span_of(domain));

	assert_non_null(entry);
	assert_string_equal(str_z(&entry->domain), domain);
	return entry;
}

/* A policy for 100 seconds, with a host of so many bytes. */
static void
set(struct cache *cache, struct entry *entry, size_t size)
{
	struct sts_policy policy = { STS_ENFORCE, 100, STR_INIT };

	while (size-- > 0)
		str_add_byte(&policy.hosts, 'a');
	str_add_byte(&policy.hosts, '\0');
	cache_set_policy(cache, entry, SPAN("1"), &policy);
	assert_int_equal(policy.hosts.len, 0);
}

static bool
has_file(const char *domain)
{
	char path[100];

	snprintf(path, sizeof(path), "%s", domain);
	return access(path, F_OK) == 0;
}

static bool
is_known(const struct cache *cache, const char *domain)
{
	for (size_t i = 0; i < cache->all.len; i++)
		if (span_equal(
			str_span(&cache->all.at[i]->domain), span_of(domain)))
			return true;
	return false;
}

static void
test_order(void **state)
{
	static const char *const names[] = { "b", "a", "ab", "c", "b.a" };
	struct entry *entries[5];
	struct cache cache;

	(void)state;
	enter(&cache);
	for (size_t i = 0; i < 5; i++)
		entries[i] = get(&cache, names[i]);
	for (size_t i = 0; i < 5; i++)
		assert_ptr_equal(get(&cache, names[i]), entries[i]);
	assert_int_equal(cache.all.len, 5);
	leave(&cache, false);
}

/* Who was asked for longest ago goes, but nobody whom somebody looks at, and no
 * policy that is on the disk. */
static void
test_room(void **state)
{
	struct cache cache;

	(void)state;
	enter(&cache);
	for (int i = 0; i < 5; i++) {
		struct entry *entry =
		    get(&cache, (char[]){ (char)('a' + i), 0 });

		entry->asked = 10 - i;
		entry->good_until = INT64_MAX;
	}
	get(&cache, "e")->is_busy = true;
	set(&cache, get(&cache, "d"), 1);
	assert_true(has_file("d"));
	get(&cache, "f")->good_until = INT64_MAX;
	assert_int_equal(cache.all.len, 5);
	assert_true(is_known(&cache, "d") && is_known(&cache, "e"));
	assert_false(is_known(&cache, "c"));
	for (size_t i = 0; i < 5; i++)
		cache.all.at[i]->is_busy = true;
	assert_null(cache_get(&cache, SPAN("g")));
	assert_non_null(cache_get(&cache, SPAN("d")));
	/* What has ended goes before all others, with its file. */
	get(&cache, "d")->is_busy = false;
	get(&cache, "d")->good_until = 0;
	passed = 99;
	assert_null(cache_get(&cache, SPAN("g")));
	passed = 100;
	assert_non_null(get(&cache, "g"));
	assert_false(is_known(&cache, "d"));
	assert_false(has_file("d"));
	assert_int_equal(cache.files, 0);
	assert_int_equal(cache.bytes, 0);
	leave(&cache, false);
}

/* So many files, of so many bytes; a policy without one is as good. */
static void
test_files(void **state)
{
	struct cache cache;

	(void)state;
	enter(&cache);
	set(&cache, get(&cache, "a"), 1);
	set(&cache, get(&cache, "b"), 200);
	set(&cache, get(&cache, "c"), 1);
	assert_true(has_file("a") && has_file("b"));
	assert_false(has_file("c"));
	assert_int_equal(entry_seconds(get(&cache, "c")), 100);
	set(&cache, get(&cache, "b"), 1);
	assert_int_equal(cache.files, 2);
	/* Too large: the file stays as it was. */
	set(&cache, get(&cache, "a"), CACHE_BYTES_MAX);
	assert_int_equal(
	    get(&cache, "a")->policy.hosts.len, CACHE_BYTES_MAX + 1);
	assert_true(cache.bytes < 300);
	assert_true(has_file("a"));
	/* One that has ended makes room for another. */
	passed = 50;
	set(&cache, get(&cache, "b"), 1);
	set(&cache, get(&cache, "c"), 1);
	assert_false(has_file("c"));
	passed = 120;
	get(&cache, "c")->is_busy = true;
	set(&cache, get(&cache, "c"), 1);
	assert_true(has_file("b") && has_file("c"));
	assert_false(has_file("a"));
	leave(&cache, true);
	/* All that is known is there after a new start, as long as it lasts. */
	enter(&cache);
	passed = 120;
	assert_int_equal(cache.all.len, 2);
	assert_int_equal(cache.files, 2);
	assert_true(is_known(&cache, "b") && is_known(&cache, "c"));
	assert_int_equal(get(&cache, "b")->policy.mode, STS_ENFORCE);
	assert_true(entry_seconds(get(&cache, "b")) <= 30);
	assert_string_equal(str_z(&get(&cache, "b")->id), "1");
	leave(&cache, false);
}

/* What the disk has no place for is kept in memory, but not without end: the policy
 * that nobody has asked for longest goes, or is again that of its file. */
static void
test_loose(void **state)
{
	struct cache cache;

	(void)state;
	enter(&cache);
	set(&cache, get(&cache, "a"), 1);
	set(&cache, get(&cache, "b"), 1);
	for (int i = 0; i < 5; i++)
		get(&cache, (char[]){ (char)('a' + i), 0 })->asked = i;
	set(&cache, get(&cache, "a"), 1200);
	set(&cache, get(&cache, "c"), 1200);
	set(&cache, get(&cache, "d"), 1200);
	assert_int_equal(get(&cache, "a")->policy.hosts.len, 1201);
	assert_int_equal(get(&cache, "c")->policy.hosts.len, 1201);
	get(&cache, "a")->good_until = INT64_MAX;
	set(&cache, get(&cache, "e"), 1200);
	assert_int_equal(get(&cache, "a")->policy.hosts.len, 2);
	assert_int_equal(get(&cache, "a")->good_until, 0);
	assert_true(entry_seconds(get(&cache, "a")) > 90);
	assert_true(has_file("a") && is_known(&cache, "c"));
	/* Nobody at whom somebody looks, and not the one that is new. */
	get(&cache, "c")->is_busy = true;
	get(&cache, "e")->asked = -1;
	set(&cache, get(&cache, "e"), 2000);
	assert_true(is_known(&cache, "c") && is_known(&cache, "e"));
	assert_false(is_known(&cache, "d"));
	/* Those on the disk take nothing from it. */
	assert_int_equal(get(&cache, "b")->policy.hosts.len, 2);
	get(&cache, "c")->is_busy = false;
	set(&cache, get(&cache, "d"), 1200);
	assert_false(is_known(&cache, "e"));
	assert_true(is_known(&cache, "c") && is_known(&cache, "d"));
	assert_int_equal(cache.files, 2);
	/* An old file that is gone is none to go back to. */
	set(&cache, get(&cache, "a"), 1200);
	assert_int_equal(unlink("a"), 0);
	get(&cache, "a")->asked = -1;
	set(&cache, get(&cache, "d"), 2000);
	assert_false(is_known(&cache, "a"));
	assert_int_equal(cache.files, 1);
	leave(&cache, false);
}

/* A file is no longer than the policy was that came. */
static void
test_a_dense_policy(void **state)
{
	struct entry entry = { .fetched = 1 }, again = { .fetched = 0 };
	struct str policy = STR_INIT, text = STR_INIT;

	(void)state;
	str_add_z(&policy, "version:STSv1\nmode:enforce\nmax_age:100");
	while (policy.len + 5 <= STS_POLICY_MAX)
		str_add_z(&policy, "\nmx:a");
	assert_true(sts_policy_parse(str_span(&policy), &entry.policy));
	format_file(&text, &entry);
	assert_int_equal(text.len, policy.len + sizeof(" 1"));
	assert_true(text.len <= FILE_MAX);
	assert_true(parse_file(str_span(&text), &again));
	assert_int_equal(again.policy.hosts.len, entry.policy.hosts.len);
	sts_policy_free(&entry.policy);
	sts_policy_free(&again.policy);
	str_free(&again.id);
	str_free(&policy);
	str_free(&text);
}

/* The clock may be set back, and the disk be full. */
static void
test_trouble(void **state)
{
	struct cache cache;

	(void)state;
	enter(&cache);
	set(&cache, get(&cache, "a"), 1);
	wrong = -5000;
	assert_int_equal(entry_seconds(get(&cache, "a")), 100);
	wrong = 0;
	assert_int_equal(mkdir(ASIDE, 0700), 0);
	set(&cache, get(&cache, "a"), 2);
	set(&cache, get(&cache, "b"), 1);
	assert_int_equal(get(&cache, "a")->policy.hosts.len, 3);
	assert_true(has_file("a"));
	assert_false(has_file("b"));
	assert_int_equal(entry_seconds(get(&cache, "b")), 100);
	assert_int_equal(cache.files, 1);
	assert_int_equal(rmdir(ASIDE), 0);
	cache_forget_all(&cache);
	assert_int_equal(get(&cache, "a")->good_until, 0);
	assert_int_equal(entry_seconds(get(&cache, "a")), 100);
	leave(&cache, false);
}

/* A file with a policy for 100 seconds, fetched so many seconds from now. */
static void
seed(const char *domain, long long from_now)
{
	char path[100];
	FILE *out;

	snprintf(path, sizeof(path), "%s", domain);
	out = fopen(path, "w");
	assert_non_null(out);
	fprintf(out, "1 %lld\nversion: STSv1\nmode: none\nmax_age: 100\n",
	    (long long)clock_seconds() + from_now);
	fclose(out);
}

/* When the file says that it was fetched. */
static long long
fetched_of(const char *domain)
{
	long long fetched = -1;
	FILE *in = fopen(domain, "r");

	assert_non_null(in);
	assert_int_equal(fscanf(in, "1 %lld", &fetched), 1);
	fclose(in);
	return fetched;
}

/* A cache with a policy that was fetched now, as the clock says. */
static struct entry *
fetch(struct cache *cache)
{
	struct entry *entry;

	enter(cache);
	entry = get(cache, "a.example");
	set(cache, entry, 1);
	return entry;
}

/* The same process, after that, has its corrections made for a clock that is wrong
 * by so much; and a new one for one that is right. */
static void
start_again(struct cache *cache, int64_t by)
{
	wrong = by;
	cache_correct(cache);
	wrong = 0;
	passed = 0;
	leave(cache, true);
	enter(cache);
}

static void
test_clock_was_ahead(void **state)
{
	struct cache cache;
	struct entry *entry;

	(void)state;
	wrong = 1000000;
	entry = fetch(&cache);
	wrong = 0;
	assert_int_equal(entry_seconds(entry), 100);
	/* It does not live for ever: it is fetched again, and ends. */
	assert_true(entry_is_old(entry));
	passed = 60;
	assert_in_range(entry_seconds(entry), 30, 40);
	passed = 101;
	assert_int_equal(entry_seconds(entry), 0);
	start_again(&cache, 0);
	entry = get(&cache, "a.example");
	assert_int_equal(entry_seconds(entry), 100);
	assert_true(entry_is_old(entry));
	passed = 101;
	assert_int_equal(entry_seconds(entry), 0);
	passed = 0;
	set(&cache, entry, 1);
	assert_false(entry_is_old(entry));
	assert_in_range(fetched_of("a.example"), 0, clock_seconds());
	leave(&cache, false);
}

static void
test_clock_was_behind(void **state)
{
	struct cache cache;
	struct entry *entry;

	(void)state;
	wrong = -1000000;
	entry = fetch(&cache);
	passed = 20;
	wrong = 0;
	assert_in_range(entry_seconds(entry), 70, 80);
	/* The file as well, for a new start. */
	start_again(&cache, 0);
	passed = 20;
	assert_in_range(entry_seconds(get(&cache, "a.example")), 70, 80);
	leave(&cache, false);
}

/* What runs badly is not corrected. */
static void
test_clock_runs_badly(void **state)
{
	struct cache cache;
	long long fetched;

	(void)state;
	(void)fetch(&cache);
	fetched = fetched_of("a.example");
	wrong = HOUR - 10;
	cache_correct(&cache);
	assert_int_equal(fetched_of("a.example"), fetched);
	wrong = HOUR;
	cache_correct(&cache);
	assert_in_range(
	    fetched_of("a.example"), fetched + HOUR, fetched + HOUR + 10);
	wrong = 0;
	leave(&cache, false);
}

/* Behind or ahead after the fetch: it goes on as if nothing were, and the file has
 * the right time, or one that has it fetched again. */
static void
test_clock_is_wrong_later(void **state)
{
	static const int64_t by[] = { -1000000, 1000000 };
	struct cache cache;
	struct entry *entry;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		entry = fetch(&cache);
		passed = 10;
		wrong = by[i];
		assert_in_range(entry_seconds(entry), 80, 90);
		start_again(&cache, by[i]);
		assert_in_range(
		    entry_seconds(get(&cache, "a.example")), 80, 100);
		assert_int_equal(
		    entry_is_old(get(&cache, "a.example")), by[i] > 0);
		leave(&cache, false);
	}
}

/* At a start, as a clock has not been set yet: the file stays as it is. */
static void
test_clock_is_behind_at_a_start(void **state)
{
	struct cache cache;
	struct entry *entry;
	long long fetched;

	(void)state;
	enter(&cache);
	leave(&cache, false);
	seed("a.example", -10);
	fetched = fetched_of("a.example");
	wrong = 1000 - clock_seconds();
	enter(&cache);
	entry = get(&cache, "a.example");
	assert_int_equal(entry_seconds(entry), 100);
	assert_true(entry_is_old(entry));
	cache_correct(&cache);
	wrong = 0;
	assert_in_range(entry_seconds(entry), 80, 100);
	start_again(&cache, 0);
	assert_int_equal(fetched_of("a.example"), fetched);
	assert_in_range(entry_seconds(get(&cache, "a.example")), 80, 90);
	leave(&cache, false);
}

/* A clock that is set ahead while it runs ends none, and writes nothing. */
static void
test_clock_steps_ahead(void **state)
{
	struct cache cache;
	long long fetched;

	(void)state;
	enter(&cache);
	leave(&cache, false);
	seed("a.example", -10);
	fetched = fetched_of("a.example");
	enter(&cache);
	wrong = 1000000;
	assert_in_range(entry_seconds(get(&cache, "a.example")), 80, 90);
	cache_correct(&cache);
	assert_int_equal(fetched_of("a.example"), fetched);
	wrong = 0;
	leave(&cache, false);
}

/* After a day, or half of its time. */
static void
test_old(void **state)
{
	struct cache cache;
	struct entry *entry;

	(void)state;
	entry = fetch(&cache);
	assert_false(entry_is_old(entry));
	passed = 45;
	assert_false(entry_is_old(entry));
	passed = 51;
	assert_true(entry_is_old(entry));
	entry->policy.max_age = 10 * DAY;
	assert_false(entry_is_old(entry));
	passed = DAY;
	assert_true(entry_is_old(entry));
	leave(&cache, false);
}

/* At a start with a clock that is ahead all have ended; when it is right again
 * they have not. */
static void
test_clock_steps_back(void **state)
{
	struct cache cache;

	(void)state;
	enter(&cache);
	leave(&cache, false);
	seed("a.example", -1000010);
	enter(&cache);
	assert_true(has_file("a.example"));
	assert_int_equal(entry_seconds(get(&cache, "a.example")), 0);
	wrong = -1000000;
	assert_in_range(entry_seconds(get(&cache, "a.example")), 80, 90);
	wrong = 0;
	leave(&cache, true);
	/* Where there are too many, they give way to those that have not. */
	seed("b.example", -1000000);
	enter(&cache);
	assert_int_equal(cache.files, 2);
	leave(&cache, true);
	for (int i = 0; i < 2; i++)
		seed((char[]){ (char)('y' + i), 0 }, 0);
	enter(&cache);
	assert_true(has_file("y") && has_file("z"));
	assert_int_equal(cache.files, 2);
	leave(&cache, false);
}

/* More files than there may be, somehow. */
static void
test_load(void **state)
{
	struct cache cache;
	char name[100];

	(void)state;
	enter(&cache);
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "d%d.example", i);
		seed(name, 0);
	}
	leave(&cache, false);
	enter(&cache);
	assert_int_equal(cache.files, 2);
	assert_int_equal(cache.all.len, 2);
	leave(&cache, false);
}

/* A file that cannot be read now stays: what is in it may still be good. */
static void
test_unreadable(void **state)
{
	struct cache cache;
	struct stat st;

	(void)state;
	enter(&cache);
	leave(&cache, false);
	assert_int_equal(symlink("loop.example", "loop.example"), 0);
	enter(&cache);
	assert_int_equal(cache.all.len, 0);
	assert_int_equal(lstat("loop.example", &st), 0);
	assert_int_equal(unlink("loop.example"), 0);
	leave(&cache, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_loose),
		cmocka_unit_test(test_a_dense_policy),
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_clock_was_ahead),
		cmocka_unit_test(test_clock_was_behind),
		cmocka_unit_test(test_clock_runs_badly),
		cmocka_unit_test(test_clock_is_wrong_later),
		cmocka_unit_test(test_clock_is_behind_at_a_start),
		cmocka_unit_test(test_clock_steps_ahead),
		cmocka_unit_test(test_old),
		cmocka_unit_test(test_clock_steps_back),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
