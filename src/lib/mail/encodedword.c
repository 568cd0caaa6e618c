/* encodedword.c - encoded words in a field.  Input: hostile */
#include "mail/encodedword.h"

#include "base/ascii.h"
#include "base/base64.h"

/* Where a text begins in another; its length if nowhere. */
static size_t
find_text(struct span where, struct span what)
{
	for (size_t at = 0; at < where.len; at++)
		if (span_starts(span_from(where, at), what))
			return at;
	return where.len;
}

/* RFC 2047 4.2.  Returns false if a code is none. */
static bool
decode_quoted(struct str *bytes, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		int high, low;

		if (text.s[i] != '=') {
			str_add_byte(bytes, text.s[i] == '_' ? ' ' : text.s[i]);
			continue;
		}
		if (text.len - i < 3 ||
		    (high = ascii_hex_value(text.s[i + 1])) < 0 ||
		    (low = ascii_hex_value(text.s[i + 2])) < 0)
			return false;
		str_add_byte(bytes, (char)(high << 4 | low));
		i += 2;
	}
	return true;
}

/* Takes "charset?letter?" off.  Returns false if something else comes. */
static bool
take_head(struct span *rest, struct span *charset, char *letter)
{
	size_t len = span_find(*rest, '?');

	if (len == 0 || rest->len - len < 3 || rest->s[len + 2] != '?')
		return false;
	*letter = ascii_lower(rest->s[len + 1]);
	*charset = span_upto(*rest, len);
	*charset = span_upto(*charset, span_find(*charset, '*'));
	*rest = span_from(*rest, len + 3);
	return *letter == 'q' || *letter == 'b';
}

bool
encodedword_next(struct span *rest, struct encodedword *word, struct str *bytes)
{
	for (;;) {
		size_t at = find_text(*rest, SPAN("=?"));
		struct span behind, text;
		char letter;

		if (at == rest->len)
			return false;
		*rest = behind = span_from(*rest, at + 2);
		if (!take_head(&behind, &word->charset, &letter))
			continue;
		text = span_upto(behind, span_find(behind, '?'));
		*rest = span_from(behind, text.len);
		str_reset(bytes);
		word->is_sound = span_starts(*rest, SPAN("?=")) &&
		    (letter == 'q' ? decode_quoted(bytes, text)
				   : base64_decode(bytes, text));
		return true;
	}
}

bool
encodedword_is_ascii(struct span charset)
{
	static const char *const known[] = { "utf-8", "utf8", "us-ascii",
		"ascii", "iso-8859-", "iso8859-", "windows-125", "cp125",
		"windows-874", "koi8-", "tis-620", "euc-", "gb2312", "gbk",
		"gb18030", "cp936", "big5", "shift_jis", "shift-jis", "sjis",
		"x-sjis", "windows-31j", "cp932", "ks_c_5601", "cp949",
		"windows-949" };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (span_starts_nocase(charset, span_of(known[i])))
			return true;
	return false;
}
