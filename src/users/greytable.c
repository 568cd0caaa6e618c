/* greytable.c - a file that knows what was seen. */
#include "greytable.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/wordset.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/random.h"

#define MAGIC	"greyd-2"
#define LOCK_MS 2000
#define MODE	0600
#define HEAD	64 /* bytes */

struct head {
	char magic[sizeof(MAGIC)];
	uint64_t seed;
};

/* Reads what is there; behind the end of the file are zeros. */
static int
read_at(int fd, void *bytes, size_t size, off_t place)
{
	ssize_t got = pread(fd, bytes, size, place);

	if (got < 0)
		return -1;
	memset((char *)bytes + got, 0, size - (size_t)got);
	return 0;
}

static int
write_at(int fd, const void *bytes, size_t size, off_t place)
{
	ssize_t done = pwrite(fd, bytes, size, place);

	if (done >= 0 && (size_t)done < size)
		errno = ENOSPC;
	return done == (ssize_t)size ? 0 : -1;
}

static int
begin(struct greytable *table)
{
	struct head head = { MAGIC, random_u64() };

	if (ftruncate(table->fd, 0) < 0 ||
	    write_at(table->fd, &head, sizeof(head), 0) < 0)
		return -1;
	table->seed = head.seed;
	return 0;
}

int
greytable_open(struct greytable *table, const char *path, unsigned ways)
{
	struct head head;

	table->ways = ways;
	table->fd = file_update(path);
	if (table->fd < 0 && errno == ENOENT)
		table->fd = file_create(path, MODE);
	/* Another may have made it meanwhile. */
	if (table->fd < 0 && errno == EEXIST)
		table->fd = file_update(path);
	if (table->fd < 0)
		return -1;
	if (lock_wait_shortly(table->fd, LOCK_MS) < 0 ||
	    read_at(table->fd, &head, sizeof(head), 0) < 0 ||
	    (memcmp(head.magic, MAGIC, sizeof(MAGIC)) != 0 &&
		begin(table) < 0)) {
		greytable_close(table);
		return -1;
	}
	if (memcmp(head.magic, MAGIC, sizeof(MAGIC)) == 0)
		table->seed = head.seed;
	return 0;
}

/* How much of the bucket its network and its client have. */
struct share {
	unsigned of_network, of_client;
};

static struct share
share_of(const struct greytable_entry *bucket, unsigned ways,
    const struct greytable_entry *entry)
{
	struct share share = { 0, 0 };

	for (unsigned i = 0; i < ways; i++) {
		if (bucket[i].network != entry->network)
			continue;
		share.of_network++;
		share.of_client += bucket[i].client == entry->client;
	}
	return share;
}

static int
compare(struct share a, struct share b)
{
	if (a.of_network != b.of_network)
		return a.of_network < b.of_network ? -1 : 1;
	if (a.of_client != b.of_client)
		return a.of_client < b.of_client ? -1 : 1;
	return 0;
}

/* The place of the one that was not looked up for longest; a free one is that. */
static unsigned
find_oldest(const struct greytable_entry *bucket, unsigned ways)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < ways && bucket[oldest].key; i++)
		if (bucket[i].key == 0 || bucket[i].last < bucket[oldest].last)
			oldest = i;
	return oldest;
}

/*
 * A free place, or that of one entry of those who have the most.  Which one is left
 * to chance: a client that has more than there is room for, and comes again with all
 * of them in the same order, would find each forgotten just before its turn.
 */
static unsigned
find_of_most(const struct greytable_entry *bucket, unsigned ways)
{
	struct share most = { 0, 0 };
	unsigned chosen = 0, count = 0;

	for (unsigned i = 0; i < ways; i++) {
		struct share share;
		int order;

		if (bucket[i].key == 0)
			return i;
		share = share_of(bucket, ways, &bucket[i]);
		order = compare(share, most);
		if (order > 0) {
			most = share;
			count = 0;
		}
		if (order >= 0 && random_u64() % ++count == 0)
			chosen = i;
	}
	return chosen;
}

int
greytable_find(struct greytable *table, const struct span *words, size_t count,
    const struct greytable_origin *origin, struct greytable_entry *entry)
{
	struct greytable_entry bucket[GREYTABLE_MANY];
	struct greytable_entry new = { .key = table->seed };
	size_t size = table->ways * sizeof(*bucket);
	uint64_t hash;
	unsigned at = 0;

	for (size_t i = 0; i < count; i++)
		new.key = wordset_hash(new.key, words[i]);
	hash = new.key;
	new.key |= (uint64_t)1 << 63; /* no key is 0 */
	if (origin) {
		new.network = wordset_hash(table->seed, origin->network);
		new.client = wordset_hash(table->seed, origin->client);
		hash = new.network;
	}
	table->place = (off_t)(HEAD +
	    (hash & (GREYTABLE_ENTRIES / table->ways - 1)) * size);
	if (read_at(table->fd, bucket, size, table->place) < 0)
		return -1;
	while (at < table->ways && bucket[at].key != new.key)
		at++;
	*entry = at < table->ways ? bucket[at] : new;
	if (at == table->ways)
		at = origin ? find_of_most(bucket, table->ways)
			    : find_oldest(bucket, table->ways);
	table->place += (off_t)(at * sizeof(*bucket));
	return 0;
}

int
greytable_put(
    const struct greytable *table, const struct greytable_entry *entry)
{
	return write_at(table->fd, entry, sizeof(*entry), table->place);
}

void
greytable_close(struct greytable *table)
{
	fd_close(table->fd);
	table->fd = -1;
}
