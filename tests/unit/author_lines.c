/* author_lines.c - for test_author.py: reads bodies of fields From, each ended by NUL, and
 * writes for each a line: the author's domain, or "-". */
#include <stdio.h>

#include "author.h"

static void
tell(struct span body)
{
	struct dkimheader header = DKIMHEADER_INIT;
	struct str text = STR_INIT, author = STR_INIT;
	struct span rest;

	str_add_z(&text, "From: ");
	str_add(&text, body);
	str_add_z(&text, "\n\n");
	rest = str_span(&text);
	if (!dkimheader_feed(&header, &rest))
		dkimheader_end(&header);
	if (author_find(&header, &author) != AUTHOR_FOUND)
		(void)putchar('-');
	(void)fwrite(str_z(&author), 1, author.len, stdout);
	(void)putchar('\n');
	dkimheader_free(&header);
	str_free(&text);
	str_free(&author);
}

int
main(void)
{
	struct str body = STR_INIT;
	int c;

	while ((c = getchar()) != EOF)
		if (c != '\0') {
			str_add_byte(&body, (char)c);
		} else {
			tell(str_span(&body));
			str_reset(&body);
		}
	str_free(&body);
	return 0;
}
