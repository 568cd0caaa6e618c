/*
 * split.h - lines into words, fast: for programs that read logs of gigabytes.
 * Input: hostile
 */
#ifndef BASE_SPLIT_H
#define BASE_SPLIT_H

#include <stddef.h>

#include "base/span.h"

/*
 * split_words: the first words of a line.  Words have blanks between them, one or
 * more; control characters count as blanks.
 *   words   receives up to room of them; those that are not there are empty, at
 *           the end of the line
 * Returns how many there are, room at most.
 */
size_t split_words(struct span line, struct span words[], size_t room);

#endif
