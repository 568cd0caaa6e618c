/* ip.c - Internet addresses.  Input: hostile. */
#include "net/ip.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/scan.h"

#define GROUPS 8 /* of 16 bits in an address of family 6 */

struct ip_address
ip_make(unsigned char family, const void *bytes)
{
	struct ip_address address = { .family = family };

	must(family == 4 || family == 6);
	memcpy(address.bytes, bytes, family == 4 ? 4 : 16);
	return address;
}

bool
ip_equal(const struct ip_address *a, const struct ip_address *b)
{
	return a->family == b->family &&
	    !memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16);
}

static bool
is_mapped(const struct ip_address *address)
{
	static const unsigned char prefix[12] = { [10] = 0xff, [11] = 0xff };

	return address->family == 6 &&
	    !memcmp(address->bytes, prefix, sizeof(prefix));
}

bool
ip_is_loopback(const struct ip_address *address)
{
	static const struct ip_address six = { 6, { [15] = 1 } };

	return address->family == 4 ? address->bytes[0] == 127
				    : ip_equal(address, &six);
}

bool
ip_is_within(const struct ip_address *address, const struct ip_address *network,
    unsigned bits)
{
	unsigned whole;

	if (address->family != network->family)
		return false;
	if (bits > (address->family == 4 ? 32u : 128u))
		bits = address->family == 4 ? 32 : 128;
	whole = bits / 8;
	if (memcmp(address->bytes, network->bytes, whole) != 0)
		return false;
	return bits % 8 == 0 ||
	    (address->bytes[whole] ^ network->bytes[whole]) >> (8 - bits % 8) ==
	    0;
}

struct ip_address
ip_unmapped(const struct ip_address *address)
{
	return is_mapped(address) ? ip_make(4, address->bytes + 12) : *address;
}

/* Four numbers from 0 to 255 with dots between, and nothing else. */
static bool
parse_dotted(struct span text, unsigned char bytes[4])
{
	for (int i = 0; i < 4; i++) {
		size_t dot = span_find(text, '.');
		struct span part = span_upto(text, dot);
		uint64_t number;

		if ((i < 3) != (dot < text.len) || part.len > 3 ||
		    !scan_u64(part, 255, &number))
			return false;
		bytes[i] = (unsigned char)number;
		text = span_from(text, dot + 1);
	}
	return true;
}

/* One to four hexadecimal digits. */
static bool
parse_group(struct span text, unsigned char bytes[2])
{
	unsigned value = 0;

	if (text.len < 1 || text.len > 4)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = ascii_hex_value(text.s[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (unsigned)digit;
	}
	bytes[0] = (unsigned char)(value >> 8);
	bytes[1] = (unsigned char)value;
	return true;
}

/*
 * Groups with colons between, the last two perhaps dotted; empty text has
 * none.  Returns the number of bytes written, -1 if it is not that.
 */
static int
parse_groups(struct span text, unsigned char bytes[16])
{
	int len = 0;

	while (text.len) {
		size_t colon = span_find(text, ':');
		struct span part = span_upto(text, colon);

		if (colon + 1 == text.len)
			return -1;
		if (colon == text.len && span_has(part, '.')) {
			if (len > 12 || !parse_dotted(part, bytes + len))
				return -1;
			return len + 4;
		}
		if (len > 14 || !parse_group(part, bytes + len))
			return -1;
		len += 2;
		text = span_from(text, colon + 1);
	}
	return len;
}

/* The place of the first "::", text.len without one. */
static size_t
find_gap(struct span text)
{
	for (size_t i = 0; i + 1 < text.len; i++)
		if (text.s[i] == ':' && text.s[i + 1] == ':')
			return i;
	return text.len;
}

static bool
parse_six(struct span text, unsigned char bytes[16])
{
	unsigned char head[16], tail[16];
	size_t gap = find_gap(text);
	struct span before = span_upto(text, gap);
	int head_len, tail_len;

	memset(bytes, 0, 16);
	if (gap == text.len)
		return parse_groups(text, bytes) == 16;
	if (span_has(before, '.'))
		return false;
	head_len = parse_groups(before, head);
	tail_len = parse_groups(span_from(text, gap + 2), tail);
	if (head_len < 0 || tail_len < 0 || head_len + tail_len > 14)
		return false;
	memcpy(bytes, head, (size_t)head_len);
	memcpy(bytes + 16 - tail_len, tail, (size_t)tail_len);
	return true;
}

bool
ip_parse(struct span text, struct ip_address *address)
{
	unsigned char bytes[16];
	bool is_six = span_has(text, ':');

	if (text.len > IP_TEXT_MAX)
		return false;
	if (is_six ? !parse_six(text, bytes) : !parse_dotted(text, bytes))
		return false;
	*address = ip_make(is_six ? 6 : 4, bytes);
	return true;
}

bool
ip_parse_literal(struct span text, struct ip_address *address)
{
	const struct span tag = SPAN("IPv6:");

	if (text.len < 2 || text.s[0] != '[' || text.s[text.len - 1] != ']')
		return false;
	text = span_make(text.s + 1, text.len - 2);
	if (span_starts_nocase(text, tag))
		text = span_has(span_from(text, tag.len), ':')
		    ? span_from(text, tag.len)
		    : SPAN("");
	return ip_parse(text, address);
}

static void
format_dotted(struct str *text, const unsigned char *bytes)
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			str_add_byte(text, '.');
		str_add_u64(text, bytes[i]);
	}
}

