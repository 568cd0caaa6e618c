/*
 * token822.c - the words of structured header fields.
 * Input: hostile
 */
#include "mail/token822.h"

#include "base/ascii.h"

/* What a byte is outside of quotes, brackets and comments. */
enum byte_kind {
	OF_ATOM,
	UNUSUAL, /* of an atom too, but written only between quotes */
	BETWEEN, /* blanks and line ends: they end a token and are none */
	OPENING, /* begins an enclosed token */
	NOWHERE, /* ends an atom, and begins nothing */
	SPECIAL	 /* and above: a token by itself, whose type is the rest */
};

#define KIND(type) (SPECIAL + (type))

static const unsigned char byte_kinds[256] = {
	[')'] = UNUSUAL,
	[']'] = UNUSUAL,
	['\\'] = UNUSUAL,
	[' '] = BETWEEN,
	['\t'] = BETWEEN,
	['\r'] = BETWEEN,
	['\n'] = BETWEEN,
	['('] = OPENING,
	['['] = OPENING,
	['"'] = OPENING,
	['\0'] = NOWHERE,
	['<'] = KIND(TOKEN822_LEFT),
	['>'] = KIND(TOKEN822_RIGHT),
	['@'] = KIND(TOKEN822_AT),
	[','] = KIND(TOKEN822_COMMA),
	[';'] = KIND(TOKEN822_SEMICOLON),
	[':'] = KIND(TOKEN822_COLON),
	['.'] = KIND(TOKEN822_DOT),
};

static const char special_bytes[] = {
	[TOKEN822_LEFT] = '<',
	[TOKEN822_RIGHT] = '>',
	[TOKEN822_AT] = '@',
	[TOKEN822_COMMA] = ',',
	[TOKEN822_SEMICOLON] = ';',
	[TOKEN822_COLON] = ':',
	[TOKEN822_DOT] = '.',
};

static unsigned
byte_kind(char c)
{
	return byte_kinds[(unsigned char)c];
}

static bool
is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

/* Whether the byte behind the backslash at i may be there. */
static bool
is_pair(struct span s, size_t i)
{
	return i + 1 < s.len && !is_line_end(s.s[i + 1]) && s.s[i + 1] != '\0';
}

/* Length of the atom that s starts with, 0 if it is malformed. */
static size_t
atom_length(struct span s)
{
	size_t i = 0;

	while (i < s.len && byte_kind(s.s[i]) <= UNUSUAL) {
		if (s.s[i] == '\\' && !is_pair(s, i++))
			return 0;
		i++;
	}
	return i;
}

/*
 * Position of the byte that closes what s[0] opens; s.len if there is none
 * or if something in it is malformed.
 */
static size_t
closing_position(struct span s, char close)
{
	size_t depth = 0;

	for (size_t i = 1; i < s.len; i++) {
		if (s.s[i] == '\0')
			break;
		if (s.s[i] == '\\') {
			if (!is_pair(s, i++))
				break;
		} else if (s.s[i] == close) {
			if (depth-- == 0)
				return i;
		} else if (close == ')' && s.s[i] == '(') {
			depth++;
		}
	}
	return s.len;
}

static int
cut_enclosed(struct span *rest, struct token822 *token, char close)
{
	size_t end = closing_position(*rest, close);

	if (end == rest->len)
		return -1;
	token->text = span_make(rest->s + 1, end - 1);
	*rest = span_from(*rest, end + 1);
	return 1;
}

/* Cuts a token off; nothing stands before it. */
static int
cut(struct span *rest, struct token822 *token)
{
	size_t n = 1;

	switch (rest->s[0]) {
	case '(':
		token->type = TOKEN822_COMMENT;
		return cut_enclosed(rest, token, ')');
	case '"':
		token->type = TOKEN822_QUOTED;
		return cut_enclosed(rest, token, '"');
	case '[':
		token->type = TOKEN822_LITERAL;
		return cut_enclosed(rest, token, ']');
	case ')':
	case ']':
		return -1;
	}
	if (byte_kind(rest->s[0]) > SPECIAL) {
		token->type =
		    (enum token822_type)(byte_kind(rest->s[0]) - SPECIAL);
	} else {
		token->type = TOKEN822_ATOM;
		n = atom_length(*rest);
		if (n == 0)
			return -1;
		token->text = span_upto(*rest, n);
	}
	*rest = span_from(*rest, n);
	return 1;
}

bool
token822_is_word(enum token822_type type)
{
	return type == TOKEN822_ATOM || type == TOKEN822_QUOTED ||
	    type == TOKEN822_LITERAL;
}

int
token822_next(struct span *rest, struct token822 *token)
{
	size_t n = 0;
	struct span start;
	int got;

	while (n < rest->len && byte_kind(rest->s[n]) == BETWEEN)
		n++;
	*rest = start = span_from(*rest, n);
	*token = (struct token822){ .type = TOKEN822_NONE };
	if (rest->len == 0)
		return 0;
	got = cut(rest, token);
	token->source = span_upto(start, start.len - rest->len);
	return got;
}

