/*
 * mailboxes.c - the mailboxes in a list as people write it.
 * Input: hostile
 */
#include "mail/mailboxes.h"

#include "base/ascii.h"
#include "mail/quote.h"
#include "mail/token822.h"

/* ---- a text that can be cut into tokens ---- */

/* What the next byte belongs to. */
enum place {
	OUTSIDE,
	IN_QUOTE,
	IN_COMMENT,
	IN_LITERAL
};

struct mender {
	enum place place;
	size_t depth; /* of comments */
};

/* Whether a byte may stand where it is; goes on to the next place. */
static bool
is_fit(struct mender *mender, char c)
{
	switch (mender->place) {
	case OUTSIDE:
		if (c == '"')
			mender->place = IN_QUOTE;
		else if (c == '(')
			mender->place = IN_COMMENT, mender->depth = 1;
		else if (c == '[')
			mender->place = IN_LITERAL;
		return c != ')' && c != ']';
	case IN_QUOTE:
		if (c == '"')
			mender->place = OUTSIDE;
		return true;
	case IN_COMMENT:
		if (c == '(')
			mender->depth++;
		else if (c == ')' && --mender->depth == 0)
			mender->place = OUTSIDE;
		return true;
	case IN_LITERAL:
		if (c == ']')
			mender->place = OUTSIDE;
		return c != '[';
	}
	return true;
}

bool
mailboxes_are_hidden(struct span text)
{
	struct mender mender = { OUTSIDE, 0 };
	size_t start = text.len;

	for (size_t i = 0; i < text.len; i++) {
		bool was_outside = mender.place == OUTSIDE;

		if (text.s[i] == '\\')
			i++;
		else if (text.s[i] != '\0')
			(void)is_fit(&mender, text.s[i]);
		if (was_outside && mender.place == IN_COMMENT)
			start = i;
	}
	return mender.place == IN_COMMENT &&
	    span_has(span_from(text, start), '@');
}

/* Copies a text without what no token may have, closing what is open. */
static void
mend(struct str *mended, struct span text)
{
	struct mender mender = { OUTSIDE, 0 };

	for (size_t i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (c == '\\') {
			if (i + 1 == text.len)
				break;
			c = text.s[++i];
			if (c == '\0' || c == '\r' || c == '\n')
				continue;
			str_add_byte(mended, '\\');
			str_add_byte(mended, c);
		} else if (c != '\0' && is_fit(&mender, c)) {
			str_add_byte(mended, c == '\r' || c == '\n' ? ' ' : c);
		}
	}
	if (mender.place == IN_QUOTE)
		str_add_byte(mended, '"');
	if (mender.place == IN_LITERAL)
		str_add_byte(mended, ']');
	while (mender.place == IN_COMMENT && mender.depth-- > 0)
		str_add_byte(mended, ')');
}

/* ---- the state of a list ---- */

struct parser {
	struct mailboxes *list;
	size_t max;		    /* mailboxes of the list */
	bool is_full;		    /* there is more than may be taken */
	struct token822_list words; /* outside of brackets */
	struct token822_list path;  /* inside */
	struct str name, comment;   /* the words as text; comments */
	struct str group;	    /* that has begun, without a member yet */
	bool in_group, is_group_new;
	bool is_inside, has_path; /* between < and >; they were there */
	bool is_spaced;		  /* a blank stands before this token */
};

static void
reset(struct parser *parser)
{
	parser->words.tokens.len = parser->path.tokens.len = 0;
	str_reset(&parser->name);
	str_reset(&parser->comment);
	parser->is_inside = parser->has_path = false;
}

/* Splits an address at its last @. */
static void
take_address(struct mailbox *mailbox, const struct token822_list *tokens)
{
	size_t at = tokens->tokens.len;

	for (size_t i = 0; i < tokens->tokens.len; i++)
		if (tokens->tokens.at[i].type == TOKEN822_AT)
			at = i;
	for (size_t i = 0; i < tokens->tokens.len; i++)
		if (i != at)
			token822_add_plain(
			    i < at ? &mailbox->local_part : &mailbox->host,
			    &tokens->tokens.at[i]);
}

/* The text of a token in a name: quotes are undone, brackets and dots stay. */
static void
add_word(struct str *name, const struct token822 *token)
{
	if (token->type == TOKEN822_COMMENT)
		str_add(name, token->text);
	else
		token822_add_plain(name, token);
}

static void
add_spaced(struct str *name, bool is_spaced)
{
	if (is_spaced && name->len)
		str_add_byte(name, ' ');
}