static void
format_group(struct str *text, unsigned value)
{
	static const char digits[] = "0123456789abcdef";

	for (int shift = 12; shift >= 0; shift -= 4)
		if (shift == 0 || value >> shift)
			str_add_byte(text, digits[value >> shift & 15]);
}

/* The longest run of at least two zero groups, the first of equals. */
static void
find_zeros(const unsigned *groups, int *start, int *len)
{
	*start = -1;
	*len = 1;
	for (int i = 0; i < GROUPS; i++) {
		int n = 0;

		while (i + n < GROUPS && groups[i + n] == 0)
			n++;
		if (n > *len) {
			*start = i;
			*len = n;
		}
		i += n;
	}
}

void
ip_format(struct str *text, const struct ip_address *address)
{
	unsigned groups[GROUPS];
	int start, len;

	if (address->family == 4) {
		format_dotted(text, address->bytes);
		return;
	}
	if (is_mapped(address)) {
		str_add_z(text, "::ffff:");
		format_dotted(text, address->bytes + 12);
		return;
	}
	for (int i = 0; i < GROUPS; i++)
		groups[i] = (unsigned)address->bytes[2 * i] << 8 |
		    address->bytes[2 * i + 1];
	find_zeros(groups, &start, &len);
	for (int i = 0; i < GROUPS; i++) {
		if (i == start) {
			str_add_z(text, "::");
			i += len - 1;
			continue;
		}
		if (i > 0 && i != start + len)
			str_add_byte(text, ':');
		format_group(text, groups[i]);
	}
}

/* The label at a place: one of 4 bytes, or of 32 half bytes. */
static void
add_label(struct str *text, const struct ip_address *address, int at)
{
	unsigned byte;

	if (address->family == 4) {
		str_add_u64(text, address->bytes[at]);
		return;
	}
	byte = address->bytes[at / 2];
	str_add_byte(
	    text, "0123456789abcdef"[at % 2 == 0 ? byte >> 4 : byte & 15]);
}

void
ip_add_labels(
    struct str *text, const struct ip_address *address, bool is_reversed)
{
	int count = address->family == 4 ? 4 : 32;

	for (int i = 0; i < count; i++) {
		if (i > 0)
			str_add_byte(text, '.');
		add_label(text, address, is_reversed ? count - 1 - i : i);
	}
}

void
ip_add_reverse_name(struct str *text, const struct ip_address *address)
{
	ip_add_labels(text, address, true);
	str_add_z(text, address->family == 4 ? ".in-addr.arpa" : ".ip6.arpa");
}
