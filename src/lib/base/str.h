/*
 * str.h - owned bytes that grow: any bytes, with a NUL behind the last one
 * that is never counted.  Start with STR_INIT (or a zeroed object).
 * Appending cannot fail: see must_hooks for what happens without memory.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct str {
	char *s;	 /* NULL until something was added */
	size_t len, cap; /* cap counts the place of the NUL */
};

#define STR_INIT           \
	{                  \
		NULL, 0, 0 \
	}

/* str_free: releases the memory; *str is then as after STR_INIT. */
void str_free(struct str *str);

/* str_reset: makes it empty, keeps the memory. */
void str_reset(struct str *str);

/* str_cut: keeps the first len bytes; len must not exceed str->len. */
void str_cut(struct str *str, size_t len);

/* str_reserve: makes place for extra more bytes behind the last. */
void str_reserve(struct str *str, size_t extra);

/* Adding at the end.  The span may lie inside *str itself. */
void str_add(struct str *str, struct span what);
void str_add_z(struct str *str, const char *what);  /* a C string */
void str_add_u64(struct str *str, uint64_t number); /* in decimal */
/* str_add_byte: one byte, by far most often where there is place for it. */
static inline void
str_add_byte(struct str *str, char byte)
{
	if (str->cap - str->len < 2)
		str_reserve(str, 1);
	str->s[str->len++] = byte;
	str->s[str->len] = '\0';
}

/* str_add_lower: adds the bytes, letters of ASCII as small ones. */
void str_add_lower(struct str *str, struct span what);
/* str_add_field: adds the bytes, and a NUL behind them. */
void str_add_field(struct str *str, struct span what);

/* str_set: replaces the contents; the span must not lie inside *str. */
void str_set(struct str *str, struct span what);

/* str_span: a view of the contents, good until the next change. */
static inline struct span
str_span(const struct str *str)
{
	return span_make(str->s, str->len);
}

/* str_z: the contents as a C string, never NULL, good until the next change;
 * a NUL among the bytes would end it early. */
const char *str_z(const struct str *str);

#endif
