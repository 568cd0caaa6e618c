/*
 * hops.c - the next hops of remote mail.
 * Input: names that strangers chose
 */
#include "hops.h"

#include "base/ascii.h"
#include "base/must.h"
#include "sys/random.h"

#define FIRST_BUCKETS	256
#define LEAST_TO_DIVIDE 4 /* slots; with fewer nothing is set aside */
#define OLDEST_HOP_EACH 8 /* see take_unknown */
#define UNKNOWN_SHARE	2 /* a half */
#define TROUBLE_SHARE	4 /* a quarter */

/* ---- lists ---- */

static void
leave_list(struct hop *hop)
{
	if (!hop->list)
		return;
	*(hop->before ? &hop->before->after : &hop->list->first) = hop->after;
	*(hop->after ? &hop->after->before : &hop->list->last) = hop->before;
	hop->list = NULL;
}

static void
join_list(struct hop_list *list, struct hop *hop, bool first)
{
	leave_list(hop);
	hop->before = first ? NULL : list->last;
	hop->after = first ? list->first : NULL;
	*(hop->before ? &hop->before->after : &list->first) = hop;
	*(hop->after ? &hop->after->before : &list->last) = hop;
	hop->list = list;
}

/* ---- the table ---- */

void
hops_init(struct hops *hops, uint64_t limit, uint64_t most)
{
	*hops = (struct hops){ .bucket_count = 0 };
	hops->seed = random_seed();
	hops_set_limits(hops, limit, most);
}

/* FNV with a secret start, so that nobody can choose names that collide. */
static uint64_t
hash_name(const struct hops *hops, struct span name)
{
	uint64_t hash = hops->seed ^ 0xcbf29ce484222325u;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)ascii_lower(name.s[i])) *
		    0x100000001b3u;
	return hash ^ hash >> 32;
}

static struct hop **
bucket_of(const struct hops *hops, struct span name)
{
	return &hops->buckets[hash_name(hops, name) & (hops->bucket_count - 1)];
}

static void
grow(struct hops *hops)
{
	struct hops old = *hops;

	hops->bucket_count =
	    old.bucket_count ? old.bucket_count * 2 : FIRST_BUCKETS;
	hops->buckets =
	    must_realloc(NULL, hops->bucket_count * sizeof(*hops->buckets));
	for (size_t i = 0; i < hops->bucket_count; i++)
		hops->buckets[i] = NULL;
	for (size_t i = 0; i < old.bucket_count; i++)
		while (old.buckets[i]) {
			struct hop *hop = old.buckets[i];
			struct hop **bucket =
			    bucket_of(hops, str_span(&hop->name));

			old.buckets[i] = hop->next_in_bucket;
			hop->next_in_bucket = *bucket;
			*bucket = hop;
		}
	must_free(old.buckets);
}

static struct hop *
find(const struct hops *hops, struct span name)
{
	struct hop *hop = hops->bucket_count ? *bucket_of(hops, name) : NULL;

	while (hop && !span_equal_nocase(str_span(&hop->name), name))
		hop = hop->next_in_bucket;
	return hop;
}

static struct hop *
add(struct hops *hops, struct span name, struct span route)
{
	struct hop *hop = must_realloc(NULL, sizeof(*hop)), **bucket;

	if (hops->count >= hops->bucket_count)
		grow(hops);
	*hop = (struct hop){ .allowed = HOPS_FIRST_ALLOWED };
	str_set(&hop->name, name);
	str_set(&hop->route, route);
	bucket = bucket_of(hops, name);
	hop->next_in_bucket = *bucket;
	*bucket = hop;
	hops->count++;
	return hop;
}

static void
remove_hop(struct hops *hops, struct hop *hop)
{
	struct hop **at = bucket_of(hops, str_span(&hop->name));

	while (*at != hop)
		at = &(*at)->next_in_bucket;
	*at = hop->next_in_bucket;
	leave_list(hop);
	hops->count--;
	str_free(&hop->name);
	str_free(&hop->route);
	str_free(&hop->said);
	backlog_free(&hop->blocked);
	must_free(hop);
}

/* A hop that nobody uses is kept for what is known of it, if anything is. */
static void
rest(struct hops *hops, struct hop *hop)
{
	if (hop->references || !backlog_is_empty(&hop->blocked))
		return;
	if (hop->state == HOP_UNKNOWN) {
		remove_hop(hops, hop);
		return;
	}
	join_list(&hops->idle, hop, false);
	hops->idle_count++;
}

/* No more than so many are. */
static void
drop_oldest(struct hops *hops)
{
	while (hops->idle_count > HOPS_KEPT) {
		hops->idle_count--;
		remove_hop(hops, hops->idle.first);
	}
}

