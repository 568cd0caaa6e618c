/*
 * cdb.c - looking up in constant databases.
 * Input: trusted, damage expected
 */
#include "config/cdb.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/file.h"

#define SLOT_BYTES  8
#define SLOTS_BLOCK 16 /* slots that are read at once */
#define KEY_BLOCK   512
#define VALUE_BLOCK 65536

uint32_t
cdb_hash(struct span key)
{
	uint32_t hash = 5381;

	for (size_t i = 0; i < key.len; i++)
		hash = (hash * 33) ^ (unsigned char)key.s[i];
	return hash;
}

uint32_t
cdb_number(const char *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	    (uint32_t)b[3] << 24;
}

int
cdb_open(struct cdb *cdb, const char *path)
{
	cdb->fd = file_open(path);
	return cdb->fd < 0 ? -1 : 0;
}

void
cdb_close(struct cdb *cdb)
{
	fd_close(cdb->fd);
	cdb->fd = -1;
}

/* Reads exactly len bytes at the position; EBADMSG if they are not there. */
static int
read_at(const struct cdb *cdb, uint64_t position, char *bytes, size_t len)
{
	while (len) {
		ssize_t got = pread(cdb->fd, bytes, len, (off_t)position);

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = EBADMSG;
		if (got <= 0)
			return -1;
		bytes += got;
		len -= (size_t)got;
		position += (uint64_t)got;
	}
	return 0;
}

/* Compares len bytes at the position.  1 equal, 0 not, -1 with errno. */
static int
is_key_at(const struct cdb *cdb, uint64_t position, struct span key)
{
	char block[KEY_BLOCK];

	while (key.len) {
		size_t n = key.len < KEY_BLOCK ? key.len : KEY_BLOCK;

		if (read_at(cdb, position, block, n) < 0)
			return -1;
		if (memcmp(block, key.s, n) != 0)
			return 0;
		position += n;
		key = span_from(key, n);
	}
	return 1;
}

/* Takes no more memory than there are bytes, whatever the length says. */
static int
read_value(
    const struct cdb *cdb, uint64_t position, size_t len, struct str *value)
{
	str_reset(value);
	for (size_t n; value->len < len; value->len += n) {
		n = len - value->len;
		if (n > VALUE_BLOCK)
			n = VALUE_BLOCK;
		str_reserve(value, n);
		if (read_at(cdb, position + value->len, value->s + value->len,
			n) < 0)
			return -1;
	}
	str_reserve(value, 0);
	value->s[value->len] = '\0';
	return 0;
}

/* Judges the record at the position, and takes its value. */
static int
try_record(const struct cdb *cdb, uint64_t position, struct span key,
    struct str *value)
{
	char lengths[8];
	uint32_t value_len;
	int result;

	if (read_at(cdb, position, lengths, sizeof(lengths)) < 0)
		return -1;
	if (cdb_number(lengths) != key.len)
		return 0;
	value_len = cdb_number(lengths + 4);
	position += sizeof(lengths);
	result = is_key_at(cdb, position, key);
	if (result <= 0 || !value)
		return result;
	if (value_len > CDB_VALUE_MAX) {
		errno = EBADMSG;
		return -1;
	}
	return read_value(cdb, position + key.len, value_len, value) < 0 ? -1
									 : 1;
}

int
cdb_find(const struct cdb *cdb, struct span key, struct str *value)
{
	uint32_t hash = cdb_hash(key), slots, start, first;
	char block[SLOTS_BLOCK * SLOT_BYTES];
	uint64_t table;

	if (read_at(cdb, (hash & 255) * SLOT_BYTES, block, SLOT_BYTES) < 0)
		return -1;
	table = cdb_number(block);
	slots = cdb_number(block + 4);
	if (slots == 0)
		return 0;
	start = (hash >> 8) % slots;
	for (uint32_t seen = 0; seen < slots;) {
		uint32_t n = slots - seen;

		first = (uint32_t)(((uint64_t)start + seen) % slots);
		if (n > slots - first)
			n = slots - first;
		if (n > SLOTS_BLOCK)
			n = SLOTS_BLOCK;
		if (read_at(cdb, table + (uint64_t)first * SLOT_BYTES, block,
			n * SLOT_BYTES) < 0)
			return -1;
		for (uint32_t i = 0; i < n; i++) {
			const char *slot = block + i * SLOT_BYTES;
			uint32_t position = cdb_number(slot + 4);
			int result;

			if (position == 0)
				return 0;
			if (cdb_number(slot) != hash)
				continue;
			result = try_record(cdb, position, key, value);
			if (result != 0)
				return result;
		}
		seen += n;
	}
	return 0;
}
