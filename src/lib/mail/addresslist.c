/*
 * addresslist.c - header fields that hold addresses.
 * Input: hostile
 *
 * The field is cut into runs: what stands between commas, colons, semicolons
 * and angle brackets.  A run before < is a display name, before a colon the
 * name of a group; any other run holds addresses.  Text is written by pieces
 * that end at commas: a line is folded only there.
 */
#include "mail/addresslist.h"

#include "base/ascii.h"

/* Columns of a line that is folded within an address: a display name or a
 * comment (RFC 5322 2.1.1 allows 998). */
#define FOLD_MAX 900

struct rewriting {
	struct span rest; /* of the body */
	addresslist_call *call;
	void *context;
	struct str *written;
	size_t limit;		   /* of written->len */
	size_t line_start;	   /* in *written */
	struct str piece;	   /* to the next comma */
	enum token822_type before; /* last token in the piece */
	struct token822_list run, address;
	bool wants_comma; /* something in the piece must not be run into */
	bool is_first;	  /* no piece was written yet */
	bool may_end_group, is_in_group, is_unclosed;
};

static void
write_token(struct rewriting *r, const struct token822 *token)
{
	token822_add_written(&r->piece, r->before, token);
	r->before = token->type;
}

static void
write_special(struct rewriting *r, enum token822_type type)
{
	write_token(r, &(struct token822){ .type = type });
}

/* Where a piece that no line has room for is folded: before its last blank
 * that is followed by something else.  0: nowhere. */
static size_t
fold_position(struct span piece)
{
	size_t i = FOLD_MAX < piece.len ? FOLD_MAX : 0;

	while (i > 0 &&
	    !(piece.s[i] == ' ' && piece.s[i - 1] != '\\' &&
		piece.s[i + 1] != ' ' && piece.s[i + 1] != '\t'))
		i--;
	return i;
}

/* Appends a piece, in several lines if it is very long. */
static void
write_piece(struct rewriting *r, struct span piece)
{
	size_t at;

	while (piece.len > FOLD_MAX + 1 && (at = fold_position(piece)) > 0) {
		str_add(r->written, span_upto(piece, at));
		str_add_byte(r->written, '\n');
		r->line_start = r->written->len;
		piece = span_from(piece, at);
	}
	str_add(r->written, piece);
}

/* Ends the piece: it goes on this line if it fits, else on the next. */
static void
end_piece(struct rewriting *r)
{
	size_t line = r->written->len - r->line_start;

	if (r->piece.len > 0) {
		if (!r->is_first &&
		    line + 1 + r->piece.len > ADDRESSLIST_LINE_MAX) {
			str_add_byte(r->written, '\n');
			r->line_start = r->written->len;
			str_add_byte(r->written, ' ');
		}
		str_add_byte(r->written, ' ');
		write_piece(r, str_span(&r->piece));
	}
	str_reset(&r->piece);
	r->before = TOKEN822_NONE;
	r->is_first = r->wants_comma = false;
}

static void
write_comma(struct rewriting *r)
{
	/* A comma never has a blank before it. */
	str_add_byte(&r->piece, ',');
	end_piece(r);
}

/* What follows is another address, or part of one. */
static void
write_missing_comma(struct rewriting *r)
{
	if (r->wants_comma)
		write_comma(r);
}

/* Writes the comments of the run from index `from` on, up to `end`. */
static void
write_comments(struct rewriting *r, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++)
		if (r->run.tokens.at[i].type == TOKEN822_COMMENT)
			write_token(r, &r->run.tokens.at[i]);
}

/* RFC 822 6.1: routes, up to a colon, are no longer used. */
static void
drop_routes(struct token822_list *address)
{
	struct token822 *tokens = address->tokens.at;
	size_t len = address->tokens.len, start = 0, i = 0;

	while (start < len && tokens[start].type == TOKEN822_AT) {
		for (i = start; i < len; i++)
			if (tokens[i].type == TOKEN822_COLON)
				break;
		if (i == len)
			break;
		start = i + 1;
	}
	for (i = start; i < len; i++)
		tokens[i - start] = tokens[i];
	address->tokens.len = len - start;
}

static void
write_address(struct rewriting *r)
{
	r->call(r->context, &r->address);
	for (size_t i = 0; i < r->address.tokens.len; i++)
		write_token(r, &r->address.tokens.at[i]);
	r->address.tokens.len = 0;
}

/*
 * A run that holds addresses.  Two words with neither dot nor @ between them
 * belong to two addresses.  Comments go behind the address that follows them,
 * or the last one.
 */
