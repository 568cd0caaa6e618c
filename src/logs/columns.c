/*
 * columns.c - lines of words as a table.
 * Input: hostile
 */
#include "columns.h"

#include "base/split.h"

#define AT_ONCE 16 /* words */

/* The next words of a line, which are taken off.  Returns how many. */
static size_t
cut_words(struct span *rest, struct span words[AT_ONCE])
{
	size_t count = split_words(*rest, words, AT_ONCE);
	struct span last = count ? words[count - 1] : *rest;

	*rest = span_from(*rest, (size_t)(last.s + last.len - rest->s));
	return count;
}

static void
measure(struct columns *columns, size_t column, struct span word)
{
	if (column == columns->widths.len)
		vec_push(&columns->widths, 0);
	if (word.len > columns->widths.at[column])
		columns->widths.at[column] = word.len;
}

void
columns_measure(struct columns *columns, struct span line)
{
	struct span words[AT_ONCE];
	size_t count, column = 0;

	while ((count = cut_words(&line, words)))
		for (size_t i = 0; i < count; i++)
			measure(columns, column++, words[i]);
}

static void
add_word(const struct columns *columns, struct str *text, size_t column,
    struct span word)
{
	if (column + 1 == columns->widths.len) {
		str_add(text, word);
		return;
	}
	for (size_t at = word.len; at < columns->widths.at[column]; at++)
		str_add_byte(text, ' ');
	str_add(text, word);
	str_add_z(text, "  ");
}

void
columns_add(const struct columns *columns, struct str *text, struct span line)
{
	struct span words[AT_ONCE];
	size_t count, column = 0;

	while ((count = cut_words(&line, words)))
		for (size_t i = 0; i < count; i++)
			add_word(columns, text, column++, words[i]);
	str_add_byte(text, '\n');
}

void
columns_free(struct columns *columns)
{
	vec_free(&columns->widths);
}
