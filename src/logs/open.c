/*
 * open.c - what matchup remembers: messages and deliveries that have not ended.
 */
#include "open.h"

#include <stdlib.h>

#include "sys/random.h"

#define FIRST_BUCKETS 64

static void
empty_buckets(struct open *open, size_t count)
{
	open->buckets.len = 0;
	while (open->buckets.len < count)
		vec_push(&open->buckets, 0);
}

void
open_init(struct open *open)
{
	*open = (struct open){ .seed = random_seed() | 1 };
	empty_buckets(open, FIRST_BUCKETS);
}

/* The link to the first entry of the bucket of a number. */
static size_t *
bucket_of(const struct open *open, uint64_t number)
{
	uint64_t hash = number * open->seed;

	return &open->buckets.at[(hash ^ hash >> 32) & (open->buckets.len - 1)];
}

/* The link that leads to the entry of a number, or the last one of its bucket,
 * which is 0. */
static size_t *
link_to(const struct open *open, uint64_t number)
{
	size_t *link = bucket_of(open, number);

	while (*link && open->entries.at[*link - 1].number != number)
		link = &open->entries.at[*link - 1].next;
	return link;
}

struct open_entry *
open_find(const struct open *open, uint64_t number)
{
	size_t found = *link_to(open, number);

	return found ? &open->entries.at[found - 1] : NULL;
}

static void
link_in(struct open *open, size_t index)
{
	size_t *link = bucket_of(open, open->entries.at[index].number);

	open->entries.at[index].next = *link;
	*link = index + 1;
}

/* Only where none has ended: all entries are in buckets. */
static void
double_buckets(struct open *open)
{
	empty_buckets(open, open->buckets.len * 2);
	for (size_t i = 0; i < open->entries.len; i++)
		link_in(open, i);
}

/* The index of an entry that is free. */
static size_t
take_free(struct open *open)
{
	size_t index = open->entries.len;

	if (open->free) {
		index = open->free - 1;
		open->free = open->entries.at[index].next;
		return index;
	}
	if (open->entries.len == open->buckets.len)
		double_buckets(open);
	vec_push(&open->entries, (struct open_entry){ .stamp = STR_INIT });
	return index;
}

struct open_entry *
open_add(struct open *open, uint64_t number)
{
	struct open_entry *entry;
	struct str stamp, who;
	size_t index;

	open_end(open, number);
	index = take_free(open);
	entry = &open->entries.at[index];
	stamp = entry->stamp;
	who = entry->who;
	str_reset(&stamp);
	str_reset(&who);
	*entry = (struct open_entry){ .number = number,
		.came = open->came++,
		.stamp = stamp,
		.who = who };
	link_in(open, index);
	open->count++;
	return entry;
}

/* Puts the entry that a link leads to among those that have ended. */
static void
end(struct open *open, size_t *link)
{
	size_t found = *link;
	struct open_entry *entry = &open->entries.at[found - 1];

	*link = entry->next;
	entry->next = open->free;
	open->free = found;
	open->count--;
}

void
open_end(struct open *open, uint64_t number)
{
	size_t *link = link_to(open, number);

	if (*link)
		end(open, link);
}

void
open_end_all(struct open *open)
{
	for (size_t i = 0; i < open->buckets.len; i++)
		while (open->buckets.at[i])
			end(open, &open->buckets.at[i]);
}

static int
compare(const void *left, const void *right)
{
	const struct open_entry *const *a = left, *const *b = right;

	return ((*a)->came > (*b)->came) - ((*a)->came < (*b)->came);
}

void
open_in_order(const struct open *open, struct open_list *list)
{
	*list = (struct open_list){ VEC_INIT };
	for (size_t i = 0; i < open->buckets.len; i++)
		for (size_t at = open->buckets.at[i]; at;
		     at = open->entries.at[at - 1].next)
			vec_push(&list->found, &open->entries.at[at - 1]);
	if (list->found.len)
		qsort(list->found.at, list->found.len, sizeof(*list->found.at),
		    compare);
}

void
open_free(struct open *open)
{
	for (size_t i = 0; i < open->entries.len; i++) {
		str_free(&open->entries.at[i].stamp);
		str_free(&open->entries.at[i].who);
	}
	vec_free(&open->entries);
	vec_free(&open->buckets);
}
