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

bool
maildirname_find_size(struct span name, uint64_t *size)
{
	return find_field(span_upto(name, span_find(name, ':')), 'S', size);
}

bool
maildirname_has_flag(struct span name, char flag)
{
	struct span info = span_from(name, span_find(name, ':'));

	return span_starts(info, SPAN(":2,")) &&
	    span_has(span_from(info, 3), flag);
}

void
maildirname_add_unique(struct str *name, uint64_t now, uint64_t pid,
    unsigned number, const char *host)
{
	str_add_u64(name, now / 1000000);
	str_add_z(name, ".M");
	str_add_u64(name, now % 1000000);
	str_add_z(name, "P");
	str_add_u64(name, pid);
	str_add_z(name, "Q");
	str_add_u64(name, number);
	str_add_byte(name, '.');
	for (; *host; host++) {
		if (*host == '/')
			str_add_z(name, "\\057");
		else if (*host == ':')
			str_add_z(name, "\\072");
		else
			str_add_byte(name, *host);
	}
}

void
maildirname_count(struct maildirname_sizes *sizes, struct span bytes)
{
	struct span rest = bytes;

	sizes->bytes += bytes.len;
	while (rest.len) {
		size_t len = span_find(rest, '\n');

		if (len < rest.len &&
		    (len ? rest.s[len - 1] : sizes->last) != '\r')
			sizes->ends++;
		sizes->last = rest.s[len < rest.len ? len : len - 1];
		rest = span_from(rest, len + 1);
	}
}

void
maildirname_add_sizes(struct str *name, const struct maildirname_sizes *sizes)
{
	str_add_z(name, ",S=");
	str_add_u64(name, sizes->bytes);
	if (sizes->last != '\n')
		return;
	str_add_z(name, ",W=");
	str_add_u64(name, sizes->bytes + sizes->ends);
}
