/*
 * span.h - borrowed bytes: a pointer and a length.  A span owns nothing, may
 * hold any byte and need not end in NUL.  Spans are passed by value.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *s;
	size_t len;
};

/* SPAN: the span of a string literal, without its NUL. */
#define SPAN(literal) ((struct span){ "" literal, sizeof(literal) - 1 })

/* span_make: the span of len bytes at s.  s may be NULL if len is 0. */
static inline struct span
span_make(const char *s, size_t len)
{
	return (struct span){ s ? s : "", len };
}

/* span_of: the span of a C string, without its NUL; NULL gives the empty. */
static inline struct span
span_of(const char *s)
{
	return s ? (struct span){ s, strlen(s) } : SPAN("");
}

/* Comparison; _nocase ignores the case of ASCII letters. */
bool span_equal(struct span a, struct span b);
bool span_equal_nocase(struct span a, struct span b);
bool span_starts(struct span s, struct span with);
bool span_starts_nocase(struct span s, struct span with);
bool span_ends(struct span s, struct span with);
bool span_ends_nocase(struct span s, struct span with);

/*
 * span_find, span_find_last: position of the first or last byte c.
 * Returns s.len if there is none.
 */
size_t span_find(struct span s, char c);
size_t span_find_last(struct span s, char c);

/* span_has: whether byte c occurs. */
bool span_has(struct span s, char c);

/*
 * span_from: what is left after the first n bytes; span_upto: the first n
 * bytes.  n larger than s.len counts as s.len.
 */
static inline struct span
span_from(struct span s, size_t n)
{
	if (n > s.len)
		n = s.len;
	return (struct span){ s.s + n, s.len - n };
}

static inline struct span
span_upto(struct span s, size_t n)
{
	return (struct span){ s.s, n < s.len ? n : s.len };
}

/* span_trim_end: without the spaces and tabs at the end. */
struct span span_trim_end(struct span s);

/* span_trim: without the spaces and tabs at both ends. */
struct span span_trim(struct span s);

/*
 * span_cut_next: takes the next part off, up to the separator.
 *   rest   what is still to be cut; moves behind the separator
 *   part   receives the bytes before it; without a separator all of *rest
 * Returns false when *rest is empty: nothing was cut.  A separator at the
 * very end does not make another, empty, part.
 */
bool span_cut_next(struct span *rest, char separator, struct span *part);

/* span_is_one_of: whether it is one of these words, with a blank between. */
bool span_is_one_of(struct span s, const char *words);

#endif
