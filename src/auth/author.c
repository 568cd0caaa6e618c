/* author.c - the domain of the author of a message.  Input: hostile */
#include "author.h"

#include "mail/mailboxes.h"

/*
 * The domain of the author: that of all addresses in the one field From.
 *   author   receives it
 * Returns false if there is none, or more than one.
 */
static bool
take_author(struct span body, struct str *author)
{
	struct mailboxes list = MAILBOXES_INIT;
	bool is_one = mailboxes_parse(&list, body, AUTHOR_MAX);

	for (size_t i = 0; is_one && i < list.all.len; i++) {
		struct span host = str_span(&list.all.at[i].host);

		if (i == 0)
			str_set(author, host);
		is_one = host.len && span_equal_nocase(str_span(author), host);
	}
	is_one = is_one && list.all.len;
	mailboxes_free(&list);
	return is_one;
}

bool
author_find(const struct dkimheader *header, struct str *author)
{
	struct span field = SPAN("");
	size_t count = 0;

	for (size_t i = 0; i < header->fields.len; i++)
		if (span_equal_nocase(
			dkimheader_name(header, i), SPAN("From"))) {
			field = dkimheader_field(header, i);
			count++;
		}
	return count == 1 && !header->is_too_large && !header->is_odd &&
	    take_author(span_from(field, span_find(field, ':') + 1), author);
}
