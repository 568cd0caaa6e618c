/* hops.h - how often a message was passed on, and how large its header is.
 * Input: hostile. */
#ifndef MAIL_HOPS_H
#define MAIL_HOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define HOPS_MAX 100 /* so many mean a loop; RFC 5321 6.3 */

#define HOPS_PREFIX_MAX 13 /* bytes of a line that are looked at */

/* Constant memory, whatever the lines of the header; start with {0}. */
struct hops {
	size_t count;	 /* fields Received: and Delivered-To: so far */
	bool is_body;	 /* the header has ended */
	uint64_t header; /* bytes of it so far */
	char prefix[HOPS_PREFIX_MAX];
	size_t line_len; /* bytes of this line so far */
};

/* hops_add: looks at the next bytes of the message, with LF line ends. */
void hops_add(struct hops *hops, struct span bytes);

#endif
