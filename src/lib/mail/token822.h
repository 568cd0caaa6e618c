/*
 * token822.h - the words of structured header fields (RFC 822 3.1.4), one
 * after another, and back to text.  Pure; memory of its own only while a
 * token is written.  Input: hostile.
 */
#ifndef MAIL_TOKEN822_H
#define MAIL_TOKEN822_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

enum token822_type {
	TOKEN822_NONE, /* no token, for "the one before the first" */
	TOKEN822_ATOM,
	TOKEN822_QUOTED,  /* "..." */
	TOKEN822_LITERAL, /* [...] */
	TOKEN822_COMMENT, /* (...) */
	TOKEN822_LEFT,	  /* < */
	TOKEN822_RIGHT,	  /* > */
	TOKEN822_AT,
	TOKEN822_COMMA,
	TOKEN822_SEMICOLON,
	TOKEN822_COLON,
	TOKEN822_DOT
};

struct token822 {
	enum token822_type type;
	bool is_plain;	  /* text is the meaning, no backslashes to undo */
	struct span text; /* of the first four; without their brackets */
	/* Where it stands in the input, with brackets; empty if it was made. */
	struct span source;
};

/* The tokens of one address, without comments. */
struct token822_list {
	VEC(struct token822) tokens;
};

#define TOKEN822_LIST_INIT \
	{                  \
		VEC_INIT   \
	}

/*
 * token822_next: takes the next token off.  Blanks, tabs and line ends
 * between tokens do not count.
 *   rest    what is still to be cut; moves behind the token
 *   token   receives it; its text is a view of the input
 * Returns 1; 0 at the end; -1 for what cannot be cut: a comment, quote or
 * literal without end, one that ends before it begins, a backslash before the
 * end or before a line end, a NUL.  *rest is then undefined.
 */
MUST_CHECK int token822_next(struct span *rest, struct token822 *token);

/* token822_is_word: whether it is an atom, a quoted string or a literal: two of
 * them side by side belong to two addresses, or to a phrase. */
bool token822_is_word(enum token822_type type);

/* token822_plain: a token of this type whose meaning is text. */
struct token822 token822_plain(enum token822_type type, struct span text);

/*
 * token822_add_plain: appends what the token means, as in an envelope: quotes
 * and backslashes gone, folds undone.  A comment means nothing.
 */
void token822_add_plain(struct str *text, const struct token822 *token);

/*
 * token822_add_written: appends the token as a header shows it.  An atom that
 * is none (specials) is quoted.  No CR, LF or NUL is written.
 *   before   the type of the token before it: a blank is put between two
 *            tokens that would otherwise run together
 */
void token822_add_written(
    struct str *text, enum token822_type before, const struct token822 *token);

/* token822_list_has: whether a token of this type is in it. */
bool
token822_list_has(const struct token822_list *list, enum token822_type type);

/* token822_list_add: adds a token at the end. */
void token822_list_add(struct token822_list *list, struct token822 token);

/* token822_list_add_list: adds all tokens of another list. */
void token822_list_add_list(
    struct token822_list *list, const struct token822_list *more);

/* token822_list_add_plain: appends the meaning of all tokens. */
void
token822_list_add_plain(struct str *text, const struct token822_list *list);

/*
 * token822_list_parse: cuts a text into tokens, leaving comments out.
 *   list   the tokens are added to it; views of text
 * Returns 0, -1 as token822_next.
 */
MUST_CHECK int
token822_list_parse(struct token822_list *list, struct span text);

#endif