/* Takes the route off the path: it becomes a part of the name. */
static void
drop_route(struct parser *parser)
{
	size_t len = parser->path.tokens.len, start = 0;

	for (size_t i = 0; i < len; i++)
		if (parser->path.tokens.at[i].type == TOKEN822_COLON)
			start = i + 1;
	add_spaced(&parser->name, start > 0);
	for (size_t i = 0; i + 1 < start; i++)
		if (parser->path.tokens.at[i].type != TOKEN822_COMMA)
			token822_add_plain(
			    &parser->name, &parser->path.tokens.at[i]);
	for (size_t i = start; i < len; i++)
		parser->path.tokens.at[i - start] = parser->path.tokens.at[i];
	parser->path.tokens.len = len - start;
}

/* A member of a group, the first one or another. */
static void
add_mailbox(struct parser *parser, struct mailbox mailbox)
{
	if (parser->list->all.len >= parser->max) {
		parser->is_full = true;
		mailboxes_free_one(&mailbox);
		return;
	}
	if (parser->is_group_new) {
		mailbox.begins_group = true;
		str_set(&mailbox.group, str_span(&parser->group));
	}
	parser->is_group_new = false;
	vec_push(&parser->list->all, mailbox);
}

/* The mailbox is complete. */
static void
finish(struct parser *parser)
{
	struct mailbox mailbox = MAILBOX_INIT;

	if (!parser->has_path && parser->words.tokens.len == 0) {
		reset(parser);
		return;
	}
	if (parser->has_path) {
		drop_route(parser);
		str_add(&mailbox.name, str_span(&parser->name));
		take_address(&mailbox, &parser->path);
	} else {
		take_address(&mailbox, &parser->words);
		if (mailbox.local_part.len == 0 && mailbox.host.len == 0) {
			mailboxes_free_one(&mailbox); /* a lone @ */
			reset(parser);
			return;
		}
	}
	add_spaced(&mailbox.name, parser->comment.len > 0);
	str_add(&mailbox.name, str_span(&parser->comment));
	add_mailbox(parser, mailbox);
	reset(parser);
}

/* Its last member is known. */
static void
close_group(struct parser *parser)
{
	struct mailbox nobody = MAILBOX_INIT;

	if (!parser->in_group)
		return;
	if (parser->is_group_new)
		add_mailbox(parser, nobody);
	parser->in_group = false;
	if (!parser->is_full)
		parser->list->all.at[parser->list->all.len - 1].ends_group =
		    true;
}

/* The words before a colon are the name of a group; one that has not ended
 * ends here. */
static void
begin_group(struct parser *parser)
{
	close_group(parser);
	str_set(&parser->group, str_span(&parser->name));
	parser->in_group = parser->is_group_new = true;
	reset(parser);
}

static void
end_group(struct parser *parser)
{
	finish(parser);
	close_group(parser);
}

/* ---- tokens ---- */

static void
add_token(struct parser *parser, struct token822_list *list,
    const struct token822 *token)
{
	if (list->tokens.len >= MAILBOXES_WORDS_MAX)
		parser->is_full = true;
	else
		token822_list_add(list, *token);
}

static void
take_inside(struct parser *parser, const struct token822 *token)
{
	if (token->type == TOKEN822_RIGHT)
		parser->is_inside = false;
	else if (token->type != TOKEN822_LEFT)
		add_token(parser, &parser->path, token);
}

static void
take_outside(struct parser *parser, const struct token822 *token)
{
	switch (token->type) {
	case TOKEN822_COMMA:
		finish(parser);
		break;
	case TOKEN822_SEMICOLON:
		end_group(parser);
		break;
	case TOKEN822_COLON:
		begin_group(parser);
		break;
	case TOKEN822_LEFT:
		if (parser->has_path)
			finish(parser);
		parser->is_inside = parser->has_path = true;
		break;
	case TOKEN822_RIGHT:
		break;
	default:
		if (parser->has_path)
			finish(parser);
		add_spaced(&parser->name, parser->is_spaced);
		add_word(&parser->name, token);
		add_token(parser, &parser->words, token);
	}
}

