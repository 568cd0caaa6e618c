/* order.c - sorts many things fast: a merge sort, from runs of one on. */
#include "order.h"

#include <string.h>

#define TOP_BIT (UINT64_C(1) << 63)

/* The bits of a double are in order, but for those of numbers below 0. */
uint64_t
order_of_decimal(double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof(bits));
	return bits & TOP_BIT ? ~bits : bits | TOP_BIT;
}

double
order_decimal(uint64_t key)
{
	double number;

	key = key & TOP_BIT ? key & ~TOP_BIT : ~key;
	memcpy(&number, &key, sizeof(number));
	return number;
}

uint64_t
order_of_text(struct span text)
{
	uint64_t key = 0;

	for (size_t i = 0; i < sizeof(key); i++)
		key = key << 8 | (i < text.len ? (unsigned char)text.s[i] : 0);
	return key;
}

/* Rows have long beginnings in common, which are passed over eight bytes at a
 * time. */
int
order_compare_text(struct span a, struct span b)
{
	size_t least = a.len < b.len ? a.len : b.len, at = 0;
	uint64_t left, right;

	for (; at + sizeof(left) <= least; at += sizeof(left)) {
		memcpy(&left, a.s + at, sizeof(left));
		memcpy(&right, b.s + at, sizeof(right));
		if (left != right)
			break;
	}
	for (; at < least; at++)
		if (a.s[at] != b.s[at])
			return (unsigned char)a.s[at] < (unsigned char)b.s[at]
			    ? -1
			    : 1;
	return (a.len > b.len) - (a.len < b.len);
}

struct merge {
	const struct order_item *from;
	struct order_item *to;
	int (*compare)(const void *left, const void *right);
};

/* Whether the right one has to come first. */
static bool
is_swapped(const struct merge *merge, const struct order_item *left,
    const struct order_item *right)
{
	if (left->key != right->key)
		return left->key > right->key;
	return merge->compare && merge->compare(left->thing, right->thing) > 0;
}

/* Two sorted runs that follow each other, start..middle and middle..end. */
static void
merge_runs(const struct merge *merge, size_t start, size_t middle, size_t end)
{
	size_t left = start, right = middle;

	for (size_t at = start; at < end; at++) {
		bool is_right = left == middle ||
		    (right < end &&
			is_swapped(
			    merge, &merge->from[left], &merge->from[right]));

		merge->to[at] = merge->from[is_right ? right++ : left++];
	}
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void
order_sort(
    struct order *order, int (*compare)(const void *left, const void *right))
{
	size_t len = order->items.len;
	struct order other = { VEC_INIT };

	if (len < 2)
		return;
	other.items.at = must_realloc(NULL, len * sizeof(*other.items.at));
	for (size_t run = 1; run < len; run *= 2) {
		struct merge merge = { order->items.at, other.items.at,
			compare };

		for (size_t start = 0; start < len; start += 2 * run)
			merge_runs(&merge, start, least(start + run, len),
			    least(start + 2 * run, len));
		other.items.at = order->items.at;
		order->items.at = merge.to;
	}
	order->items.cap = len;
	must_free(other.items.at);
}
