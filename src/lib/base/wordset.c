/* wordset.c - words to find without regard to ASCII case. */
#include "base/wordset.h"

#include "base/ascii.h"
#include "base/must.h"

/* FNV-1a over the lower-case bytes. */
uint64_t
wordset_hash(uint64_t seed, struct span word)
{
	uint64_t hash = 14695981039346656037u ^ seed;

	for (size_t i = 0; i < word.len; i++) {
		hash ^= (unsigned char)ascii_lower(word.s[i]);
		hash *= 1099511628211u;
	}
	return hash ^ (hash >> 29);
}

static void
put_in_bucket(struct wordset *set, size_t index)
{
	struct wordset_entry *entry = &set->entries.at[index];
	size_t bucket = entry->hash & (set->buckets.len - 1);

	entry->next = set->buckets.at[bucket];
	set->buckets.at[bucket] = index + 1;
}

static void
double_buckets(struct wordset *set)
{
	size_t wanted = set->buckets.len ? set->buckets.len * 2 : 16;

	set->buckets.len = 0;
	while (set->buckets.len < wanted)
		vec_push(&set->buckets, 0);
	for (size_t i = 0; i < set->entries.len; i++)
		put_in_bucket(set, i);
}

void
wordset_add(struct wordset *set, struct span word, struct span value)
{
	struct wordset_entry entry = { set->bytes.len, word.len, value.len,
		wordset_hash(set->seed, word), 0 };

	str_add(&set->bytes, word);
	str_add(&set->bytes, value);
	vec_push(&set->entries, entry);
	if (word.len > set->longest)
		set->longest = word.len;
	if (set->entries.len > set->buckets.len)
		double_buckets(set);
	else
		put_in_bucket(set, set->entries.len - 1);
}

static bool
find(const struct wordset *set, struct span word,
    bool (*is_equal)(struct span, struct span), struct span *value)
{
	uint64_t hash;
	size_t i;

	if (!set->buckets.len || word.len > set->longest)
		return false;
	hash = wordset_hash(set->seed, word);
	for (i = set->buckets.at[hash & (set->buckets.len - 1)]; i;
	     i = set->entries.at[i - 1].next) {
		const struct wordset_entry *entry = &set->entries.at[i - 1];
		struct span bytes = span_from(str_span(&set->bytes), entry->at);

		if (entry->hash != hash ||
		    !is_equal(span_upto(bytes, entry->key_len), word))
			continue;
		if (value)
			*value = span_upto(
			    span_from(bytes, entry->key_len), entry->value_len);
		return true;
	}
	return false;
}

bool
wordset_find(const struct wordset *set, struct span word, struct span *value)
{
	return find(set, word, span_equal_nocase, value);
}

bool
wordset_has_exactly(const struct wordset *set, struct span word)
{
	return find(set, word, span_equal, NULL);
}

bool
wordset_is_empty(const struct wordset *set)
{
	return set->entries.len == 0;
}

void
wordset_free(struct wordset *set)
{
	str_free(&set->bytes);
	vec_free(&set->entries);
	vec_free(&set->buckets);
	set->longest = 0;
}
