/* tcpto.c - hosts that did not answer.  Input: from a peer of ours. */
#include "net/tcpto.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/file.h"
#include "sys/lock.h"

#define SKIP_SHORTEST 60 /* times 64 seconds */
#define SKIP_SPREAD   32
#define SKIP_UNIT     64
#define COUNT_WEIGHT  1024 /* seconds that a timeout counts when making place */

/* How the two families lie in the file. */
struct area {
	unsigned char family;
	size_t start, record, address;
};

static const struct area areas[] = {
	{ 4, 0, 16, 4 },
	{ 6, TCPTO_RECORDS * 16, 28, 16 },
};

#define AREAS	   (sizeof(areas) / sizeof(areas[0]))
#define RECORD_MAX 28

static const struct area *
area_of(const struct ip_address *address)
{
	return &areas[address->family == 6];
}

/* The record at a place of the table, zero where the table is too short. */
static struct tcpto_record
get_record(struct span table, const struct area *area, size_t index)
{
	unsigned char bytes[RECORD_MAX] = { 0 };
	const unsigned char *rest = bytes + area->address;
	size_t at = area->start + index * area->record;
	struct tcpto_record record;

	if (at + area->record <= table.len)
		memcpy(bytes, table.s + at, area->record);
	record.address = ip_make(area->family, bytes);
	record.count = rest[0];
	record.when = (uint32_t)rest[4] | (uint32_t)rest[5] << 8 |
	    (uint32_t)rest[6] << 16 | (uint32_t)rest[7] << 24;
	return record;
}

static void
put_record(int fd, const struct area *area, size_t index,
    const struct tcpto_record *record)
{
	unsigned char bytes[RECORD_MAX] = { 0 };
	unsigned char *rest = bytes + area->address;
	off_t at = (off_t)(area->start + index * area->record);

	memcpy(bytes, record->address.bytes, area->address);
	rest[0] = (unsigned char)record->count;
	for (int i = 0; i < 4; i++)
		rest[4 + i] = (unsigned char)(record->when >> 8 * i);
	/* A hint that is lost costs nothing but time. */
	(void)!pwrite(fd, bytes, area->record, at);
}

int
tcpto_read(struct tcpto *tcpto)
{
	str_reset(&tcpto->table);
	if (file_read(TCPTO_FILE, &tcpto->table, TCPTO_MAX) == 0)
		return 0;
	str_reset(&tcpto->table);
	return -1;
}

static int
open_table(void)
{
	return open(TCPTO_FILE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

int
tcpto_clear(void)
{
	static const char zeros[TCPTO_RECORDS * (16 + 28)];
	int fd = open_table();
	int result = -1;

	if (fd >= 0 && lock_wait(fd) == 0)
		result = fd_write_all(fd, span_make(zeros, sizeof(zeros)));
	fd_close(fd);
	return result;
}

bool
tcpto_next(
    const struct tcpto *tcpto, size_t *place, struct tcpto_record *record)
{
	while (*place < AREAS * TCPTO_RECORDS) {
		size_t at = (*place)++;

		*record = get_record(str_span(&tcpto->table),
		    &areas[at / TCPTO_RECORDS], at % TCPTO_RECORDS);
		if (record->count)
			return true;
	}
	return false;
}

/* Returns the index of the host's record, TCPTO_RECORDS if it has none. */
static size_t
find_record(struct span table, const struct ip_address *address,
    struct tcpto_record *record)
{
	for (size_t i = 0; i < TCPTO_RECORDS; i++) {
		*record = get_record(table, area_of(address), i);
		if (record->count && ip_equal(&record->address, address))
			return i;
	}
	return TCPTO_RECORDS;
}

/* Seconds since that time; 0 if it lies ahead. */
static uint32_t
age_of(const struct tcpto_record *record, int64_t now)
{
	uint32_t age = (uint32_t)now - record->when;

	return age < UINT32_C(1) << 31 ? age : 0;
}

static bool
is_ahead(const struct tcpto_record *record, int64_t now)
{
	return age_of(record, now) == 0 && record->when != (uint32_t)now;
}

bool
tcpto_should_skip(const struct tcpto *tcpto, const struct ip_address *address,
    int64_t now, unsigned spread)
{
	struct tcpto_record record;
	uint32_t wait = (SKIP_SHORTEST + spread % SKIP_SPREAD) * SKIP_UNIT;

	if (find_record(str_span(&tcpto->table), address, &record) ==
	    TCPTO_RECORDS)
		return false;
	return record.count >= TCPTO_SKIP_FROM && !is_ahead(&record, now) &&
	    age_of(&record, now) < wait;
}

/* A free place, or the one that is missed least. */
static size_t
choose_place(struct span table, const struct area *area)
{
	size_t best = 0;
	uint64_t best_worth = UINT64_MAX;

	for (size_t i = 0; i < TCPTO_RECORDS; i++) {
		struct tcpto_record record = get_record(table, area, i);
		uint64_t worth = record.count
		    ? record.when + COUNT_WEIGHT * (uint64_t)record.count
		    : 0;

		if (worth < best_worth) {
			best = i;
			best_worth = worth;
		}
	}
	return best;
}

/* With the file locked: what the new timeout makes of the record. */
static void
note_timeout(
    int fd, struct span table, const struct ip_address *address, int64_t now)
{
	const struct area *area = area_of(address);
	struct tcpto_record record;
	size_t index = find_record(table, address, &record);

	if (index == TCPTO_RECORDS) {
		index = choose_place(table, area);
		record = (struct tcpto_record){ .address = *address };
	} else if (!is_ahead(&record, now) &&
	    age_of(&record, now) < TCPTO_SPACING)
		return;
	if (record.count < TCPTO_COUNT_MAX)
		record.count++;
	record.when = (uint32_t)now;
	put_record(fd, area, index, &record);
}

static void
clear_record(int fd, struct span table, const struct ip_address *address)
{
	struct tcpto_record record;
	size_t index = find_record(table, address, &record);

	if (index == TCPTO_RECORDS)
		return;
	record.count = 0;
	put_record(fd, area_of(address), index, &record);
}

void
tcpto_note(struct tcpto *tcpto, const struct ip_address *address,
    bool is_timeout, int64_t now)
{
	struct tcpto_record record;
	int fd;

	if (!is_timeout &&
	    find_record(str_span(&tcpto->table), address, &record) ==
		TCPTO_RECORDS)
		return;
	fd = open_table();
	if (fd < 0)
		return;
	str_reset(&tcpto->table);
	/* A note that is lost costs less than waiting for whoever holds it. */
	if (lock_try(fd) == 0 &&
	    file_read_fd(fd, &tcpto->table, TCPTO_MAX) == 0) {
		struct span table = str_span(&tcpto->table);

		if (is_timeout)
			note_timeout(fd, table, address, now);
		else
			clear_record(fd, table, address);
	}
	fd_close(fd);
}

void
tcpto_free(struct tcpto *tcpto)
{
	str_free(&tcpto->table);
}
