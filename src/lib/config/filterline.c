/* filterline.c - control/queuefilters.  Input: trusted */
#include "config/filterline.h"

#define CLASSES SPAN("outside,relay,login,local")

/* Whether a list with commas has the class. */
static bool
has(struct span list, struct span class)
{
	struct span word;

	while (span_cut_next(&list, ',', &word))
		if (span_equal(span_trim(word), class))
			return true;
	return false;
}

bool
filterline_parse(struct span line, struct filterline *filter)
{
	size_t colon = span_find(line, ':');
	struct span rest = span_upto(line, colon), word;
	bool is_good;

	filter->classes = rest;
	filter->words = span_trim(span_from(line, colon + 1));
	is_good = colon < line.len && filter->words.len && rest.len;
	while (is_good && span_cut_next(&rest, ',', &word))
		is_good = has(CLASSES, span_trim(word));
	return is_good;
}

bool
filterline_is_for(const struct filterline *filter, struct span class)
{
	return has(filter->classes, class);
}
