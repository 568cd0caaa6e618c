/* span.c - borrowed bytes. */
#include "base/span.h"

#include <string.h>

#include "base/ascii.h"

bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.s, b.s, a.len));
}

bool
span_equal_nocase(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.s[i]) != ascii_lower(b.s[i]))
			return false;
	return true;
}

bool
span_starts(struct span s, struct span with)
{
	return span_equal(span_upto(s, with.len), with);
}

bool
span_starts_nocase(struct span s, struct span with)
{
	return span_equal_nocase(span_upto(s, with.len), with);
}

static struct span
last_bytes(struct span s, size_t n)
{
	return n < s.len ? span_from(s, s.len - n) : s;
}

bool
span_ends(struct span s, struct span with)
{
	return span_equal(last_bytes(s, with.len), with);
}

bool
span_ends_nocase(struct span s, struct span with)
{
	return span_equal_nocase(last_bytes(s, with.len), with);
}

size_t
span_find(struct span s, char c)
{
	const char *at = s.len ? memchr(s.s, c, s.len) : NULL;

	return at ? (size_t)(at - s.s) : s.len;
}

size_t
span_find_last(struct span s, char c)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.s[i - 1] == c)
			return i - 1;
	return s.len;
}

bool
span_has(struct span s, char c)
{
	return span_find(s, c) < s.len;
}

struct span
span_trim_end(struct span s)
{
	while (s.len && ascii_is_blank(s.s[s.len - 1]))
		s.len--;
	return s;
}

struct span
span_trim(struct span s)
{
	s = span_trim_end(s);
	while (s.len && ascii_is_blank(s.s[0]))
		s = span_from(s, 1);
	return s;
}

bool
span_cut_next(struct span *rest, char separator, struct span *part)
{
	size_t end = span_find(*rest, separator);

	if (rest->len == 0)
		return false;
	*part = span_upto(*rest, end);
	*rest = span_from(*rest, end + 1);
	return true;
}

bool
span_is_one_of(struct span s, const char *words)
{
	struct span rest = span_of(words), one;

	while (span_cut_next(&rest, ' ', &one))
		if (span_equal(s, one))
			return true;
	return false;
}