bool
mailboxes_parse(struct mailboxes *list, struct span text, size_t max)
{
	struct parser parser = { .list = list, .max = max };
	struct str mended = STR_INIT;
	struct token822 token;
	struct span rest;

	mend(&mended, text);
	rest = str_span(&mended);
	while (!parser.is_full) {
		parser.is_spaced = rest.len && ascii_is_blank(rest.s[0]);
		if (token822_next(&rest, &token) <= 0)
			break;
		if (token.type == TOKEN822_COMMENT) {
			add_spaced(&parser.comment, true);
			add_word(&parser.comment, &token);
		} else if (parser.is_inside) {
			take_inside(&parser, &token);
		} else {
			take_outside(&parser, &token);
		}
	}
	if (!parser.is_full)
		end_group(&parser);
	str_free(&parser.group);
	vec_free(&parser.words.tokens);
	vec_free(&parser.path.tokens);
	str_free(&parser.name);
	str_free(&parser.comment);
	str_free(&mended);
	return !parser.is_full;
}

/* ---- as text ---- */

void
mailboxes_add_address(struct str *text, const struct mailbox *mailbox)
{
	str_add(text, str_span(&mailbox->local_part));
	if (mailbox->host.len) {
		str_add_byte(text, '@');
		str_add(text, str_span(&mailbox->host));
	}
}

/* Without bytes that end a line. */
static void
add_clean(struct str *text, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (!span_has(SPAN("\r\n\0"), bytes.s[i]))
			str_add_byte(text, bytes.s[i]);
}

static void
add_quoted(struct str *text, struct span words)
{
	str_add_byte(text, '"');
	for (size_t i = 0; i < words.len; i++) {
		if (words.s[i] == '"' || words.s[i] == '\\')
			str_add_byte(text, '\\');
		add_clean(text, span_from(span_upto(words, i + 1), i));
	}
	str_add_byte(text, '"');
}

/* Words that may stand without quotes. */
static bool
is_plain(struct span words)
{
	for (size_t i = 0; i < words.len; i++)
		if (!ascii_is_alnum(words.s[i]) &&
		    !span_has(SPAN(" -_"), words.s[i]))
			return false;
	return words.len > 0;
}

static void
add_group(struct str *text, struct span group)
{
	if (is_plain(group))
		str_add(text, group);
	else
		add_quoted(text, group);
	str_add_z(text, ": ");
}

/* Whether a host is made of what hosts are made of: words and dots, or a
 * literal. */
static bool
is_host(struct span host)
{
	bool is_literal =
	    host.len > 1 && host.s[0] == '[' && host.s[host.len - 1] == ']';

	if (is_literal)
		host = span_from(span_upto(host, host.len - 1), 1);
	for (size_t i = 0; i < host.len; i++)
		if (!ascii_is_alnum(host.s[i]) &&
		    (unsigned char)host.s[i] < 128 &&
		    !span_has(
			is_literal ? SPAN(".:-%") : SPAN(".-_+"), host.s[i]))
			return false;
	return true;
}

/* The address, quoted where needed.  One whose host is none is a local part as
 * a whole. */
static void
add_address(struct str *text, const struct mailbox *mailbox)
{
	struct span local_part = str_span(&mailbox->local_part);
	struct str whole = STR_INIT;

	if (!is_host(str_span(&mailbox->host))) {
		mailboxes_add_address(&whole, mailbox);
		quote_add_local_part(text, str_span(&whole));
		str_free(&whole);
		return;
	}
	if (local_part.len)
		quote_add_local_part(text, local_part);
	if (mailbox->host.len) {
		str_add_byte(text, '@');
		str_add(text, str_span(&mailbox->host));
	}
}

void
mailboxes_add_written(struct str *text, const struct mailbox *mailbox)
{
	struct str written = STR_INIT;
	bool has_brackets = mailbox->name.len || mailbox->local_part.len == 0;
	bool is_nobody = has_brackets && mailbox->name.len == 0 &&
	    mailbox->host.len == 0 && mailbox->begins_group &&
	    mailbox->ends_group;

	if (mailbox->begins_group)
		add_group(text, str_span(&mailbox->group));
	if (mailbox->name.len) {
		add_quoted(text, str_span(&mailbox->name));
		str_add_byte(text, ' ');
	}
	add_address(&written, mailbox);
	if (has_brackets && !is_nobody)
		str_add_byte(text, '<');
	add_clean(text, str_span(&written));
	if (has_brackets && !is_nobody)
		str_add_byte(text, '>');
	if (mailbox->ends_group)
		str_add_byte(text, ';');
	str_free(&written);
}

void
mailboxes_free_one(struct mailbox *mailbox)
{
	str_free(&mailbox->name);
	str_free(&mailbox->local_part);
	str_free(&mailbox->host);
	str_free(&mailbox->group);
}

void
mailboxes_free(struct mailboxes *list)
{
	for (size_t i = 0; i < list->all.len; i++)
		mailboxes_free_one(&list->all.at[i]);
	vec_free(&list->all);
}
