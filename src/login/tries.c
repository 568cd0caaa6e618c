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

/* Tries that are known to have failed, or not known to be open. */
static unsigned
failed_of(const struct tries_entry *entry)
{
	return entry->count - entry->open;
}

/* Minutes that have passed take tries off that failed. */
static void
bring_up_to_date(struct tries_entry *entry, int64_t now)
{
	int64_t minutes = (now - entry->at) / TRIES_FORGET_MS;
	unsigned failed = failed_of(entry);

	if (failed == 0)
		return;
	if (minutes > failed)
		minutes = failed;
	entry->count -= (unsigned)minutes;
	if (entry->untold > failed_of(entry))
		entry->untold = failed_of(entry);
	entry->at += minutes * TRIES_FORGET_MS;
}

/* The same before it is changed: the minute begins with the first that failed. */
static void
touch(struct tries_entry *entry, int64_t now)
{
	bring_up_to_date(entry, now);
	if (failed_of(entry) == 0)
		entry->at = now;
}

static struct tries_entry *
find(struct tries_table *table, uint64_t key)
{
	struct tries_entry *set = table->entries[(key >> 1) % TRIES_SETS];

	for (int i = 0; i < TRIES_WAYS; i++)
		if (key && set[i].key == key)
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
		touch(entry, now);
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

struct tries_lines
tries_lines(struct tries *tries, struct span address, struct span name)
{
	struct tries_lines lines = { 0, 0, 0, false };

	if (tries->free == 0)
		return lines;
	if (is_counted(address))
		lines.address = tries_of_address(tries, address);
	lines.name = key_of_name(tries, name);
	lines.both = wordset_hash(tries_of_address(tries, address), name) | 1;
	lines.is_own = find(&tries->right, lines.both) != NULL;
	return lines;
}

/* A line with what it is ruled by. */
struct line {
	struct tries_table *table;
	uint64_t key, free;
	int64_t gap_max;
};

static struct line
line_of_address(struct tries *tries, const struct tries_lines *lines)
{
	return (struct line){ &tries->failed, lines->address, 2 * tries->free,
		TRIES_ADDRESS_GAP };
}

static struct line
line_of_name(struct tries *tries, const struct tries_lines *lines)
{
	return (struct line){ lines->is_own ? &tries->right : &tries->failed,
		lines->is_own ? lines->both : lines->name, tries->free,
		TRIES_NAME_GAP };
}

/* As if one that was counted had never been. */
static void
void_one(struct tries_entry *entry, const struct line *line, bool is_open)
{
	entry->open -= is_open;
	entry->count--;
	entry->next -= gap_behind(entry, line->free, line->gap_max);
}

static struct tries_turn
turn_in(const struct line *line, int64_t now)
{
	struct tries_entry *entry = find(line->table, line->key), best;
	struct tries_turn turn;

	if (!entry || entry->next <= now)
		return (struct tries_turn){ now, now, false, false };
	bring_up_to_date(entry, now);
	best = *entry;
	while (best.open)
		void_one(&best, line, true);
	turn = (struct tries_turn){ entry->next, best.next, false, false };
	turn.is_guessed = failed_of(entry) >= line->free;
	turn.is_told = failed_of(entry) > entry->untold;
	return turn;
}

struct tries_turn
tries_turn_of_address(
    struct tries *tries, const struct tries_lines *lines, int64_t now)
{
	struct line line = line_of_address(tries, lines);

	/* What others do at his address holds no owner. */
	if (lines->is_own)
		return (struct tries_turn){ now, now, false, false };
	return turn_in(&line, now);
}

struct tries_turn
tries_turn_of_name(
    struct tries *tries, const struct tries_lines *lines, int64_t now)
{
	struct line line = line_of_name(tries, lines);

	return turn_in(&line, now);
}

/* Who was here longest ago is forgotten. */
void
tries_know(struct tries *tries, uint64_t key, int64_t at)
{
	(void)make(&tries->right, key, at);
}

/* is_told: it has failed; else it is open, or nobody may ever tell. */
static void
count(const struct line *line, bool is_open, bool is_told, int64_t now)
{
	struct tries_entry *entry;

	if (line->key == 0)
		return;
	entry = make(line->table, line->key, now);
	if (entry->next < now)
		entry->next = now;
	entry->next += gap_behind(entry, line->free, line->gap_max);
	entry->count++;
	entry->open += is_open;
	entry->untold += !is_open && !is_told;
}

/* It has ended; is_void: as if it had never been. */
static void
settle(const struct line *line, bool is_open, bool is_void, int64_t now)
{
	struct tries_entry *entry = find(line->table, line->key);

	if (!entry)
		return;
	touch(entry, now);
	entry->untold -= !is_open && entry->untold;
	is_open = is_open && entry->open; /* it may have been forgotten */
	if (is_void && (is_open || failed_of(entry)))
		void_one(entry, line, is_open);
	else
		entry->open -= is_open;
}

void
tries_begin(struct tries *tries, const struct tries_lines *lines, bool is_open,
    int64_t now)
{
	struct line address = line_of_address(tries, lines);
	struct line name = line_of_name(tries, lines);

	if (!lines->is_own)
		count(&address, is_open, false, now);
	count(&name, is_open, false, now);
}

void
tries_end(struct tries *tries, const struct tries_lines *lines, bool is_open,
    enum tries_outcome outcome, int64_t now)
{
	struct line address = line_of_address(tries, lines);
	struct line name = line_of_name(tries, lines);
	bool is_void = outcome != TRIES_WRONG;

	if (!lines->is_own)
		settle(&address, is_open, is_void, now);
	else if (outcome == TRIES_WRONG)
		count(&address, false, true, now);
	settle(&name, is_open, is_void, now);
	if (outcome != TRIES_RIGHT || lines->both == 0)
		return;
	tries_know(tries, lines->both, now);
	if (tries->save_at == 0)
		tries->save_at = now + TRIES_SAVE_MS;
}

bool
tries_has_failed(
    struct tries *tries, const struct tries_lines *lines, int64_t now)
{
	struct tries_entry *entry = find(&tries->failed, lines->address);

	if (!entry || lines->is_own)
		return false;
	bring_up_to_date(entry, now);
	return failed_of(entry) > 0;
}