static void
end_addresses(struct rewriting *r)
{
	size_t next_comment = 0, last = 0; /* last: index + 1 */

	for (size_t i = 0; i < r->run.tokens.len; i++) {
		const struct token822 *token = &r->run.tokens.at[i];

		if (token->type == TOKEN822_COMMENT)
			continue;
		if (r->address.tokens.len > 0 &&
		    token822_is_word(token->type) &&
		    token822_is_word(r->run.tokens.at[last - 1].type)) {
			write_missing_comma(r);
			write_address(r);
			write_comments(r, next_comment, last);
			next_comment = last;
			r->wants_comma = true;
		}
		token822_list_add(&r->address, *token);
		last = i + 1;
	}
	if (r->address.tokens.len > 0) {
		write_missing_comma(r);
		write_address(r);
		r->wants_comma = true;
	}
	write_comments(r, next_comment, r->run.tokens.len);
	r->run.tokens.len = 0;
}

/* A phrase that RFC 822 does not allow unless it is quoted. */
static bool
is_strange_phrase(const struct token822_list *run)
{
	return token822_list_has(run, TOKEN822_AT) ||
	    token822_list_has(run, TOKEN822_LITERAL);
}

/* The text of the run from a token on. */
static struct span
source_from(const struct rewriting *r, size_t index)
{
	struct span first = r->run.tokens.at[index].source;
	struct span last = r->run.tokens.at[r->run.tokens.len - 1].source;

	return span_make(first.s, (size_t)(last.s + last.len - first.s));
}

/* Writes text as it is, unfolded, as if it were a word. */
static void
write_source(struct rewriting *r, struct span source)
{
	if (r->before != TOKEN822_NONE)
		str_add_byte(&r->piece, ' ');
	for (size_t i = 0; i < source.len; i++)
		if (source.s[i] != '\n' && source.s[i] != '\r')
			str_add_byte(&r->piece, source.s[i]);
	r->before = TOKEN822_ATOM;
}

/* Whether a byte may stand in an encoded word: none that begins or ends a
 * token of its own, but for dots and @, which are seen in them. */
static bool
is_of_encoded_word(char c)
{
	return c != ' ' && ascii_is_printable(c) &&
	    !span_has(SPAN("()<>[]\"\\,;:"), c);
}

/*
 * Length of the encoded word (RFC 2047 2) that token i begins; 0: none.  It has
 * blanks around it, or the ends of the phrase.
 */
static size_t
encoded_word_len(const struct rewriting *r, size_t i)
{
	struct span text = source_from(r, i), before;
	size_t len = 2, marks = 0;

	if (!span_starts(text, SPAN("=?")))
		return 0;
	if (i > 0) {
		before = r->run.tokens.at[i - 1].source;
		if (before.s + before.len == text.s)
			return 0;
	}
	for (; len < text.len && marks < 3; len++)
		if (text.s[len] == '?')
			marks++;
		else if (!is_of_encoded_word(text.s[len]))
			return 0;
	if (marks < 3 || len == text.len || text.s[len] != '=')
		return 0;
	len++;
	return len == text.len || text.s[len] == ' ' ||
		ascii_is_control(text.s[len])
	    ? len
	    : 0;
}

/* Writes words between quotes, without backslashes that nobody needs. */
static void
write_quoted(struct rewriting *r, struct str *words)
{
	if (words->len == 0)
		return;
	if (r->before != TOKEN822_NONE)
		str_add_byte(&r->piece, ' ');
	str_add_byte(&r->piece, '"');
	for (size_t i = 0; i < words->len; i++) {
		if (span_has(SPAN("\"\\"), words->s[i]))
			str_add_byte(&r->piece, '\\');
		str_add_byte(&r->piece, words->s[i]);
	}
	str_add_byte(&r->piece, '"');
	r->before = TOKEN822_QUOTED;
	str_reset(words);
}

/* Writes the words of such a phrase as quoted words, and encoded ones between
 * them as they are. */
static void
write_quoted_phrase(struct rewriting *r)
{
	struct str phrase = STR_INIT;
	enum token822_type before = TOKEN822_NONE;
	const char *encoded_end = NULL;

	for (size_t i = 0; i < r->run.tokens.len; i++) {
		const struct token822 *word = &r->run.tokens.at[i];
		size_t len =
		    word->type == TOKEN822_ATOM ? encoded_word_len(r, i) : 0;

		if (word->type == TOKEN822_COMMENT ||
		    (encoded_end && word->source.s < encoded_end))
			continue;
		if (len > 0) {
			write_quoted(r, &phrase);
			write_source(r, span_make(word->source.s, len));
			encoded_end = word->source.s + len;
			before = TOKEN822_NONE;
			continue;
		}
		if (token822_is_word(before) && token822_is_word(word->type))
			str_add_byte(&phrase, ' ');
		token822_add_plain(&phrase, word);
		before = word->type;
	}
	write_quoted(r, &phrase);
	write_comments(r, 0, r->run.tokens.len);
	str_free(&phrase);
}

