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
	tidyhead_begin(&lines->head);
}

void
tidylines_end(struct tidylines *lines, const struct tidylines_wishes *wishes)
{
	struct span field = str_span(&lines->field);
	bool is_from = header_identify(header_name(field, NULL)) == HEADER_FROM;

	if (field.len && !(is_from && wishes->is_without_from))
		tidyhead_field(&lines->head, wishes->rules, field,
		    is_from ? wishes->from : NULL);
	str_reset(&lines->field);
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

void
tidylines_free(struct tidylines *lines)
{
	tidyhead_free(&lines->head);
	str_free(&lines->field);
}