static void
wake(struct hops *hops, struct hop *hop)
{
	if (hop->list != &hops->idle)
		return;
	leave_list(hop);
	hops->idle_count--;
}

struct hop *
hops_hold(struct hops *hops, struct span name, struct span route)
{
	struct hop *hop = find(hops, name);

	if (!hop)
		hop = add(hops, name, route);
	wake(hops, hop);
	hop->references++;
	return hop;
}

void
hops_release(struct hops *hops, struct hop *hop)
{
	must(hop->references > 0);
	hop->references--;
	rest(hops, hop);
	drop_oldest(hops);
}

/* ---- who may start ---- */

/* How many slots hops of a state may hold together. */
static uint64_t
share_of(const struct hops *hops, enum hop_state state)
{
	if (state == HOP_WELL || hops->limit < LEAST_TO_DIVIDE)
		return hops->limit;
	return hops->limit /
	    (state == HOP_UNKNOWN ? UNKNOWN_SHARE : TROUBLE_SHARE);
}

static bool
has_share(const struct hops *hops, enum hop_state state)
{
	return hops->running[state] < share_of(hops, state);
}

static unsigned
allowed_of(const struct hops *hops, const struct hop *hop)
{
	return hop->allowed < hops->most ? hop->allowed : (unsigned)hops->most;
}

enum hop_answer
hops_ask(const struct hops *hops, const struct hop *hop, int64_t now)
{
	if (hop->state == HOP_TROUBLE && now < hop->probe_at)
		return HOP_REFUSE;
	return hop->running < allowed_of(hops, hop) &&
		has_share(hops, hop->state)
	    ? HOP_ADMIT
	    : HOP_BLOCK;
}

/* Puts the hop into the list in which it belongs now. */
static void
line_up(struct hops *hops, struct hop *hop, bool first)
{
	if (hop->list == &hops->idle)
		return;
	if (backlog_is_empty(&hop->blocked)) {
		hop->is_refusing = false;
		leave_list(hop);
	} else if (hop->is_refusing) {
		join_list(&hops->refusing, hop, false);
	} else if (hop->running < allowed_of(hops, hop)) {
		join_list(&hops->line[hop->state], hop, first);
	} else {
		leave_list(hop);
	}
}

void
hops_set_limits(struct hops *hops, uint64_t limit, uint64_t most)
{
	hops->limit = limit;
	hops->most = most && most < limit ? most : limit;
	for (size_t i = 0; i < hops->bucket_count; i++)
		for (struct hop *hop = hops->buckets[i]; hop;
		     hop = hop->next_in_bucket)
			line_up(hops, hop, false);
}

static void
set_state(struct hops *hops, struct hop *hop, enum hop_state state)
{
	hops->running[hop->state] -= hop->running;
	hops->running[state] += hop->running;
	hop->state = state;
}

void
hops_start(struct hops *hops, struct hop *hop)
{
	hop->references++;
	hop->running++;
	hops->running[hop->state]++;
	line_up(hops, hop, false);
}

static int64_t
backoff_of(const struct hop *hop)
{
	int64_t wait = HOPS_BACKOFF_FIRST;

	for (unsigned i = 1; i < hop->troubles && wait < HOPS_BACKOFF_LAST; i++)
		wait *= 2;
	if (wait > HOPS_BACKOFF_LAST)
		wait = HOPS_BACKOFF_LAST;
	return wait + wait / HOPS_BACKOFF_MORE + HOPS_BACKOFF_ROUNDING;
}

static void
note_success(struct hops *hops, struct hop *hop)
{
	if (hop->state != HOP_WELL) {
		set_state(hops, hop, HOP_WELL);
		hop->allowed = HOPS_FIRST_ALLOWED;
	}
	hop->troubles = 0;
	hop->is_refusing = false;
	str_free(&hop->said);
	if (hop->allowed < hops->most)
		hop->allowed *= 2;
}

static void
note_trouble(struct hops *hops, struct hop *hop, int64_t now)
{
	hop->allowed = 1;
	if (hop->state == HOP_WELL && hop->running > 0)
		return; /* the others will tell */
	/* Several that ran at once are one trouble. */
	if (hop->state == HOP_TROUBLE && now < hop->probe_at)
		return;
	set_state(hops, hop, HOP_TROUBLE);
	hop->troubles++;
	hop->probe_at = now + backoff_of(hop);
	hop->is_refusing = true;
}

