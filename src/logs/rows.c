/*
 * rows.c - what a report counts, a row for each key.
 * Input: hostile (keys)
 */
#include "rows.h"

#include <string.h>

#include "sys/random.h"

#define FIRST_BUCKETS 1024

void
rows_init(struct rows *rows)
{
	*rows = (struct rows){ .keys = STR_INIT,
		.rows_max = ROWS_MAX,
		.bytes_max = ROWS_BYTES_MAX };
	rows->factor = random_seed() | 1;
	while (rows->buckets.len < FIRST_BUCKETS)
		vec_push(&rows->buckets, 0);
}

/* Four bytes a step; the secret factor spreads each difference of them over
 * the upper half. */
static uint64_t
hash_key(const struct rows *rows, struct span key)
{
	uint64_t hash = rows->factor ^ key.len;
	uint32_t part;

	for (; key.len >= sizeof(part); key = span_from(key, sizeof(part))) {
		memcpy(&part, key.s, sizeof(part));
		hash = (hash ^ part) * rows->factor;
		hash ^= hash >> 32;
	}
	part = 0;
	memcpy(&part, key.s, key.len);
	hash = (hash ^ part) * rows->factor;
	return hash ^ hash >> 32;
}

static void
put_in_bucket(struct rows *rows, size_t index)
{
	struct row *row = &rows->rows.at[index];
	size_t bucket = row->hash & (rows->buckets.len - 1);

	row->next = rows->buckets.at[bucket];
	rows->buckets.at[bucket] = index + 1;
}

static void
double_buckets(struct rows *rows)
{
	size_t wanted = rows->buckets.len * 2;

	rows->buckets.len = 0;
	while (rows->buckets.len < wanted)
		vec_push(&rows->buckets, 0);
	for (size_t i = 0; i < rows->rows.len; i++)
		put_in_bucket(rows, i);
}

static struct row *
find(struct rows *rows, struct span key, uint64_t hash)
{
	size_t i = rows->buckets.at[hash & (rows->buckets.len - 1)];

	for (; i; i = rows->rows.at[i - 1].next) {
		struct row *row = &rows->rows.at[i - 1];

		if (row->hash == hash && span_equal(rows_key(rows, row), key))
			return row;
	}
	return NULL;
}

static struct row *
add(struct rows *rows, struct span key, uint64_t hash)
{
	struct row row = {
		.key_at = rows->keys.len, .key_len = key.len, .hash = hash
	};

	str_add(&rows->keys, key);
	vec_push(&rows->rows, row);
	put_in_bucket(rows, rows->rows.len - 1);
	if (rows->rows.len > rows->buckets.len)
		double_buckets(rows);
	return &rows->rows.at[rows->rows.len - 1];
}

struct row *
rows_at(struct rows *rows, struct span key)
{
	uint64_t hash = hash_key(rows, key);
	struct row *row = find(rows, key, hash);

	if (row)
		return row;
	if (rows->rows.len >= rows->rows_max ||
	    rows->keys.len + key.len > rows->bytes_max) {
		key = SPAN(ROWS_OTHERS);
		hash = hash_key(rows, key);
		row = find(rows, key, hash);
	}
	return row ? row : add(rows, key, hash);
}

struct span
rows_key(const struct rows *rows, const struct row *row)
{
	/* Of one that is empty there may be no bytes yet. */
	return span_upto(
	    span_from(str_span(&rows->keys), row->key_at), row->key_len);
}

void
rows_free(struct rows *rows)
{
	str_free(&rows->keys);
	vec_free(&rows->rows);
	vec_free(&rows->buckets);
}
