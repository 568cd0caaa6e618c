/* heap.c - a priority queue of numbers by time. */
#include "base/heap.h"

static bool
is_before(struct heap_entry a, struct heap_entry b)
{
	return a.when < b.when || (a.when == b.when && a.number < b.number);
}

void
heap_add(struct heap *heap, struct heap_entry entry)
{
	struct heap_entry *at;
	size_t i;

	vec_push(&heap->entries, entry);
	at = heap->entries.at;
	for (i = heap->entries.len - 1; i > 0; i = (i - 1) / 2) {
		if (!is_before(entry, at[(i - 1) / 2]))
			break;
		at[i] = at[(i - 1) / 2];
	}
	at[i] = entry;
}

const struct heap_entry *
heap_first(const struct heap *heap)
{
	return heap->entries.len ? &heap->entries.at[0] : NULL;
}

/* Lets an entry sink from place i to where it belongs. */
static void
sift_down(struct heap *heap, size_t i)
{
	struct heap_entry *at = heap->entries.at;
	struct heap_entry entry = at[i];
	size_t len = heap->entries.len;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < len && is_before(at[child + 1], at[child]))
			child++;
		if (child >= len || !is_before(at[child], entry))
			break;
		at[i] = at[child];
		i = child;
	}
	at[i] = entry;
}

void
heap_remove_first(struct heap *heap)
{
	must(heap->entries.len > 0);
	heap->entries.at[0] = heap->entries.at[--heap->entries.len];
	if (heap->entries.len)
		sift_down(heap, 0);
}

bool
heap_has(const struct heap *heap, uint64_t number)
{
	for (size_t i = 0; i < heap->entries.len; i++)
		if (heap->entries.at[i].number == number)
			return true;
	return false;
}

static void
make_heap(struct heap *heap)
{
	for (size_t i = heap->entries.len / 2; i > 0; i--)
		sift_down(heap, i - 1);
}

void
heap_set_all(struct heap *heap, int64_t when)
{
	for (size_t i = 0; i < heap->entries.len; i++)
		heap->entries.at[i].when = when;
	make_heap(heap);
}

void
heap_hurry(struct heap *heap, int64_t when,
    bool (*is_meant)(const void *context, uint64_t number), const void *context)
{
	for (size_t i = 0; i < heap->entries.len; i++) {
		struct heap_entry *entry = &heap->entries.at[i];

		if (entry->when > when && is_meant(context, entry->number))
			entry->when = when;
	}
	make_heap(heap);
}

void
heap_free(struct heap *heap)
{
	vec_free(&heap->entries);
}
