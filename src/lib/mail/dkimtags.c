/* dkimtags.c - lists of tags.  Input: hostile. */
#include "mail/dkimtags.h"

#include "base/ascii.h"
#include "base/base64.h"

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n';
}

struct span
dkimtags_trim(struct span text)
{
	while (text.len && is_blank(text.s[0]))
		text = span_from(text, 1);
	while (text.len && is_blank(text.s[text.len - 1]))
		text.len--;
	return text;
}

static bool
is_name(struct span text)
{
	if (text.len == 0 || !ascii_is_alpha(text.s[0]))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_alnum(text.s[i]) && text.s[i] != '_')
			return false;
	return true;
}

static bool
is_value(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_blank(text.s[i]) && (unsigned char)text.s[i] < 0x80 &&
		    !ascii_is_printable(text.s[i]))
			return false;
	return true;
}

/* Takes what is between two semicolons. */
static bool
take_tag(struct dkimtags *tags, struct span text)
{
	size_t equals = span_find(text, '=');
	struct dkimtag tag = { .name = dkimtags_trim(span_upto(text, equals)),
		.whole = span_from(text, equals + 1) };

	tag.value = dkimtags_trim(tag.whole);
	if (equals == text.len || !is_name(tag.name) || !is_value(tag.value) ||
	    tags->count == DKIMTAGS_MAX)
		return false;
	for (size_t i = 0; i < tags->count; i++)
		if (span_equal(tags->at[i].name, tag.name))
			return false;
	tags->at[tags->count++] = tag;
	return true;
}

bool
dkimtags_parse(struct span text, struct dkimtags *tags)
{
	struct span part, rest = dkimtags_trim(text);
	bool is_good = rest.len > 0;

	tags->count = 0;
	while (span_cut_next(&rest, ';', &part))
		if (!take_tag(tags, part))
			is_good = false;
	return is_good;
}

const struct dkimtag *
dkimtags_find(const struct dkimtags *tags, const char *name)
{
	for (size_t i = 0; i < tags->count; i++)
		if (span_equal(tags->at[i].name, span_of(name)))
			return &tags->at[i];
	return NULL;
}

struct span
dkimtags_value(
    const struct dkimtags *tags, const char *name, struct span otherwise)
{
	const struct dkimtag *tag = dkimtags_find(tags, name);

	return tag ? tag->value : otherwise;
}

bool
dkimtags_next(struct span *rest, struct span *item)
{
	size_t colon;

	/* NULL: the last item was taken, behind which there was no colon. */
	if (!rest->s)
		return false;
	colon = span_find(*rest, ':');
	*item = dkimtags_trim(span_upto(*rest, colon));
	*rest = colon < rest->len ? span_from(*rest, colon + 1)
				  : (struct span){ NULL, 0 };
	return true;
}

bool
dkimtags_has(struct span list, struct span word)
{
	struct span item;

	while (dkimtags_next(&list, &item))
		if (span_equal(item, word))
			return true;
	return false;
}

void
dkimtags_add_squeezed(struct str *text, struct span value)
{
	str_reserve(text, value.len);
	for (size_t i = 0; i < value.len; i++)
		if (!is_blank(value.s[i]))
			str_add_byte(text, value.s[i]);
}

bool
dkimtags_decode(struct str *bytes, struct span value)
{
	struct str text = STR_INIT;
	bool is_good;

	dkimtags_add_squeezed(&text, value);
	while (text.len % 4 && text.len % 4 != 1)
		str_add_byte(&text, '=');
	is_good = base64_decode(bytes, str_span(&text));
	str_free(&text);
	return is_good;
}
