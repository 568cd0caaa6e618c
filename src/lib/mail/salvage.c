/*
 * salvage.c - addresses of a field that is no list of addresses.
 * Input: hostile
 */
#include "mail/salvage.h"

static bool
is_separator(char c)
{
	return c == ',' || c == ';' || c == ':';
}

/* Bytes from an opening " or ( to its end, both included; 0: it has none. */
static size_t
enclosed_len(struct span text)
{
	char close = text.s[0] == '(' ? ')' : '"';
	size_t depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.s[i] == '\\')
			i++;
		else if (i > 0 && text.s[i] == close && --depth == 0)
			return i + 1;
		else if (i == 0 || (close == ')' && text.s[i] == '('))
			depth++;
	}
	return 0;
}

static size_t
separator_position(struct span text)
{
	size_t i = 0;

	while (i < text.len && !is_separator(text.s[i]))
		i++;
	return i;
}

struct scan {
	struct span rest;
	/* No end of such a thing follows: it is looked for once. */
	bool has_no_quote, has_no_comment;
};

/* Takes the next part off, up to a separator.  part receives it, without
 * comments, and from its last < on. */
static void
next_part(struct scan *scan, struct str *part)
{
	struct span *rest = &scan->rest;

	str_reset(part);
	while (rest->len > 0 && !is_separator(rest->s[0])) {
		char c = rest->s[0];
		bool *has_none =
		    c == '(' ? &scan->has_no_comment : &scan->has_no_quote;
		size_t len = 1;

		if (c == '(' || c == '"') {
			len = *has_none ? 0 : enclosed_len(*rest);
			*has_none |= len == 0;
			if (len > 0 && c == '"')
				str_add(part, span_upto(*rest, len));
			else if (len == 0)
				len = c == '"' ? 1 : separator_position(*rest);
		} else if (c == '<') {
			str_reset(part);
		} else if (c == '>') {
			/* What follows it is none of the address. */
			len = separator_position(*rest);
		} else if (c != ')') {
			str_add_byte(part, c);
		}
		*rest = span_from(*rest, len);
	}
	if (rest->len > 0)
		*rest = span_from(*rest, 1);
}

static bool
is_word(enum token822_type type)
{
	return type == TOKEN822_ATOM || type == TOKEN822_QUOTED;
}

/* Whether the tokens are words and dots, an @, and a domain. */
static bool
is_address(const struct token822_list *list)
{
	size_t ats = 0, len = list->tokens.len;

	for (size_t i = 0; i < len; i++) {
		enum token822_type type = list->tokens.at[i].type;
		enum token822_type before =
		    i ? list->tokens.at[i - 1].type : TOKEN822_NONE;

		if (type == TOKEN822_AT)
			ats++;
		else if (!is_word(type) && type != TOKEN822_DOT &&
		    type != TOKEN822_LITERAL)
			return false;
		if (is_word(type) && is_word(before))
			return false;
	}
	return ats == 1 && is_word(list->tokens.at[0].type) &&
	    list->tokens.at[len - 1].type != TOKEN822_AT;
}

void
salvage_addresses(struct span body, addresslist_call *call, void *context)
{
	struct scan scan = { .rest = body };
	struct str part = STR_INIT;

	while (scan.rest.len > 0) {
		struct token822_list list = TOKEN822_LIST_INIT;

		next_part(&scan, &part);
		if (token822_list_parse(&list, str_span(&part)) == 0 &&
		    list.tokens.len > 0 && is_address(&list))
			call(context, &list);
		vec_free(&list.tokens);
	}
	str_free(&part);
}
