/* cdbmake.c - making constant databases. */
#include "config/cdbmake.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "config/cdb.h"
#include "sys/fd.h"

#define TABLES 256

static void
put_number(char *bytes, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (char)(unsigned char)(number >> (8 * i));
}

/* Two numbers, as they stand everywhere in the format. */
static int
add_pair(struct cdbmake *make, uint32_t a, uint32_t b)
{
	char bytes[8];

	put_number(bytes, a);
	put_number(bytes + 4, b);
	make->position += sizeof(bytes);
	return out_add(&make->out, span_make(bytes, sizeof(bytes)));
}

/* Whether so many more bytes fit into the format. */
static int
claim(const struct cdbmake *make, uint64_t bytes)
{
	if (bytes <= UINT32_MAX - make->position)
		return 0;
	errno = EFBIG;
	return -1;
}

int
cdbmake_begin(struct cdbmake *make, int fd)
{
	out_init(&make->out, fd, make->buffer, sizeof(make->buffer));
	make->position = CDB_HEADER;
	memset(&make->entries, 0, sizeof(make->entries));
	return lseek(fd, CDB_HEADER, SEEK_SET) < 0 ? -1 : 0;
}

int
cdbmake_add(struct cdbmake *make, struct span key, struct span value)
{
	struct cdbmake_entry entry = { cdb_hash(key),
		(uint32_t)make->position };

	if (key.len > UINT32_MAX || value.len > CDB_VALUE_MAX) {
		errno = EFBIG;
		return -1;
	}
	if (claim(make, 8 + (uint64_t)key.len + value.len) < 0)
		return -1;
	vec_push(&make->entries, entry);
	if (add_pair(make, (uint32_t)key.len, (uint32_t)value.len) < 0 ||
	    out_add(&make->out, key) < 0 || out_add(&make->out, value) < 0)
		return -1;
	make->position += key.len + value.len;
	return 0;
}

/* Writes one table of twice as many slots as it has records. */
static int
write_table(struct cdbmake *make, const struct cdbmake_entry *entries,
    uint32_t count, struct cdbmake_entry *slots)
{
	uint32_t len = count * 2;

	memset(slots, 0, len * sizeof(*slots));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = (entries[i].hash >> 8) % len;

		while (slots[at].position)
			at = (at + 1) % len;
		slots[at] = entries[i];
	}
	for (uint32_t i = 0; i < len; i++)
		if (add_pair(make, slots[i].hash, slots[i].position) < 0)
			return -1;
	return 0;
}

/* Sorts the records by table, keeping the order in which they came. */
static struct cdbmake_entry *
sort_by_table(const struct cdbmake *make, uint32_t counts[TABLES])
{
	size_t starts[TABLES], total = 0;
	struct cdbmake_entry *sorted =
	    must_realloc(NULL, (make->entries.len + 1) * sizeof(*sorted));

	memset(counts, 0, TABLES * sizeof(*counts));
	for (size_t i = 0; i < make->entries.len; i++)
		counts[make->entries.at[i].hash % TABLES]++;
	for (size_t i = 0; i < TABLES; i++) {
		starts[i] = total;
		total += counts[i];
	}
	for (size_t i = 0; i < make->entries.len; i++)
		sorted[starts[make->entries.at[i].hash % TABLES]++] =
		    make->entries.at[i];
	return sorted;
}

int
cdbmake_end(struct cdbmake *make)
{
	uint32_t counts[TABLES], largest = 0;
	struct cdbmake_entry *sorted, *slots, *next;
	char header[CDB_HEADER];
	int result = -1;

	if (claim(make, (uint64_t)make->entries.len * 16) < 0)
		return -1;
	next = sorted = sort_by_table(make, counts);
	for (size_t i = 0; i < TABLES; i++)
		if (counts[i] > largest)
			largest = counts[i];
	slots = must_realloc(NULL, ((size_t)largest * 2 + 1) * sizeof(*slots));
	for (size_t i = 0; i < TABLES; i++) {
		put_number(header + 8 * i, (uint32_t)make->position);
		put_number(header + 8 * i + 4, counts[i] * 2);
		if (counts[i] && write_table(make, next, counts[i], slots) < 0)
			goto done;
		next += counts[i];
	}
	if (out_flush(&make->out) < 0 || lseek(make->out.fd, 0, SEEK_SET) < 0)
		goto done;
	result = fd_write_all(make->out.fd, span_make(header, CDB_HEADER));
done:
	must_free(sorted);
	must_free(slots);
	return result;
}

void
cdbmake_free(struct cdbmake *make)
{
	vec_free(&make->entries);
}