static void
end_phrase(struct rewriting *r)
{
	if (r->run.tokens.len > 0)
		write_missing_comma(r);
	if (is_strange_phrase(&r->run))
		write_quoted_phrase(r);
	else if (r->run.tokens.len > 0)
		write_source(r, source_from(r, 0));
	r->run.tokens.len = 0;
}

/*
 * Collects what stands between < and >: the address, and in the run its
 * comments.  Returns false if there is no end or more than one address.
 */
static bool
cut_angle(struct rewriting *r)
{
	struct token822 token;

	while (token822_next(&r->rest, &token) > 0) {
		if (token.type == TOKEN822_RIGHT) {
			drop_routes(&r->address);
			return !token822_list_has(&r->address, TOKEN822_COMMA);
		}
		if (token.type == TOKEN822_LEFT ||
		    r->run.tokens.len + r->address.tokens.len >=
			ADDRESSLIST_RUN_MAX)
			return false;
		token822_list_add(
		    token.type == TOKEN822_COMMENT ? &r->run : &r->address,
		    token);
	}
	return false;
}

static bool
rewrite_angle(struct rewriting *r)
{
	end_phrase(r);
	write_missing_comma(r);
	if (!cut_angle(r))
		return false;
	write_special(r, TOKEN822_LEFT);
	write_address(r);
	write_comments(r, 0, r->run.tokens.len);
	write_special(r, TOKEN822_RIGHT);
	r->run.tokens.len = 0;
	r->wants_comma = true;
	return true;
}

static void
begin_group(struct rewriting *r)
{
	r->is_unclosed |= r->is_in_group;
	end_phrase(r);
	write_special(r, TOKEN822_COLON);
	r->wants_comma = false;
	r->is_in_group = r->may_end_group = true;
}

static bool
end_group(struct rewriting *r)
{
	if (!r->may_end_group)
		return false;
	end_addresses(r);
	write_special(r, TOKEN822_SEMICOLON);
	r->wants_comma = true;
	r->is_in_group = r->may_end_group = false;
	return true;
}

/* Deals with one token.  Returns whether it may stand there. */
static bool
rewrite_token(struct rewriting *r, const struct token822 *token)
{
	switch (token->type) {
	case TOKEN822_LEFT:
		return rewrite_angle(r);
	case TOKEN822_RIGHT:
		return false;
	case TOKEN822_COLON:
		begin_group(r);
		return true;
	case TOKEN822_SEMICOLON:
		return end_group(r);
	case TOKEN822_COMMA:
		end_addresses(r);
		write_comma(r);
		return true;
	default:
		token822_list_add(&r->run, *token);
		return r->run.tokens.len < ADDRESSLIST_RUN_MAX;
	}
}

static enum addresslist_result
rewrite_body(struct rewriting *r)
{
	struct token822 token;
	int got;

	while ((got = token822_next(&r->rest, &token)) > 0) {
		if (!rewrite_token(r, &token))
			return ADDRESSLIST_MALFORMED;
		if (r->written->len + r->piece.len > r->limit)
			return ADDRESSLIST_TOO_LARGE;
	}
	if (got < 0)
		return ADDRESSLIST_MALFORMED;
	end_addresses(r);
	end_piece(r);
	str_add_byte(r->written, '\n');
	if (r->written->len > r->limit)
		return ADDRESSLIST_TOO_LARGE;
	return r->is_unclosed || r->is_in_group ? ADDRESSLIST_UNCLOSED
						: ADDRESSLIST_FINE;
}

enum addresslist_result
addresslist_rewrite(struct span name, struct span body, addresslist_call *call,
    void *context, size_t max, struct str *written)
{
	struct rewriting r = { .rest = body,
		.call = call,
		.context = context,
		.written = written,
		.limit = max < SIZE_MAX - written->len ? written->len + max
						       : SIZE_MAX,
		.line_start = written->len,
		.is_first = true,
		.may_end_group = true };
	enum addresslist_result result;

	str_add(written, name);
	str_add_byte(written, ':');
	result = rewrite_body(&r);
	str_free(&r.piece);
	vec_free(&r.run.tokens);
	vec_free(&r.address.tokens);
	return result;
}
