/*
 * columns.h - lines of words as a table.
 * Input: hostile
 */
#ifndef LOGS_COLUMNS_H
#define LOGS_COLUMNS_H

#include <stdint.h>

#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

struct columns {
	VEC(size_t) widths; /* of the widest word in each column */
};

#define COLUMNS_INIT     \
	{                \
		VEC_INIT \
	}

/* columns_measure: before the first line is added, for each of them. */
void columns_measure(struct columns *columns, struct span line);

/*
 * columns_add: appends a line that was measured, and a newline: words to the
 * right, as wide as the widest of the column, and two blanks behind; those of
 * the last column as they are.
 */
void
columns_add(const struct columns *columns, struct str *text, struct span line);

void columns_free(struct columns *columns);

#endif
