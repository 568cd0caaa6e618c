/* headeredit.c - a header that is changed field by field.  Input: hostile */
#include "mail/headeredit.h"

#include "base/ascii.h"
#include "mail/header.h"

static struct span
text_of(const struct headeredit_field *field)
{
	return field->is_changed ? str_span(&field->text) : field->old;
}

void
headeredit_take(struct headeredit *edit, struct span field, bool is_hidden)
{
	struct headeredit_field new = { .old = field, .is_hidden = is_hidden };

	vec_push(&edit->fields, new);
}

static bool
is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.s[i] <= ' ' || name.s[i] > '~' || name.s[i] == ':')
			return false;
	return name.len > 0;
}

/* No line of the value is empty, or begins another field. */
static void
add_value(struct str *text, struct span value)
{
	struct span line;
	bool is_first = true;

	while (span_cut_next(&value, '\n', &line)) {
		if (line.len && line.s[line.len - 1] == '\r')
			line.len--;
		if (!is_first) {
			if (span_trim(line).len == 0)
				continue;
			str_add_byte(text, '\n');
			if (!ascii_is_blank(line.s[0]))
				str_add_byte(text, '\t');
		}
		str_add(text, line);
		is_first = false;
	}
	str_add_byte(text, '\n');
}

static bool
make(struct str *text, struct span name, struct span value)
{
	if (!is_name(name) || span_has(value, '\0'))
		return false;
	str_reset(text);
	str_add(text, name);
	str_add_byte(text, ':');
	add_value(text, value);
	return true;
}

bool
headeredit_insert(
    struct headeredit *edit, size_t place, struct span name, struct span value)
{
	struct headeredit_field new = { .is_changed = true };
	size_t at = edit->fields.len, before = 0;

	if (!make(&new.text, name, value))
		return false;
	vec_push(&edit->fields, new);
	edit->is_changed = true;
	for (size_t i = 0; i < edit->fields.len - 1; i++) {
		if (edit->fields.at[i].is_deleted)
			continue;
		if (before++ == place) {
			at = i;
			break;
		}
	}
	for (size_t i = edit->fields.len - 1; i > at; i--)
		edit->fields.at[i] = edit->fields.at[i - 1];
	edit->fields.at[at] = new;
	return true;
}

bool
headeredit_change(
    struct headeredit *edit, size_t number, struct span name, struct span value)
{
	size_t found = 0;

	if (!is_name(name) || span_has(value, '\0') || number == 0)
		return false;
	for (size_t i = 0; i < edit->fields.len; i++) {
		struct headeredit_field *field = &edit->fields.at[i];

		if (field->is_hidden ||
		    !span_equal_nocase(
			header_name(text_of(field), NULL), name) ||
		    ++found != number)
			continue;
		edit->is_changed = true;
		field->is_deleted = value.len == 0;
		if (field->is_deleted)
			return true;
		/* With its own spelling of the name. */
		str_reset(&field->text);
		field->is_changed =
		    make(&field->text, header_name(field->old, NULL), value) ||
		    make(&field->text, name, value);
		return true;
	}
	return value.len == 0 ||
	    headeredit_insert(edit, edit->fields.len, name, value);
}

bool
headeredit_next(const struct headeredit *edit, size_t *place,
    struct span *field, bool *is_hidden)
{
	while (*place < edit->fields.len) {
		const struct headeredit_field *at = &edit->fields.at[*place];

		++*place;
		if (at->is_deleted)
			continue;
		*field = text_of(at);
		*is_hidden = at->is_hidden;
		return true;
	}
	return false;
}

void
headeredit_free(struct headeredit *edit)
{
	for (size_t i = 0; i < edit->fields.len; i++)
		str_free(&edit->fields.at[i].text);
	vec_free(&edit->fields);
	edit->is_changed = false;
}
