/* zone_text.c - records as text.  Input: hostile. */
#include "base/ascii.h"
#include "base/fmt.h"
#include "zone.h"

#define STRING_MAX 255 /* bytes, RFC 1035 3.3 */

static void
add_byte(struct str *out, char byte)
{
	char digits[FMT_U64_MAX];

	if (ascii_is_printable(byte)) {
		if (byte == '"' || byte == '\\')
			str_add_byte(out, '\\');
		str_add_byte(out, byte);
		return;
	}
	str_add_byte(out, '\\');
	str_add(out,
	    span_make(digits, fmt_u64_pad(digits, (unsigned char)byte, 3)));
}

void
zone_add_quoted(struct str *out, struct span text)
{
	size_t at = 0;

	do {
		size_t end =
		    text.len - at > STRING_MAX ? at + STRING_MAX : text.len;

		str_add_z(out, at ? " \"" : "\"");
		while (at < end)
			add_byte(out, text.s[at++]);
		str_add_byte(out, '"');
	} while (at < text.len);
}

void
zone_add_plain(struct str *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		add_byte(out, text.s[i]);
}

void
zone_add_spf(struct str *out, const struct zone *zone, const char *hosts)
{
	str_add_z(out, "v=spf1 ");
	str_add_z(out, hosts);
	str_add_byte(out, ' ');
	if (zone->has_outgoing) {
		str_add_z(out, zone->outgoing.family == 4 ? "ip4:" : "ip6:");
		ip_format(out, &zone->outgoing);
		str_add_byte(out, ' ');
	}
	str_add_z(out, "-all");
}