struct token822
token822_plain(enum token822_type type, struct span text)
{
	return (
	    struct token822){ .type = type, .is_plain = true, .text = text };
}

/* Appends what was cut off, without its backslashes and line ends. */
static void
add_meaning(struct str *text, struct span source)
{
	size_t start = 0;

	for (size_t i = 0; i < source.len; i++) {
		if (source.s[i] != '\\' && !is_line_end(source.s[i]))
			continue;
		str_add(text, span_make(source.s + start, i - start));
		/* What stands behind a backslash counts, whatever it is. */
		start = i + 1;
		if (source.s[i] == '\\')
			i++;
	}
	str_add(text, span_from(source, start));
}

void
token822_add_plain(struct str *text, const struct token822 *token)
{
	char special = special_bytes[token->type];

	if (special) {
		str_add_byte(text, special);
		return;
	}
	if (token->type == TOKEN822_COMMENT)
		return;
	if (token->type == TOKEN822_LITERAL)
		str_add_byte(text, '[');
	if (token->is_plain)
		str_add(text, token->text);
	else
		add_meaning(text, token->text);
	if (token->type == TOKEN822_LITERAL)
		str_add_byte(text, ']');
}

/* An escaped dot stays part of its atom only between quotes. */
static bool
is_written_bare(struct span atom, bool may_have_dots)
{
	for (size_t i = 0; i < atom.len; i++)
		if (!ascii_is_printable(atom.s[i]) ||
		    (byte_kind(atom.s[i]) != OF_ATOM &&
			(atom.s[i] != '.' || !may_have_dots)))
			return false;
	return true;
}

/* Appends one byte as it stands between quotes or brackets. */
static void
add_enclosed_byte(struct str *text, char c)
{
	if (c == '\0' || is_line_end(c))
		return;
	if (span_has(SPAN("\"[]()\\"), c))
		str_add_byte(text, '\\');
	str_add_byte(text, c);
}

/* A comment keeps its inner parentheses; they are balanced if not plain. */
static void
add_enclosed(struct str *text, const struct token822 *token)
{
	bool is_nesting = token->type == TOKEN822_COMMENT && !token->is_plain;

	for (size_t i = 0; i < token->text.len; i++) {
		char c = token->text.s[i];

		if (!token->is_plain && c == '\\')
			add_enclosed_byte(text, token->text.s[++i]);
		else if (is_nesting && (c == '(' || c == ')'))
			str_add_byte(text, c);
		else
			add_enclosed_byte(text, c);
	}
}

static void
add_atom(struct str *text, const struct token822 *token)
{
	size_t start = text->len;
	struct span meaning;

	token822_add_plain(text, token);
	meaning = span_from(str_span(text), start);
	if (is_written_bare(meaning, token->is_plain))
		return;
	str_cut(text, start);
	str_add_byte(text, '"');
	add_enclosed(text, token);
	str_add_byte(text, '"');
}

static bool
is_word(enum token822_type type)
{
	return type == TOKEN822_ATOM || type == TOKEN822_QUOTED ||
	    type == TOKEN822_LITERAL || type == TOKEN822_COMMENT;
}

static bool
needs_blank(enum token822_type before, enum token822_type type)
{
	if (before == TOKEN822_NONE)
		return false;
	return before == TOKEN822_COLON || before == TOKEN822_COMMA ||
	    type == TOKEN822_LEFT || (is_word(before) && is_word(type));
}

void
token822_add_written(
    struct str *text, enum token822_type before, const struct token822 *token)
{
	static const char brackets[][2] = {
		[TOKEN822_QUOTED] = { '"', '"' },
		[TOKEN822_LITERAL] = { '[', ']' },
		[TOKEN822_COMMENT] = { '(', ')' },
	};

	if (needs_blank(before, token->type))
		str_add_byte(text, ' ');
	if (token->type == TOKEN822_ATOM) {
		add_atom(text, token);
	} else if (is_word(token->type)) {
		str_add_byte(text, brackets[token->type][0]);
		add_enclosed(text, token);
		str_add_byte(text, brackets[token->type][1]);
	} else {
		str_add_byte(text, special_bytes[token->type]);
	}
}

bool
token822_list_has(const struct token822_list *list, enum token822_type type)
{
	for (size_t i = 0; i < list->tokens.len; i++)
		if (list->tokens.at[i].type == type)
			return true;
	return false;
}

void
token822_list_add(struct token822_list *list, struct token822 token)
{
	vec_push(&list->tokens, token);
}

void
token822_list_add_list(
    struct token822_list *list, const struct token822_list *more)
{
	for (size_t i = 0; i < more->tokens.len; i++)
		token822_list_add(list, more->tokens.at[i]);
}

void
token822_list_add_plain(struct str *text, const struct token822_list *list)
{
	for (size_t i = 0; i < list->tokens.len; i++)
		token822_add_plain(text, &list->tokens.at[i]);
}

int
token822_list_parse(struct token822_list *list, struct span text)
{
	struct token822 token;
	int got;

	while ((got = token822_next(&text, &token)) > 0)
		if (token.type != TOKEN822_COMMENT)
			token822_list_add(list, token);
	return got;
}
