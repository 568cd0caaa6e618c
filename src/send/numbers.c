/* numbers.c - sets of message numbers. */
#include "numbers.h"

#include <string.h>

#include "base/must.h"

/* Numbers are times: their low bits differ, but not by chance alone. */
static size_t
home_slot(const struct number_set *set, uint64_t number)
{
	return (size_t)((number * 0x9e3779b97f4a7c15u) >> 20) & (set->cap - 1);
}

/* The slot of the number, or the free one where it would go. */
static struct number_slot *
find_slot(const struct number_set *set, uint64_t number)
{
	size_t i = home_slot(set, number);

	while (set->slots[i].number && set->slots[i].number != number)
		i = (i + 1) & (set->cap - 1);
	return &set->slots[i];
}

static struct number_slot *
find_present(const struct number_set *set, uint64_t number)
{
	struct number_slot *slot;

	must(number != 0);
	if (set->cap == 0)
		return NULL;
	slot = find_slot(set, number);
	return slot->number ? slot : NULL;
}

static void
grow(struct number_set *set)
{
	struct number_set bigger = { .cap = set->cap ? set->cap * 2 : 64 };

	bigger.slots = must_realloc(NULL, bigger.cap * sizeof(*bigger.slots));
	memset(bigger.slots, 0, bigger.cap * sizeof(*bigger.slots));
	for (size_t i = 0; i < set->cap; i++)
		if (set->slots[i].number)
			*find_slot(&bigger, set->slots[i].number) =
			    set->slots[i];
	bigger.len = set->len;
	must_free(set->slots);
	*set = bigger;
}

bool
number_set_has(const struct number_set *set, uint64_t number)
{
	return find_present(set, number) != NULL;
}

bool
number_set_add(struct number_set *set, uint64_t number)
{
	if (find_present(set, number))
		return false;
	if (set->len >= set->cap / 2)
		grow(set);
	*find_slot(set, number) = (struct number_slot){ .number = number };
	set->len++;
	return true;
}

/* Moves later ones of the same run up, so that searches still find them. */
void
number_set_remove(struct number_set *set, uint64_t number)
{
	struct number_slot *slot = find_present(set, number);
	size_t i, hole;

	if (!slot)
		return;
	hole = (size_t)(slot - set->slots);
	for (i = (hole + 1) & (set->cap - 1); set->slots[i].number;
	     i = (i + 1) & (set->cap - 1)) {
		size_t home = home_slot(set, set->slots[i].number);

		if (((i - home) & (set->cap - 1)) <
		    ((i - hole) & (set->cap - 1)))
			continue;
		set->slots[hole] = set->slots[i];
		hole = i;
	}
	set->slots[hole] = (struct number_slot){ .number = 0 };
	set->len--;
}

unsigned
number_set_mark(const struct number_set *set, uint64_t number)
{
	struct number_slot *slot = find_present(set, number);

	must(slot != NULL);
	return slot->mark;
}

void
number_set_set_mark(struct number_set *set, uint64_t number, unsigned mark)
{
	struct number_slot *slot = find_present(set, number);

	must(slot != NULL);
	slot->mark = mark;
}

void *
number_set_value(const struct number_set *set, uint64_t number)
{
	struct number_slot *slot = find_present(set, number);

	return slot ? slot->value : NULL;
}

void
number_set_set_value(struct number_set *set, uint64_t number, void *value)
{
	struct number_slot *slot = find_present(set, number);

	must(slot != NULL);
	slot->value = value;
}

void *
number_set_any(const struct number_set *set)
{
	for (size_t i = 0; i < set->cap; i++)
		if (set->slots[i].number)
			return set->slots[i].value;
	return NULL;
}

void
number_set_free(struct number_set *set)
{
	must_free(set->slots);
	*set = (struct number_set){ NULL, 0, 0 };
}
