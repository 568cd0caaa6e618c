/* encodedword.c - fields with encoded words decoded.  Input: hostile */
#include "mail/encodedword.h"

#include "base/ascii.h"
#include "base/base64.h"

#define ESCAPE	  "\033"
#define SHIFT_OUT '\016'
#define SHIFT_IN  '\017'

/* ---- where they are ---- */

/* Where a text begins in another; its length if nowhere. */
static size_t
find_text(struct span where, struct span what)
{
	for (size_t at = 0; at < where.len; at++)
		if (span_starts(span_from(where, at), what))
			return at;
	return where.len;
}

/* Takes "=?charset?letter?" off.  Returns false if something else comes. */
static bool
take_head(struct span *rest, struct span *charset, char *letter)
{
	struct span behind = *rest;
	size_t len;

	if (!span_starts(behind, SPAN("=?")))
		return false;
	behind = span_from(behind, 2);
	len = span_find(behind, '?');
	if (behind.len - len < 3 || behind.s[len + 2] != '?')
		return false;
	*letter = ascii_lower(behind.s[len + 1]);
	*charset = span_upto(behind, len);
	*charset = span_upto(*charset, span_find(*charset, '*'));
	*rest = span_from(behind, len + 3);
	return *letter == 'q' || *letter == 'b';
}

bool
encodedword_is_in(struct span text)
{
	struct span charset;
	char letter;

	for (; text.len; text = span_from(text, 1)) {
		struct span rest = text;

		if (take_head(&rest, &charset, &letter))
			return true;
	}
	return false;
}

/* ---- what they stand for ---- */

/* RFC 2047 4.2; what is no code stands for itself. */
static void
decode_quoted(struct str *bytes, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.s[i];
		int high = -1, low = -1;

		if (c == '=' && text.len - i >= 3) {
			high = ascii_hex_value(text.s[i + 1]);
			low = ascii_hex_value(text.s[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '_') {
			c = ' ';
		}
		str_add_byte(bytes, c);
	}
}

/* RFC 2045 6.8, with faults that readers pass over.  Some end at a =, others go on. */
static void
decode_base64(struct str *bytes, struct span text)
{
	unsigned bits = 0, count = 0;

	for (size_t i = 0; i < text.len; i++) {
		int value = base64_value(text.s[i]);

		if (text.s[i] == '=')
			bits = count = 0;
		if (value < 0)
			continue;
		bits = bits << 6 | (unsigned)value;
		count += 6;
		if (count >= 8) {
			count -= 8;
			str_add_byte(bytes, (char)(bits >> count & 0xff));
		}
	}
}

/* Whether bytes below 128 stand for ASCII, or for a part of another character. */
static bool
is_ascii_within(struct span charset)
{
	static const char *const known[] = { "utf-8", "utf8", "us-ascii",
		"ascii", "ansi_x3", "iso-8859-", "iso8859-", "iso_8859-",
		"iso-2022-", "latin", "windows-125", "cp125", "windows-874",
		"koi8-", "tis-620", "macintosh", "x-mac", "euc-", "gb2312",
		"gbk", "gb18030", "big5", "shift_jis", "shift-jis", "sjis",
		"x-sjis", "windows-31j", "cp93", "ks_c_5601", "cp949",
		"windows-949", "cp437", "cp85", "cp86", "cp874", "ibm437",
		"ibm85", "ibm86", "x-unknown", "unknown", "default" };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (span_starts_nocase(charset, span_of(known[i])))
			return true;
	return charset.len == 0;
}

/*
 * Takes one of the sequences off that say what the bytes of iso-2022 mean.
 *   is_wide   whether two stand for a character from here on
 * Returns false if there is none: what looks like one is passed over by readers.
 */
static bool
take_escape(struct span *rest, bool *is_wide)
{
	struct span behind = span_from(*rest, 1);
	bool has_many = span_starts(behind, SPAN("$"));

	if (!span_starts(*rest, SPAN(ESCAPE)))
		return false;
	if (has_many)
		behind = span_from(behind, 1);
	if (behind.len && span_has(SPAN("()*+-./"), behind.s[0])) {
		/* Only that of ( is in use at once. */
		if (behind.s[0] == '(')
			*is_wide = has_many;
		behind = span_from(behind, 1);
	} else if (!has_many || !behind.len ||
	    !span_has(SPAN("@AB"), behind.s[0])) {
		return false;
	} else {
		*is_wide = true;
	}
	*rest = span_from(behind, behind.len > 0);
	return true;
}

/* What of iso-2022 is ASCII. */
static void
narrow(struct str *bytes, bool has_shifts)
{
	struct span rest = str_span(bytes);
	struct str kept = STR_INIT;
	bool is_wide = false;

	while (rest.len) {
		char c = rest.s[0];

		if (take_escape(&rest, &is_wide))
			continue;
		if (has_shifts && (c == SHIFT_OUT || c == SHIFT_IN))
			is_wide = c == SHIFT_OUT;
		else if (!is_wide && c != ESCAPE[0])
			str_add_byte(&kept, c);
		rest = span_from(rest, 1);
	}
	str_set(bytes, str_span(&kept));
	str_free(&kept);
}

static void
decode(struct str *bytes, struct span charset, char letter, struct span text)
{
	str_reset(bytes);
	if (letter == 'q')
		decode_quoted(bytes, text);
	else
		decode_base64(bytes, text);
	if (span_starts_nocase(charset, SPAN("iso-2022-")))
		narrow(bytes,
		    span_starts_nocase(charset, SPAN("iso-2022-kr")) ||
			span_starts_nocase(charset, SPAN("iso-2022-cn")));
}

/* ---- the field ---- */

static bool
is_blank(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!span_has(SPAN(" \t\r\n"), text.s[i]))
			return false;
	return true;
}

bool
encodedword_expand(
    struct span field, struct str *text, struct encodedword_found *found)
{
	struct str bytes = STR_INIT;
	struct span rest = field, raw = span_upto(field, 0), charset;
	bool is_sure = true, has_ends = true;
	char letter;

	*found = (struct encodedword_found){ 0 };
	str_reset(text);
	while (is_sure && rest.len) {
		struct span word = rest;
		bool has_head = has_ends && take_head(&word, &charset, &letter);
		size_t end = has_head ? find_text(word, SPAN("?=")) : 0;

		if (has_head && end == word.len)
			has_head = has_ends = false; /* nor has one behind it */
		if (!has_head) {
			rest = span_from(rest, 1);
			raw.len++;
			continue;
		}
		/* Blanks between two are not there. */
		if (found->count == 0 || !is_blank(raw))
			str_add(text, raw);
		is_sure = ++found->count <= ENCODEDWORD_MAX &&
		    is_ascii_within(charset) &&
		    !encodedword_is_in(span_upto(word, end));
		decode(&bytes, charset, letter, span_upto(word, end));
		str_add(text, str_span(&bytes));
		for (size_t i = 0; i < bytes.len; i++)
			if (span_has(SPAN("<>()\",;:"), bytes.s[i]))
				found->has_syntax = true;
		rest = span_from(word, end + 2);
		raw = span_upto(rest, 0);
	}
	str_add(text, raw);
	str_free(&bytes);
	return is_sure;
}
