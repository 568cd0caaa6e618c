/*
 * tidylines.c - a header that comes line by line.
 * Input: hostile
 */
#include "mail/tidylines.h"

#include "base/ascii.h"
#include "mail/header.h"

void
tidylines_begin(struct tidylines *lines)
{
	*lines = (struct tidylines){ .size = 0 };
	tidyhead_begin(&lines->head, MAILBOXES_MAX);
}

/* Whether a field tells from whom it is. */
static bool
names_author(enum header_field field)
{
	return field == HEADER_FROM || field == HEADER_SENDER ||
	    field == HEADER_RESENT_FROM || field == HEADER_RESENT_SENDER;
}

void
tidylines_end(struct tidylines *lines, const struct tidylines_wishes *wishes)
{
	struct str *field = &lines->field;
	enum header_field which =
	    header_identify(header_name(str_span(field), NULL));

	/* The last line of a message need not have an end. */
	if (field->len && !span_ends(str_span(field), SPAN("\n")))
		str_add_byte(field, '\n');
	if (field->len && !(which == HEADER_FROM && wishes->is_without_from))
		tidyhead_field(&lines->head, wishes->rules, str_span(field),
		    names_author(which) ? wishes->authors : NULL);
	str_reset(field);
}

enum tidylines_result
tidylines_take(struct tidylines *lines, const struct tidylines_wishes *wishes,
    struct span line)
{
	lines->size += line.len;
	if (lines->size > TIDYLINES_MAX)
		return TIDYLINES_TOO_LARGE;
	if (lines->field.len && line.len && ascii_is_blank(line.s[0])) {
		str_add(&lines->field, line);
		return TIDYLINES_TAKEN;
	}
	tidylines_end(lines, wishes);
	if (header_name(line, NULL).len == 0)
		return TIDYLINES_BODY;
	str_set(&lines->field, line);
	return TIDYLINES_TAKEN;
}

const char *
tidylines_find_fault(const struct tidylines *lines)
{
	if (lines->size > TIDYLINES_MAX)
		return "552 5.3.4 its header is larger than we take";
	if (lines->head.has_too_many)
		return "552 5.3.4 its header has more addresses than we take";
	return NULL;
}

void
tidylines_free(struct tidylines *lines)
{
	tidyhead_free(&lines->head);
	str_free(&lines->field);
}
