/*
 * diagnosis_fuzz.c - words of servers and programs about a delivery.  What is
 * found is a view of them, and a status is one.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "mail/diagnosis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_inside(struct span part, struct span whole)
{
	if (part.len &&
	    (part.s < whole.s || part.s + part.len > whole.s + whole.len))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span words = span_make((const char *)data, size);
	struct diagnosis found = diagnosis_of(words);

	check_inside(found.status, words);
	check_inside(found.reply, words);
	check_inside(found.host, words);
	if (found.status.len &&
	    (found.status.len < 5 ||
		(found.status.s[0] != '4' && found.status.s[0] != '5') ||
		found.status.s[1] != '.' ||
		!ascii_is_digit(found.status.s[found.status.len - 1])))
		abort();
	return 0;
}
