/* tcpto.c - hosts that were in trouble.  Input: from a peer of ours. */
#include "net/tcpto.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/random.h"

#define RECORD	  32 /* bytes */
#define BUCKET	  (TCPTO_PLACES * RECORD)
#define HEAD	  4096
#define FILE_SIZE (HEAD + TCPTO_BUCKETS * BUCKET)
#define LOCK_WAIT 500 /* milliseconds; holders need microseconds */

/* The old form. */
#define OLD_PLACES 64
#define OLD_FOUR   16 /* bytes of a record */
#define OLD_SIX	   28
#define OLD_SIZE   (OLD_PLACES * (OLD_FOUR + OLD_SIX))
#define OLD_PORT   25
#define OLD_FROM   2	/* timeouts, from which a host is left alone ... */
#define OLD_WAIT   3840 /* ... so many seconds */

struct bucket {
	unsigned char bytes[BUCKET];
};

/* ---- numbers and records ---- */

static uint32_t
get_number(const unsigned char *bytes, size_t size)
{
	uint32_t number = 0;

	while (size-- > 0)
		number = number << 8 | bytes[size];
	return number;
}

static void
put_number(unsigned char *bytes, size_t size, uint32_t number)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(number >> 8 * i);
}

/* Takes a record apart; one that cannot be is a free place. */
static struct tcpto_record
get_record(const unsigned char *bytes)
{
	struct tcpto_record record = { .count = get_number(bytes + 20, 2) };

	if (record.count > TCPTO_COUNT_MAX)
		record.count = TCPTO_COUNT_MAX;
	if ((bytes[16] != 4 && bytes[16] != 6) || bytes[17] == 0 ||
	    bytes[17] >= TCPTO_TROUBLES)
		return (struct tcpto_record){ .count = 0 };
	record.host.address = ip_make(bytes[16], bytes);
	record.host.port = (uint16_t)get_number(bytes + 18, 2);
	record.trouble = (enum tcpto_trouble)bytes[17];
	record.when = get_number(bytes + 24, 4);
	record.next = get_number(bytes + 28, 4);
	return record;
}

static void
put_record(unsigned char *bytes, const struct tcpto_record *record)
{
	memset(bytes, 0, RECORD);
	memcpy(bytes, record->host.address.bytes, 16);
	bytes[16] = record->host.address.family;
	bytes[17] = (unsigned char)record->trouble;
	put_number(bytes + 18, 2, record->host.port);
	put_number(bytes + 20, 2, record->count);
	put_number(bytes + 24, 4, record->when);
	put_number(bytes + 28, 4, record->next);
}

static bool
is_host(const struct tcpto_record *record, const struct tcpto_host *host)
{
	return record->count && record->host.port == host->port &&
	    ip_equal(&record->host.address, &host->address);
}

/* Whether it is to be left alone still.  A time too far ahead is nonsense, or
 * the clock was set. */
static bool
is_waiting(const struct tcpto_record *record, int64_t now)
{
	uint32_t left = record->next - (uint32_t)now;

	return left > 0 && left <= TCPTO_SKIP_MAX;
}

/* ---- buckets ---- */

static size_t
bucket_of(const struct ip_address *address)
{
	uint32_t hash = 2166136261u ^ address->family; /* FNV-1a */

	for (size_t i = 0; i < sizeof(address->bytes); i++)
		hash = (hash ^ address->bytes[i]) * 16777619u;
	return (hash ^ hash >> 16) % TCPTO_BUCKETS;
}

static off_t
place_in_file(size_t bucket, size_t place)
{
	return (off_t)(HEAD + bucket * BUCKET + place * RECORD);
}

/* Returns false if the file does not reach so far: an old one. */
static bool
read_bucket(int fd, size_t index, struct bucket *bucket)
{
	return pread(fd, bucket->bytes, BUCKET, place_in_file(index, 0)) ==
	    BUCKET;
}

static struct tcpto_record
record_at(const struct bucket *bucket, size_t place)
{
	return get_record(bucket->bytes + place * RECORD);
}

/* Returns the place of the host; TCPTO_PLACES if it has none. */
static size_t
find_host(const struct bucket *bucket, const struct tcpto_host *host,
    struct tcpto_record *record)
{
	for (size_t place = 0; place < TCPTO_PLACES; place++) {
		*record = record_at(bucket, place);
		if (is_host(record, host))
			return place;
	}
	return TCPTO_PLACES;
}

/* A free place, or that of the oldest trouble. */
static size_t
choose_place(const struct bucket *bucket)
{
	size_t oldest = 0;
	uint32_t oldest_when = UINT32_MAX;

	for (size_t place = 0; place < TCPTO_PLACES; place++) {
		struct tcpto_record record = record_at(bucket, place);

		if (record.count == 0)
			return place;
		if (record.when < oldest_when) {
			oldest = place;
			oldest_when = record.when;
		}
	}
	return oldest;
}

