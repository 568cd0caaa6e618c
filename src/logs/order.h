/*
 * order.h - sorts many things fast: by a number first, and only where two are
 * the same by looking at the things.
 */
#ifndef LOGS_ORDER_H
#define LOGS_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "base/vec.h"

struct order_item {
	uint64_t key;
	const void *thing;
};

struct order {
	VEC(struct order_item) items;
};

/* order_of_decimal: a key that is less where the number is; order_of_text: where
 * the text is, by its first bytes. */
uint64_t order_of_decimal(double number);
uint64_t order_of_text(struct span text);

/* order_decimal: the number again, of a key of order_of_decimal. */
double order_decimal(uint64_t key);

/* order_compare_text: as memcmp; what goes on is more. */
int order_compare_text(struct span a, struct span b);

/*
 * order_sort: sorts the items; those that are the same stay as they are.
 *   compare   tells of two with the same key which is less; NULL: neither
 */
void order_sort(
    struct order *order, int (*compare)(const void *left, const void *right));

#endif
