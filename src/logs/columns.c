/*
 * columns.c - lines of words as a table.
 * Input: hostile
 */
#include "columns.h"

#include "mail/logevent.h"

void
columns_measure(struct columns *columns, struct span line)
{
	struct span word;

	for (size_t i = 0; (word = logevent_cut_word(&line)).len; i++) {
		if (i == columns->widths.len)
			vec_push(&columns->widths, 0);
		if (word.len > columns->widths.at[i])
			columns->widths.at[i] = word.len;
	}
}

void
columns_add(const struct columns *columns, struct str *text, struct span line)
{
	struct span word;

	for (size_t i = 0; (word = logevent_cut_word(&line)).len; i++) {
		if (i + 1 == columns->widths.len) {
			str_add(text, word);
			continue;
		}
		for (size_t at = word.len; at < columns->widths.at[i]; at++)
			str_add_byte(text, ' ');
		str_add(text, word);
		str_add_z(text, "  ");
	}
	str_add_byte(text, '\n');
}

void
columns_free(struct columns *columns)
{
	vec_free(&columns->widths);
}