static int
write_record(
    int fd, size_t bucket, size_t place, const struct tcpto_record *record)
{
	unsigned char bytes[RECORD];

	put_record(bytes, record);
	return pwrite(fd, bytes, RECORD, place_in_file(bucket, place)) == RECORD
	    ? 0
	    : -1;
}

/* ---- the old form ---- */

/* Reads what there is of it; the rest is zero. */
static void
read_old(int fd, unsigned char *bytes)
{
	memset(bytes, 0, OLD_SIZE);
	if (pread(fd, bytes, OLD_SIZE, 0) < 0)
		memset(bytes, 0, OLD_SIZE);
}

static struct tcpto_record
old_record(const unsigned char *bytes, size_t index)
{
	bool is_six = index >= OLD_PLACES;
	const unsigned char *at = is_six
	    ? bytes + OLD_PLACES * OLD_FOUR + (index - OLD_PLACES) * OLD_SIX
	    : bytes + index * OLD_FOUR;
	const unsigned char *rest = at + (is_six ? 16 : 4);
	struct tcpto_record record = { .count = rest[0],
		.trouble = TCPTO_TIMEOUT,
		.when = get_number(rest + 4, 4) };

	record.host.address = ip_make(is_six ? 6 : 4, at);
	record.host.port = OLD_PORT;
	record.next = record.when + (record.count >= OLD_FROM ? OLD_WAIT : 0);
	return record;
}

/* Looks a host up in an old file. */
static bool
find_old(int fd, const struct tcpto_host *host, struct tcpto_record *record)
{
	unsigned char bytes[OLD_SIZE];

	read_old(fd, bytes);
	for (size_t i = 0; i < 2 * OLD_PLACES; i++) {
		*record = old_record(bytes, i);
		if (is_host(record, host))
			return true;
	}
	return false;
}

/* Makes an old file a new one; its records move. */
static int
renew(int fd)
{
	unsigned char bytes[OLD_SIZE];
	static const char zeros[HEAD];

	read_old(fd, bytes);
	if (ftruncate(fd, FILE_SIZE) < 0 || pwrite(fd, zeros, HEAD, 0) != HEAD)
		return -1;
	for (size_t i = 0; i < 2 * OLD_PLACES; i++) {
		struct tcpto_record record = old_record(bytes, i);
		size_t index = bucket_of(&record.host.address);
		struct bucket bucket;

		if (record.count && read_bucket(fd, index, &bucket))
			(void)write_record(
			    fd, index, choose_place(&bucket), &record);
	}
	return 0;
}

/* ---- questions ---- */

int
tcpto_open(struct tcpto *tcpto)
{
	tcpto->fd = file_open_nofollow(TCPTO_FILE);
	return tcpto->fd < 0 ? -1 : 0;
}

void
tcpto_close(struct tcpto *tcpto)
{
	fd_close(tcpto->fd);
	tcpto->fd = -1;
}

static bool
find(int fd, const struct tcpto_host *host, struct tcpto_record *record)
{
	struct bucket bucket;

	if (!read_bucket(fd, bucket_of(&host->address), &bucket))
		return find_old(fd, host, record);
	return find_host(&bucket, host, record) < TCPTO_PLACES;
}

int
tcpto_list(const struct tcpto *tcpto, struct tcpto_list *list)
{
	unsigned char old[OLD_SIZE];
	struct bucket bucket;
	off_t end = lseek(tcpto->fd, 0, SEEK_END);

	if (end < 0)
		return -1;
	for (size_t i = 0; end >= FILE_SIZE && i < TCPTO_BUCKETS; i++) {
		if (!read_bucket(tcpto->fd, i, &bucket))
			return -1;
		for (size_t place = 0; place < TCPTO_PLACES; place++)
			if (record_at(&bucket, place).count)
				vec_push(
				    &list->records, record_at(&bucket, place));
	}
	if (end >= FILE_SIZE)
		return 0;
	read_old(tcpto->fd, old);
	for (size_t i = 0; i < 2 * OLD_PLACES; i++)
		if (old_record(old, i).count)
			vec_push(&list->records, old_record(old, i));
	return 0;
}

/* ---- changes ---- */

/* Opens the table, locked and in its new form; closing ends the lock.  Returns
 * the descriptor, -1 with errno. */
static int
open_for_change(void)
{
	int fd = file_update(TCPTO_FILE);

	/* A hint that is lost costs less than waiting for ever. */
	if (fd >= 0 &&
	    (lock_wait_shortly(fd, LOCK_WAIT) < 0 ||
		(lseek(fd, 0, SEEK_END) < FILE_SIZE && renew(fd) < 0))) {
		fd_close(fd);
		return -1;
	}
	return fd;
}

