/*
 * record.c - what our processes say to each other.
 * Input: from a peer of ours
 */
#include "queue/record.h"

#include "base/scan.h"

void
record_add(struct str *text, char letter, struct span value)
{
	str_add_byte(text, letter);
	str_add_field(text, value);
}

void
record_add_number(struct str *text, char letter, uint64_t number)
{
	str_add_byte(text, letter);
	str_add_u64(text, number);
	str_add_byte(text, '\0');
}

bool
record_next(struct span *rest, char *letter, struct span *value)
{
	size_t end = span_find(*rest, '\0');

	if (end == rest->len || end == 0)
		return false;
	*letter = rest->s[0];
	*value = span_make(rest->s + 1, end - 1);
	*rest = span_from(*rest, end + 1);
	return true;
}

bool
record_next_is(struct span *rest, char letter, struct span *value)
{
	char found;

	return record_next(rest, &found, value) && found == letter;
}

bool
record_next_number(
    struct span *rest, char letter, uint64_t max, uint64_t *number)
{
	struct span digits;

	return record_next_is(rest, letter, &digits) &&
	    scan_u64(digits, max, number);
}

bool
record_next_optional(struct span *rest, char letter, struct span *value)
{
	*value = (struct span){ NULL, 0 };
	return rest->len == 0 || rest->s[0] != letter ||
	    record_next_is(rest, letter, value);
}
