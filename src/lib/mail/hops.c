/*
 * hops.c - how often a message was passed on.
 * Input: hostile
 */
#include "mail/hops.h"

#include <string.h>

/* Adds bytes of one line, without its end. */
static void
add_to_line(struct hops *hops, struct span part)
{
	struct span seen = part;

	if (hops->line_len < HOPS_PREFIX_MAX) {
		seen = span_upto(seen, HOPS_PREFIX_MAX - hops->line_len);
		if (seen.len)
			memcpy(hops->prefix + hops->line_len, seen.s, seen.len);
	}
	hops->line_len += part.len;
}

/* A line has ended. */
static void
end_line(struct hops *hops)
{
	size_t len =
	    hops->line_len < HOPS_PREFIX_MAX ? hops->line_len : HOPS_PREFIX_MAX;
	struct span prefix = span_make(hops->prefix, len);

	if (len == 0)
		hops->is_body = true;
	else if (span_starts_nocase(prefix, SPAN("Received:")) ||
	    span_starts_nocase(prefix, SPAN("Delivered-To:")))
		hops->count++;
	hops->line_len = 0;
}

void
hops_add(struct hops *hops, struct span bytes)
{
	while (bytes.len && !hops->is_body) {
		size_t end = span_find(bytes, '\n');

		hops->header += span_upto(bytes, end + 1).len;
		add_to_line(hops, span_upto(bytes, end));
		if (end < bytes.len)
			end_line(hops);
		bytes = span_from(bytes, end + 1);
	}
}
