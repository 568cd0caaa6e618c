/* dkimheader.c - the fields of a header that a signature covers.  Input: hostile. */
#include "mail/dkimheader.h"

#include "base/ascii.h"
#include "mail/dkimtags.h"
#include "mail/header.h"

/* The byte is the first of a line that is not empty. */
static void
begin_line(struct dkimheader *header, char byte)
{
	struct dkimheader_field field = { header->text.len, 0, 0 };

	if (ascii_is_blank(byte) && header->fields.len)
		return;
	if (header->fields.len == DKIMHEADER_FIELDS_MAX)
		header->is_too_large = true;
	if (!header->is_too_large)
		vec_push(&header->fields, field);
}

static void
keep(struct dkimheader *header, struct span bytes)
{
	if (bytes.len > DKIMHEADER_MAX - header->text.len)
		header->is_too_large = true;
	if (!header->is_too_large)
		str_add(&header->text, bytes);
}

bool
dkimheader_feed(struct dkimheader *header, struct span *input)
{
	while (input->len && !header->is_over) {
		size_t len = span_find(*input, '\n');
		bool is_whole = len < input->len;

		if (!header->is_in_line && len == 0) {
			dkimheader_end(header);
		} else {
			if (!header->is_in_line)
				begin_line(header, input->s[0]);
			keep(header, span_upto(*input, len + is_whole));
		}
		header->is_in_line = !is_whole;
		*input = span_from(*input, len + is_whole);
	}
	return header->is_over;
}

void
dkimheader_end(struct dkimheader *header)
{
	size_t end = header->text.len;

	header->is_over = true;
	for (size_t i = header->fields.len; i-- > 0;) {
		struct dkimheader_field *field = &header->fields.at[i];

		field->len = end - field->at;
		end = field->at;
		field->name_len =
		    header_name(dkimheader_field(header, i), NULL).len;
		if (field->name_len == 0)
			header->is_odd = true;
	}
}

struct span
dkimheader_field(const struct dkimheader *header, size_t index)
{
	const struct dkimheader_field *field = &header->fields.at[index];

	return span_upto(
	    span_from(str_span(&header->text), field->at), field->len);
}

struct span
dkimheader_name(const struct dkimheader *header, size_t index)
{
	return span_upto(
	    dkimheader_field(header, index), header->fields.at[index].name_len);
}

bool
dkimheader_is_names(struct span names)
{
	struct span name;
	size_t count = 0;

	while (dkimtags_next(&names, &name)) {
		if (name.len == 0 || ++count > DKIMHEADER_NAMES_MAX)
			return false;
		for (size_t i = 0; i < name.len; i++)
			if (!ascii_is_printable(name.s[i]) || name.s[i] == ' ')
				return false;
	}
	return count > 0;
}

/* The lowest field of this name that is not taken; DKIMHEADER_NONE: none. */
static size_t
choose(const struct dkimheader *header, struct span name, const char *taken)
{
	for (size_t i = header->fields.len; i-- > 0;)
		if (!taken[i] && header->fields.at[i].name_len == name.len &&
		    span_equal_nocase(dkimheader_name(header, i), name))
			return i;
	return DKIMHEADER_NONE;
}

void
dkimheader_add_signed(struct str *input, const struct dkimheader *header,
    struct span names, size_t own, enum dkim_canon canon)
{
	struct str taken = STR_INIT; /* a byte for each field */
	struct span name;

	for (size_t i = 0; i < header->fields.len; i++)
		str_add_byte(&taken, i == own);
	while (dkimtags_next(&names, &name)) {
		size_t i = choose(header, name, taken.s);

		if (i == DKIMHEADER_NONE)
			continue;
		taken.s[i] = true;
		dkimcanon_add_field(input, canon, dkimheader_field(header, i));
	}
	str_free(&taken);
}

void
dkimheader_free(struct dkimheader *header)
{
	str_free(&header->text);
	vec_free(&header->fields);
}
