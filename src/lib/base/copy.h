/*
 * copy.h - copying bytes, fast also where there are few.  What a mail program
 * copies is mostly short: a word, a number, a line's end.  The start of a
 * memcpy made for long copies, as musl's, takes ten times as long as those.
 */
#ifndef BASE_COPY_H
#define BASE_COPY_H

#include <stddef.h>
#include <string.h>

/* COPY_ENDS: the first size bytes and the last, which may be in part the
 * same: so any length from size to twice that.  size is a constant. */
#define COPY_ENDS(to, from, len, size)                          \
	do {                                                    \
		char first_[size], last_[size];                 \
		memcpy(first_, (from), (size));                 \
		memcpy(last_, (from) + (len) - (size), (size)); \
		memcpy((to), first_, (size));                   \
		memcpy((to) + (len) - (size), last_, (size));   \
	} while (0)

/* copy_bytes: len bytes, which may be 0; the two places do not overlap. */
static inline void
copy_bytes(char *to, const char *from, size_t len)
{
	if (len > 64) {
		memcpy(to, from, len);
	} else if (len > 32) {
		COPY_ENDS(to, from, len, 32);
	} else if (len > 16) {
		COPY_ENDS(to, from, len, 16);
	} else if (len > 8) {
		COPY_ENDS(to, from, len, 8);
	} else if (len > 4) {
		COPY_ENDS(to, from, len, 4);
	} else if (len > 1) {
		COPY_ENDS(to, from, len, 2);
	} else if (len == 1) {
		*to = *from;
	}
}

#endif
