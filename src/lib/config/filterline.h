/*
 * filterline.h - control/queuefilters: which filters a message goes through.  Lines
 * "CLASS,...: PROGRAM ARGUMENT...".
 * Input: trusted.  Source: qmail-filters(8).
 */
#ifndef CONFIG_FILTERLINE_H
#define CONFIG_FILTERLINE_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"

struct filterline {
	struct span classes; /* with commas between */
	struct span words;   /* the program, and its arguments */
};

/*
 * filterline_parse: takes a line apart, in which it stays.
 *   line   neither empty nor a remark; control_clean_line
 * Returns false if it is none.
 */
MUST_CHECK bool filterline_parse(struct span line, struct filterline *filter);

/* filterline_is_for: whether messages of a class go through it. */
bool filterline_is_for(const struct filterline *filter, struct span class);

#endif