/* With the table locked: the first that asks may try. */
static enum tcpto_advice
take_lease(int fd, const struct tcpto_host *host, int64_t now, int64_t lease)
{
	size_t index = bucket_of(&host->address), place;
	struct tcpto_record record;
	struct bucket bucket;

	if (!read_bucket(fd, index, &bucket) ||
	    (place = find_host(&bucket, host, &record)) == TCPTO_PLACES)
		return TCPTO_UNKNOWN;
	if (is_waiting(&record, now))
		return TCPTO_SKIP;
	record.next = (uint32_t)now +
	    (uint32_t)(lease < TCPTO_SKIP_MAX ? lease : TCPTO_SKIP_MAX);
	(void)write_record(fd, index, place, &record);
	return TCPTO_PROBE;
}

enum tcpto_advice
tcpto_ask(const struct tcpto *tcpto, const struct tcpto_host *host, int64_t now,
    int64_t lease)
{
	enum tcpto_advice advice = TCPTO_PROBE;
	struct tcpto_record record;
	int fd;

	if (tcpto->fd < 0 || !find(tcpto->fd, host, &record))
		return TCPTO_UNKNOWN;
	if (is_waiting(&record, now))
		return TCPTO_SKIP;
	fd = open_for_change();
	if (fd >= 0)
		advice = take_lease(fd, host, now, lease);
	fd_close(fd);
	return advice;
}

static const char *const troubles[TCPTO_TROUBLES] = {
	[TCPTO_TIMEOUT] = "timed out",
	[TCPTO_REFUSED] = "refused the connection",
	[TCPTO_UNREACHABLE] = "was unreachable",
	[TCPTO_SILENT] = "said nothing",
	[TCPTO_LOST] = "broke the connection",
	[TCPTO_GREETING] = "greeted with a refusal",
	[TCPTO_HELLO] = "refused our name",
	[TCPTO_TLS] = "failed in TLS",
};

const char *
tcpto_words(enum tcpto_trouble trouble)
{
	must(trouble > TCPTO_NO_TROUBLE && trouble < TCPTO_TROUBLES);
	return troubles[trouble];
}

enum tcpto_trouble
tcpto_trouble(const struct tcpto *tcpto, const struct tcpto_host *host)
{
	struct tcpto_record record;

	return tcpto->fd >= 0 && find(tcpto->fd, host, &record)
	    ? record.trouble
	    : TCPTO_NO_TROUBLE;
}

/* Seconds to leave a host alone, a little different each time: not all come
 * back at once. */
static uint32_t
wait_after(unsigned count)
{
	uint32_t wait = TCPTO_SHORTEST << (count - 1);

	if (wait > TCPTO_LONGEST)
		wait = TCPTO_LONGEST;
	return wait + random_below(wait / 16 + 1);
}

void
tcpto_note(
    const struct tcpto_host *host, enum tcpto_trouble trouble, int64_t now)
{
	size_t index = bucket_of(&host->address), place;
	struct tcpto_record record;
	struct bucket bucket;
	int fd = open_for_change();

	if (fd < 0 || !read_bucket(fd, index, &bucket)) {
		fd_close(fd);
		return;
	}
	place = find_host(&bucket, host, &record);
	if (place == TCPTO_PLACES) {
		place = choose_place(&bucket);
		record = (struct tcpto_record){ .host = *host };
	}
	/* What several deliveries find at once is one trouble. */
	if (record.count == 0 || (uint32_t)now - record.when >= TCPTO_SPACING) {
		record.when = (uint32_t)now;
		if (record.count < TCPTO_COUNT_MAX)
			record.count++;
	}
	record.trouble = trouble;
	record.next = (uint32_t)now + wait_after(record.count);
	(void)write_record(fd, index, place, &record); /* a hint */
	fd_close(fd);
}

/* Frees the places of an address; of one port only, unless that is 0. */
static int
clear(const struct ip_address *address, uint16_t port)
{
	const struct tcpto_record none = { .count = 0 };
	size_t index = bucket_of(address);
	struct bucket bucket;
	int fd = open_for_change(), result = 0;

	if (fd < 0 || !read_bucket(fd, index, &bucket)) {
		fd_close(fd);
		return -1;
	}
	for (size_t place = 0; place < TCPTO_PLACES; place++) {
		struct tcpto_record record = record_at(&bucket, place);

		if (record.count && (!port || record.host.port == port) &&
		    ip_equal(&record.host.address, address) &&
		    write_record(fd, index, place, &none) < 0)
			result = -1;
	}
	fd_close(fd);
	return result;
}

int
tcpto_clear(const struct tcpto_host *host)
{
	return clear(&host->address, host->port);
}

int
tcpto_clear_address(const struct ip_address *address)
{
	return clear(address, 0);
}

int
tcpto_clear_all(void)
{
	int fd = open_for_change();
	int result = -1;

	/* Cut and grown again, all of it reads as zero. */
	if (fd >= 0)
		result = ftruncate(fd, 0) < 0 ? -1 : ftruncate(fd, FILE_SIZE);
	fd_close(fd);
	return result;
}
