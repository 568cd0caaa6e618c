/*
 * proxyheader.c - what a proxy says first.
 * Input: hostile
 */
#include "net/proxyheader.h"

#include "base/scan.h"

#define SIGNATURE      SPAN("\r\n\r\n\0\r\nQUIT\n")
#define START_LEN      16 /* signature, command, family, length */
#define COMMAND_LOCAL  0x20
#define COMMAND_PROXY  0x21
#define FAMILY_TCP4    0x11
#define FAMILY_TCP6    0x21
#define ADDRESSES_TCP4 12 /* bytes: two addresses, two ports */
#define ADDRESSES_TCP6 36

static unsigned
byte_at(const struct proxyheader *header, size_t at)
{
	return (unsigned char)header->bytes.s[at];
}

static uint16_t
word_at(const struct proxyheader *header, size_t at)
{
	return (uint16_t)(byte_at(header, at) << 8 | byte_at(header, at + 1));
}

/* Whether it looks like version 2 as far as it has come. */
static bool
is_binary(const struct proxyheader *header)
{
	return header->bytes.len > 0 && header->bytes.s[0] == '\r';
}

size_t
proxyheader_wants(const struct proxyheader *header)
{
	size_t have = header->bytes.len, whole = START_LEN;

	if (!is_binary(header))
		return 1;
	if (have >= START_LEN)
		whole += word_at(header, 14);
	return whole > have ? whole - have : 1;
}

/* ---- version 1: PROXY TCP4 source destination port port CR LF ---- */

static bool
take_port(struct span *rest, uint16_t *port)
{
	struct span word;
	uint64_t number;

	if (!span_cut_next(rest, ' ', &word) ||
	    !scan_u64(word, UINT16_MAX, &number))
		return false;
	*port = (uint16_t)number;
	return true;
}

static bool
take_address(struct span *rest, unsigned family, struct ip_address *address)
{
	struct span word;

	return span_cut_next(rest, ' ', &word) && ip_parse(word, address) &&
	    address->family == family;
}

static enum proxyheader_state
parse_line(struct proxyheader *header)
{
	struct span rest = str_span(&header->bytes), word;
	unsigned family;

	rest = span_upto(rest, rest.len - 2);
	if (!span_cut_next(&rest, ' ', &word) ||
	    !span_equal(word, SPAN("PROXY")) ||
	    !span_cut_next(&rest, ' ', &word))
		return PROXYHEADER_BROKEN;
	if (span_equal(word, SPAN("UNKNOWN")))
		return PROXYHEADER_UNKNOWN;
	family = span_equal(word, SPAN("TCP4")) ? 4
	    : span_equal(word, SPAN("TCP6"))	? 6
						: 0;
	return family && take_address(&rest, family, &header->source) &&
		take_address(&rest, family, &header->destination) &&
		take_port(&rest, &header->source_port) &&
		take_port(&rest, &header->destination_port) && rest.len == 0
	    ? PROXYHEADER_DONE
	    : PROXYHEADER_BROKEN;
}

static enum proxyheader_state
judge_line(struct proxyheader *header)
{
	struct span line = str_span(&header->bytes);
	struct span start = SPAN("PROXY ");

	if (!span_starts(line, span_upto(start, line.len)))
		return PROXYHEADER_BROKEN;
	if (span_ends(line, SPAN("\r\n")))
		return parse_line(header);
	return line.len < PROXYHEADER_LINE_MAX ? PROXYHEADER_MORE
					       : PROXYHEADER_BROKEN;
}

/* ---- version 2 ---- */

static enum proxyheader_state
parse_binary(struct proxyheader *header)
{
	unsigned command = byte_at(header, 12), family = byte_at(header, 13);
	size_t len = header->bytes.len - START_LEN;
	const char *from = header->bytes.s + START_LEN;

	if (command == COMMAND_LOCAL)
		return PROXYHEADER_LOCAL;
	if (command != COMMAND_PROXY)
		return PROXYHEADER_BROKEN;
	if (family == FAMILY_TCP4 && len >= ADDRESSES_TCP4) {
		header->source = ip_make(4, from);
		header->destination = ip_make(4, from + 4);
		header->source_port = word_at(header, START_LEN + 8);
		header->destination_port = word_at(header, START_LEN + 10);
		return PROXYHEADER_DONE;
	}
	if (family == FAMILY_TCP6 && len >= ADDRESSES_TCP6) {
		header->source = ip_make(6, from);
		header->destination = ip_make(6, from + 16);
		header->source_port = word_at(header, START_LEN + 32);
		header->destination_port = word_at(header, START_LEN + 34);
		return PROXYHEADER_DONE;
	}
	return family == FAMILY_TCP4 || family == FAMILY_TCP6
	    ? PROXYHEADER_BROKEN
	    : PROXYHEADER_UNKNOWN;
}

static enum proxyheader_state
judge_binary(struct proxyheader *header)
{
	struct span bytes = str_span(&header->bytes);

	if (!span_starts(bytes, span_upto(SIGNATURE, bytes.len)))
		return PROXYHEADER_BROKEN;
	if (bytes.len < START_LEN)
		return PROXYHEADER_MORE;
	if (START_LEN + word_at(header, 14) > PROXYHEADER_MAX)
		return PROXYHEADER_BROKEN;
	return bytes.len < (size_t)START_LEN + word_at(header, 14)
	    ? PROXYHEADER_MORE
	    : parse_binary(header);
}

enum proxyheader_state
proxyheader_feed(struct proxyheader *header, struct span bytes)
{
	str_add(&header->bytes, bytes);
	if (header->bytes.len == 0)
		return PROXYHEADER_MORE;
	return is_binary(header) ? judge_binary(header) : judge_line(header);
}

void
proxyheader_free(struct proxyheader *header)
{
	str_free(&header->bytes);
}