void
hops_end(
    struct hops *hops, struct hop *hop, enum delivery_hop found, int64_t now)
{
	must(hop->running > 0);
	hop->running--;
	hops->running[hop->state]--;
	if (found == DELIVERY_HOP_WELL)
		note_success(hops, hop);
	else if (found == DELIVERY_HOP_TROUBLE)
		note_trouble(hops, hop, now);
	line_up(hops, hop, false);
	hops_release(hops, hop);
}

void
hops_note(struct hop *hop, struct span text)
{
	str_set(&hop->said, span_upto(text, HOPS_SAID));
}

void
hops_block(struct hops *hops, struct hop *hop, struct backlog_entry entry,
    bool is_fresh)
{
	wake(hops, hop);
	/* One that was tried before may have come due beside its number here,
	 * and must not be tried twice when there is room. */
	if (is_fresh || !backlog_widen(&hop->blocked, entry))
		backlog_add(&hop->blocked, entry);
	hop->is_refusing = false;
	if (!hop->list || hop->list == &hops->refusing || is_fresh)
		line_up(hops, hop, is_fresh);
}

/* ---- whose turn it is ---- */

/* The newest message first; now and then the hop that waits longest. */
static struct hop *
choose_unknown(struct hops *hops)
{
	struct hop_list *line = &hops->line[HOP_UNKNOWN];

	return ++hops->turn % OLDEST_HOP_EACH ? line->first : line->last;
}

static bool
has_line(const struct hops *hops, enum hop_state state)
{
	return hops->line[state].first &&
	    (state == HOP_WELL || has_share(hops, state));
}

/* Hops of each state in turn, so that none waits for the end of another's
 * backlog. */
static struct hop *
choose(struct hops *hops)
{
	if (hops->refusing.first)
		return hops->refusing.first;
	for (int i = 0; i < HOP_STATES; i++) {
		hops->next_state =
		    (enum hop_state)((hops->next_state + 1) % HOP_STATES);
		if (has_line(hops, hops->next_state))
			return hops->next_state == HOP_UNKNOWN
			    ? choose_unknown(hops)
			    : hops->line[hops->next_state].first;
	}
	return NULL;
}

bool
hops_next_ready(
    struct hops *hops, struct backlog_entry *entry, struct hop **hop)
{
	struct hop *chosen = choose(hops);

	if (!chosen)
		return false;
	*entry = backlog_take(&chosen->blocked);
	*hop = chosen;
	chosen->references++;
	line_up(hops, chosen, false); /* turn by turn */
	return true;
}

bool
hops_take(struct hops *hops, struct hop *hop, uint64_t number, uint64_t first,
    struct backlog_entry *entry)
{
	if (hop->list != &hops->line[hop->state] ||
	    !backlog_take_newest(&hop->blocked, number, first, entry))
		return false;
	hop->references++;
	line_up(hops, hop, false);
	return true;
}

bool
hops_is_ready(const struct hops *hops)
{
	return hops->refusing.first || has_line(hops, HOP_UNKNOWN) ||
	    has_line(hops, HOP_WELL) || has_line(hops, HOP_TROUBLE);
}

void
hops_forget_blocked(struct hops *hops,
    bool (*is_kept)(void *context, uint64_t number), void *context)
{
	for (size_t i = 0; i < hops->bucket_count; i++)
		for (struct hop *hop = hops->buckets[i], *next; hop;
		     hop = next) {
			next = hop->next_in_bucket;
			if (backlog_is_empty(&hop->blocked))
				continue;
			backlog_keep(&hop->blocked, is_kept, context);
			line_up(hops, hop, false);
			rest(hops, hop);
		}
	/* Only now, for it may have been the next one. */
	drop_oldest(hops);
}

bool
hops_take_any(struct hops *hops, struct backlog_entry *entry)
{
	for (; hops->drained < hops->bucket_count; hops->drained++)
		for (struct hop *hop = hops->buckets[hops->drained]; hop;
		     hop = hop->next_in_bucket)
			if (!backlog_is_empty(&hop->blocked)) {
				*entry = backlog_take_oldest(&hop->blocked);
				return true;
			}
	return false;
}

void
hops_forget_troubles(struct hops *hops)
{
	for (size_t i = 0; i < hops->bucket_count; i++)
		for (struct hop *hop = hops->buckets[i]; hop;
		     hop = hop->next_in_bucket) {
			if (hop->state != HOP_TROUBLE)
				continue;
			hop->probe_at = 0;
			hop->troubles = 0;
			hop->is_refusing = false;
			line_up(hops, hop, false);
		}
}

void
hops_free(struct hops *hops)
{
	for (size_t i = 0; i < hops->bucket_count; i++)
		while (hops->buckets[i])
			remove_hop(hops, hops->buckets[i]);
	must_free(hops->buckets);
	hops_init(hops, hops->limit, hops->most);
}
