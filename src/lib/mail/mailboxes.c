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
	struct token822_list words; /* outside of brackets */
	struct token822_list path;  /* inside */
	struct str name, comment;   /* the words as text; comments */
	bool is_inside, has_path;   /* between < and >; they were there */
	bool is_spaced;		    /* a blank stands before this token */
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

/* The mailbox is complete. */
static void
finish(struct parser *parser)
{
	struct mailbox mailbox = { STR_INIT, STR_INIT, STR_INIT };

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
	}
	add_spaced(&mailbox.name, parser->comment.len > 0);
	str_add(&mailbox.name, str_span(&parser->comment));
	vec_push(&parser->list->all, mailbox);
	reset(parser);
}

/* ---- tokens ---- */

static void
take_inside(struct parser *parser, const struct token822 *token)
{
	if (token->type == TOKEN822_RIGHT)
		parser->is_inside = false;
	else if (token->type != TOKEN822_LEFT)
		token822_list_add(&parser->path, *token);
}

static void
take_outside(struct parser *parser, const struct token822 *token)
{
	switch (token->type) {
	case TOKEN822_COMMA:
	case TOKEN822_SEMICOLON:
		finish(parser);
		break;
	case TOKEN822_COLON: /* the name of a group was before it */
		reset(parser);
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
		token822_list_add(&parser->words, *token);
	}
}

void
mailboxes_parse(struct mailboxes *list, struct span text)
{
	struct parser parser = { .list = list };
	struct str mended = STR_INIT;
	struct token822 token;
	struct span rest;

	mend(&mended, text);
	rest = str_span(&mended);
	for (;;) {
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
	finish(&parser);
	vec_free(&parser.words.tokens);
	vec_free(&parser.path.tokens);
	str_free(&parser.name);
	str_free(&parser.comment);
	str_free(&mended);
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

void
mailboxes_add_written(struct str *text, const struct mailbox *mailbox)
{
	struct str address = STR_INIT, written = STR_INIT;
	bool has_brackets = mailbox->name.len || mailbox->local_part.len == 0;

	if (mailbox->name.len) {
		str_add_byte(text, '"');
		for (size_t i = 0; i < mailbox->name.len; i++) {
			char c = mailbox->name.s[i];

			if (c == '"' || c == '\\')
				str_add_byte(text, '\\');
			add_clean(text, span_make(&c, 1));
		}
		str_add_z(text, "\" ");
	}
	mailboxes_add_address(&address, mailbox);
	quote_add_address(&written, str_span(&address));
	if (has_brackets)
		str_add_byte(text, '<');
	add_clean(text, str_span(&written));
	if (has_brackets)
		str_add_byte(text, '>');
	str_free(&address);
	str_free(&written);
}

void
mailboxes_free(struct mailboxes *list)
{
	for (size_t i = 0; i < list->all.len; i++) {
		str_free(&list->all.at[i].name);
		str_free(&list->all.at[i].local_part);
		str_free(&list->all.at[i].host);
	}
	vec_free(&list->all);
}
