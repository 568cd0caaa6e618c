/*
 * bounce_fuzz.c - addresses and reports of strangers: a paragraph of a bounce
 * has one empty line, at its end, whatever they hold.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/bounce.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make((const char *)data, size);
	size_t middle = span_find(text, '|');
	struct str paragraph = STR_INIT, head = STR_INIT;

	bounce_add_paragraph(
	    &paragraph, span_upto(text, middle), span_from(text, middle));
	for (size_t i = 0; i + 2 < paragraph.len; i++)
		if (paragraph.s[i] == '\n' && paragraph.s[i + 1] == '\n')
			abort();
	if (!span_ends(str_span(&paragraph), SPAN("\n\n")))
		abort();
	bounce_add_head(&head,
	    &(struct bounce_head){
		.from = SPAN("a@b"), .to = text, .id = SPAN("1") },
	    BOUNCE_SINGLE);
	if (!strstr(str_z(&head),
		"\nSubject: failure notice\nMessage-ID: <1@b>\n"
		"Auto-Submitted: auto-replied\n\nHi.") &&
	    !span_has(text, '\0'))
		abort();
	str_free(&paragraph);
	str_free(&head);
	return 0;
}
