/* milter.c - packets of the milter protocol.  Input: what a milter says */
#include "net/milter.h"

#include "base/ascii.h"

/* The bits of what a milter may change. */
enum {
	MAY_ADD_HEADERS = 0x1,
	MAY_CHANGE_BODY = 0x2,
	MAY_ADD_RCPT = 0x4,
	MAY_DELETE_RCPT = 0x8,
	MAY_CHANGE_HEADERS = 0x10,
	MAY_QUARANTINE = 0x20,
	MAY_CHANGE_FROM = 0x40,
	MAY_ADD_RCPT_PARAMETERS = 0x80
};

#define REPLY_CODE 3 /* digits */

static uint32_t
u32_of(const char *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	    (uint32_t)b[2] << 8 | b[3];
}

void
milter_add_u32(struct str *packet, uint32_t number)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		str_add_byte(packet, (char)(number >> shift & 0xff));
}

size_t
milter_begin(struct str *packets, enum milter_command command)
{
	size_t begin = packets->len;

	milter_add_u32(packets, 0);
	str_add_byte(packets, (char)command);
	return begin;
}

void
milter_finish(struct str *packets, size_t begin)
{
	size_t len = packets->len - begin - MILTER_LENGTH;

	for (size_t i = 0; i < MILTER_LENGTH; i++)
		packets->s[begin + i] =
		    (char)(len >> 8 * (MILTER_LENGTH - 1 - i) & 0xff);
}

size_t
milter_length(const char bytes[MILTER_LENGTH])
{
	uint32_t len = u32_of(bytes);

	return len <= MILTER_PACKET_MAX ? len : 0;
}

bool
milter_parse_terms(struct span packet, struct milter_terms *terms)
{
	if (packet.len < 3 * MILTER_LENGTH)
		return false;
	terms->version = u32_of(packet.s);
	terms->actions = u32_of(packet.s + MILTER_LENGTH);
	terms->steps = u32_of(packet.s + 2 * MILTER_LENGTH);
	return terms->version >= MILTER_VERSION_MIN &&
	    terms->version <= MILTER_VERSION &&
	    !(terms->actions & ~MILTER_ACTIONS) &&
	    !(terms->steps & ~MILTER_STEPS);
}

/* Takes a string with its NUL off. */
static bool
cut_string(struct span *packet, struct span *string)
{
	if (!span_has(*packet, '\0'))
		return false;
	*string = span_upto(*packet, span_find(*packet, '\0'));
	*packet = span_from(*packet, string->len + 1);
	return true;
}

bool
milter_parse_words(char letter, struct span packet, uint32_t actions,
    struct milter_words *words)
{
	static const struct shape {
		char letter;
		uint32_t right; /* bits of actions; 0: none is needed */
		bool has_number, has_second, is_second_optional;
	} shapes[] = {
		{ MILTER_ADD_RCPT, MAY_ADD_RCPT, false, false, false },
		{ MILTER_ADD_RCPT_PARAMETERS, MAY_ADD_RCPT_PARAMETERS, false,
		    true, true },
		{ MILTER_DELETE_RCPT, MAY_DELETE_RCPT, false, false, false },
		{ MILTER_ADD_HEADER, MAY_ADD_HEADERS, false, true, false },
		{ MILTER_CHANGE_HEADER, MAY_CHANGE_HEADERS, true, true, false },
		{ MILTER_INSERT_HEADER, MAY_ADD_HEADERS | MAY_CHANGE_HEADERS,
		    true, true, false },
		{ MILTER_CHANGE_FROM, MAY_CHANGE_FROM, false, true, true },
		{ MILTER_QUARANTINE, MAY_QUARANTINE, false, false, false },
		{ MILTER_REPLY_CODE, 0, false, false, false },
	};
	const struct shape *shape = shapes;
	size_t count = sizeof(shapes) / sizeof(shapes[0]);

	*words = (struct milter_words){ 0, packet, SPAN("") };
	if (letter == MILTER_REPLACE_BODY)
		return actions & MAY_CHANGE_BODY;
	while (count && shape->letter != letter) {
		shape++;
		count--;
	}
	if (count == 0 || (shape->right && !(actions & shape->right)))
		return false;
	if (shape->has_number) {
		if (packet.len < MILTER_LENGTH)
			return false;
		words->number = u32_of(packet.s);
		packet = span_from(packet, MILTER_LENGTH);
	}
	if (!cut_string(&packet, &words->first))
		return false;
	if (shape->has_second && !cut_string(&packet, &words->second))
		return shape->is_second_optional && packet.len == 0;
	return packet.len == 0;
}

static bool
is_continued(struct span line)
{
	return line.len > REPLY_CODE && line.s[REPLY_CODE] == '-';
}

bool
milter_parse_reply(struct span reply, bool *is_permanent, struct str *text)
{
	struct span line;
	bool is_first = true, has_more = true;

	if (reply.len < REPLY_CODE || !ascii_is_digit(reply.s[1]) ||
	    !ascii_is_digit(reply.s[2]) ||
	    (reply.s[0] != '4' && reply.s[0] != '5'))
		return false;
	*is_permanent = reply.s[0] == '5';
	while (has_more && span_cut_next(&reply, '\n', &line)) {
		if (line.len && line.s[line.len - 1] == '\r')
			line.len--;
		has_more = is_continued(line);
		line = span_from(line, REPLY_CODE + 1);
		if (!is_first)
			str_add_byte(text, ' ');
		for (size_t i = 0; i < line.len; i++) {
			str_add_byte(text,
			    line.s[i] >= ' ' && line.s[i] <= '~' ? line.s[i]
								 : '?');
			/* Written for a format, as others take it to be. */
			if (span_starts(span_from(line, i), SPAN("%%")))
				i++;
		}
		is_first = false;
	}
	return true;
}
