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

#define MAGIC	"greyd-1"
#define LOCK_MS 2000
#define MODE	0600
#define HEAD	64 /* bytes */

struct head {
	char magic[sizeof(MAGIC)];
	uint64_t seed;
};

struct bucket {
	struct greytable_entry entries[GREYTABLE_WAYS];
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
greytable_open(struct greytable *table, const char *path)
{
	struct head head;

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

static bool
is_worth_less(const struct greytable_entry *a, const struct greytable_entry *b)
{
	if (a->key == 0 || b->key == 0)
		return b->key != 0;
	if (!a->has_passed != !b->has_passed)
		return !a->has_passed;
	return a->last < b->last;
}

int
greytable_find(struct greytable *table, const struct span *words, size_t count,
    struct greytable_entry *entry)
{
	uint64_t key = table->seed;
	struct bucket bucket;
	size_t found = 0;
	off_t place;

	for (size_t i = 0; i < count; i++)
		key = wordset_hash(key, words[i]);
	place = (off_t)(HEAD +
	    (key & (GREYTABLE_BUCKETS - 1)) * sizeof(struct bucket));
	key |= (uint64_t)1 << 63; /* no key is 0 */
	if (read_at(table->fd, &bucket, sizeof(bucket), place) < 0)
		return -1;
	for (size_t i = 1; i < GREYTABLE_WAYS; i++)
		if (bucket.entries[found].key != key &&
		    (bucket.entries[i].key == key ||
			is_worth_less(
			    &bucket.entries[i], &bucket.entries[found])))
			found = i;
	table->place = place + (off_t)(found * sizeof(struct greytable_entry));
	*entry = bucket.entries[found];
	if (entry->key != key)
		*entry = (struct greytable_entry){ .key = key };
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
