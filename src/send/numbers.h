/*
 * numbers.h - a set of message numbers, each with a small mark; and a table
 * that finds what belongs to a number.  Open addressing, half full at most.
 */
#ifndef SEND_NUMBERS_H
#define SEND_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct number_slot {
	uint64_t number; /* 0: free */
	void *value;
	unsigned mark;
};

struct number_set {
	struct number_slot *slots;
	size_t len, cap; /* cap is 0 or a power of 2 */
};

/* number_set_has: whether the number (never 0) is in the set. */
bool number_set_has(const struct number_set *set, uint64_t number);

/* number_set_add: adds it; false if it was there. */
bool number_set_add(struct number_set *set, uint64_t number);

/* number_set_remove: takes it out, if it is there. */
void number_set_remove(struct number_set *set, uint64_t number);

/* number_set_mark, number_set_set_mark: the mark of a number in the set. */
unsigned number_set_mark(const struct number_set *set, uint64_t number);
void
number_set_set_mark(struct number_set *set, uint64_t number, unsigned mark);

/* number_set_value, number_set_set_value: what belongs to a number; NULL if
 * it is not in the set. */
void *number_set_value(const struct number_set *set, uint64_t number);
void number_set_set_value(struct number_set *set, uint64_t number, void *value);

/* number_set_any: what belongs to some number; NULL if the set is empty. */
void *number_set_any(const struct number_set *set);

/* number_set_free: releases the memory. */
void number_set_free(struct number_set *set);

#endif
