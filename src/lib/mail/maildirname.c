/*
 * maildirname.c - what the name of a message in a Maildir tells.
 * Input: hostile
 */
#include "mail/maildirname.h"

#include "base/scan.h"

#define SECONDS_MAX UINT32_MAX

/* The field ",X=NUMBER" behind the host; of several the last counts. */
static bool
find_field(struct span base, char letter, uint64_t *value)
{
	struct span field;
	bool found = false;

	base = span_from(base, span_find(base, ',') + 1);
	while (span_cut_next(&base, ',', &field))
		if (field.len > 2 && field.s[0] == letter &&
		    field.s[1] == '=' &&
		    scan_u64(span_from(field, 2), MAILDIRNAME_SIZE_MAX, value))
			found = true;
	return found;
}

void
maildirname_parse(struct span name, struct maildirname *parsed)
{
	uint64_t seconds, size, octets;
	struct span base = span_upto(name, span_find(name, ':'));
	size_t dot = span_find(base, '.');

	*parsed = (struct maildirname){ .base = base };
	if (dot < base.len &&
	    scan_u64(span_upto(base, dot), SECONDS_MAX, &seconds)) {
		parsed->has_seconds = true;
		parsed->seconds = (int64_t)seconds;
	}
	/* Each line end takes one more octet, if any. */
	if (find_field(base, 'S', &size) && find_field(base, 'W', &octets) &&
	    octets >= size && octets - size <= size) {
		parsed->has_octets = true;
		parsed->octets = octets;
	}
}

bool
maildirname_is_fresh(int64_t changed, int64_t now)
{
	return changed >= now && changed <= now + MAILDIRNAME_SKEW;
}
