/* author.c - the domain of the author of a message.  Input: hostile */
#include "author.h"

#include "base/ascii.h"
#include "base/ulabel.h"
#include "mail/mailboxes.h"
#include "net/dnspacket.h"

/* Whether it can be a host name, and none that a reader may take for another one. */
static bool
is_domain(struct span host)
{
	struct dnsname name;

	for (size_t i = 0; i < host.len; i++)
		if ((unsigned char)host.s[i] < 128 &&
		    !ascii_is_alnum(host.s[i]) &&
		    !span_has(SPAN("-_."), host.s[i]))
			return false;
	return dnsname_parse(host, &name) && ulabel_is_clean(host);
}

/* Whether readers agree where the domain begins: some take what follows the first
 * "@". */
static bool
is_plain(struct span local_part)
{
	return !span_has(local_part, '@');
}

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
		is_one = is_domain(host) &&
		    is_plain(str_span(&list.all.at[i].local_part)) &&
		    span_equal_nocase(str_span(author), host);
	}
	is_one = is_one && list.all.len;
	if (!is_one)
		str_reset(author);
	mailboxes_free(&list);
	return is_one;
}

/* Some readers take a CR alone for the end of a line: another From may follow it. */
static bool
has_hidden_line(struct span field)
{
	size_t at;

	while ((at = span_find(field, '\r')) < field.len) {
		field = span_from(field, at + 1);
		if (field.len && field.s[0] != '\n')
			return true;
	}
	return false;
}

bool
author_find(const struct dkimheader *header, struct str *author)
{
	struct span field = SPAN("");
	size_t count = 0;

	for (size_t i = 0; i < header->fields.len; i++) {
		if (has_hidden_line(dkimheader_field(header, i)))
			return false;
		if (span_equal_nocase(
			dkimheader_name(header, i), SPAN("From"))) {
			field = dkimheader_field(header, i);
			count++;
		}
	}
	return count == 1 && !header->is_too_large && !header->is_odd &&
	    take_author(span_from(field, span_find(field, ':') + 1), author);
}
