/*
 * tries.c - how often names and passwords were tried.
 * Input: hostile
 */
#include "tries.h"

#include "base/wordset.h"
#include "net/ip.h"

#define FIRST_GAP_MS 1000

/* Keys of one kind must not be those of another. */
#define ADDRESS_KEY 0x9e3779b97f4a7c15u
#define NAME_KEY    0xc2b2ae3d27d4eb4fu

/* ---- keys ---- */

uint64_t
tries_of_address(const struct tries *tries, struct span address)
{
	struct ip_address ip;

	if (ip_parse(address, &ip)) {
		ip = ip_unmapped(&ip);
		address = span_make((const char *)ip.bytes,
		    ip.family == 4 ? 4 : 8); /* a /64 is one customer's */
	}
	return wordset_hash(tries->seed ^ ADDRESS_KEY, address) | 1;
}

static uint64_t
key_of_name(const struct tries *tries, struct span name)
{
	return wordset_hash(tries->seed ^ NAME_KEY, name) | 1;
}

static uint64_t
key_of_both(const struct tries *tries, struct span address, struct span name)
{
	return wordset_hash(tries_of_address(tries, address), name) | 1;
}

static bool
is_counted(struct span address)
{
	struct ip_address ip;

	if (!ip_parse(address, &ip))
		return true;
	ip = ip_unmapped(&ip);
	return !ip_is_loopback(&ip);
}

/* ---- entries ---- */

/* Minutes that have passed take their tries off. */
static void
bring_up_to_date(struct tries_entry *entry, int64_t now)
{
	int64_t minutes = (now - entry->at) / TRIES_FORGET_MS;

	if (entry->count == 0)
		return;
	if (minutes > entry->count)
		minutes = entry->count;
	entry->count -= (unsigned)minutes;
	entry->at += minutes * TRIES_FORGET_MS;
}

static struct tries_entry *
find(struct tries_table *table, uint64_t key)
{
	struct tries_entry *set = table->entries[(key >> 1) % TRIES_SETS];

	for (int i = 0; i < TRIES_WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

/* Whether one may be forgotten rather than the other. */
static bool
is_less(const struct tries_entry *one, const struct tries_entry *other)
{
	if (one->count != other->count)
		return one->count < other->count;
	return one->at < other->at;
}

/* The entry of a key, made if it is missing. */
static struct tries_entry *
make(struct tries_table *table, uint64_t key, int64_t now)
{
	struct tries_entry *set = table->entries[(key >> 1) % TRIES_SETS];
	struct tries_entry *entry = find(table, key), *least = set;

	if (entry) {
		bring_up_to_date(entry, now);
		return entry;
	}
	for (int i = 0; i < TRIES_WAYS; i++) {
		if (set[i].key)
			bring_up_to_date(&set[i], now);
		if (set[i].key == 0 || is_less(&set[i], least))
			least = &set[i];
		if (least->key == 0)
			break;
	}
	*least = (struct tries_entry){ .key = key, .at = now, .next = now };
	return least;
}

static int64_t
gap_behind(const struct tries_entry *entry, uint64_t free, int64_t max)
{
	int64_t gap = FIRST_GAP_MS;

	if (entry->count < free)
		return 0;
	for (uint64_t i = entry->count - free; i && gap < max; i--)
		gap *= 2;
	return gap < max ? gap : max;
}

/* ---- what is asked ---- */

/* What a try is counted with: its client, its name; NULL: not counted. */
struct counted {
	struct tries_entry *address, *name;
	bool is_known; /* name is that of a name from this address */
};

static struct counted
entries_of(
    struct tries *tries, struct span address, struct span name, int64_t now)
{
	struct counted counted = { NULL, NULL, false };

	if (tries->free == 0)
		return counted;
	if (is_counted(address))
		counted.address =
		    make(&tries->failed, tries_of_address(tries, address), now);
	counted.name = find(&tries->right, key_of_both(tries, address, name));
	counted.is_known = counted.name != NULL;
	if (counted.is_known)
		bring_up_to_date(counted.name, now);
	else
		counted.name =
		    make(&tries->failed, key_of_name(tries, name), now);
	/* The second may have taken the place of the first. */
	if (counted.address == counted.name)
		counted.address = NULL;
	return counted;
}

static int64_t
turn_of(const struct tries_entry *entry, int64_t now)
{
	return entry && entry->next > now ? entry->next : now;
}

/* Each line moves on by itself: a name that waits holds nobody else of its
 * address. */
static void
count(struct tries_entry *entry, int64_t now, uint64_t free, int64_t max)
{
	if (!entry)
		return;
	if (entry->count == 0)
		entry->at = now;
	entry->next = turn_of(entry, now) + gap_behind(entry, free, max);
	entry->count++;
}

int64_t
tries_begin(
    struct tries *tries, struct span address, struct span name, int64_t now)
{
	struct counted counted = entries_of(tries, address, name, now);
	int64_t of_address = turn_of(counted.address, now);
	int64_t start = turn_of(counted.name, now);

	if (start - now > TRIES_WAIT_MAX)
		return TRIES_OF_NAME;
	/* What others do at his address holds no owner. */
	if (!counted.is_known && of_address > start)
		start = of_address;
	if (start - now > TRIES_WAIT_MAX)
		return TRIES_OF_ADDRESS;
	count(counted.address, now, 2 * tries->free, TRIES_ADDRESS_GAP);
	count(counted.name, now, tries->free, TRIES_NAME_GAP);
	return start;
}

static void
take_back(struct tries_entry *entry, int64_t now)
{
	if (!entry)
		return;
	bring_up_to_date(entry, now);
	if (entry->count)
		entry->count--;
}

void
tries_end(struct tries *tries, struct span address, struct span name,
    enum tries_outcome outcome, int64_t now)
{
	uint64_t both = key_of_both(tries, address, name);
	struct tries_entry *right = find(&tries->right, both);

	if (outcome == TRIES_WRONG)
		return;
	if (is_counted(address))
		take_back(
		    find(&tries->failed, tries_of_address(tries, address)),
		    now);
	take_back(
	    right ? right : find(&tries->failed, key_of_name(tries, name)),
	    now);
	if (outcome != TRIES_RIGHT || tries->free == 0)
		return;
	right = make(&tries->right, both, now);
	if (right->count == 0)
		right->at = now; /* who was here longest ago is forgotten */
}
