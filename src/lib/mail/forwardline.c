/*
 * forwardline.c - lines with recipients as people write them.
 * Input: of the user
 */
#include "mail/forwardline.h"

#include "mail/hostrules.h"
#include "mail/token822.h"

static const char not_cut[] =
    "a quote, comment or bracket has no end or no beginning";

/* A line is cut into parts by commas and semicolons. */
struct parser {
	struct forwardline *line;
	struct token822_list run; /* words of the part that are no entry yet */
	size_t part;		  /* entries there were when it began */
	bool is_include;	  /* it began with :include: */
};

/* ---- entries ---- */

static void
add_entry(struct parser *parser, enum forwardline_kind kind, struct span text,
    size_t local_len)
{
	struct forwardline_entry entry = { kind, STR_INIT, local_len };

	str_add(&entry.text, text);
	vec_push(&parser->line->entries, entry);
}

static const char *
judge(struct parser *parser, struct span text, size_t local_len)
{
	bool has_host = local_len < text.len;

	if (has_host) {
		if (local_len == 0 || local_len + 1 == text.len)
			return "an address is not complete";
		add_entry(parser, FORWARDLINE_ADDRESS, text, local_len);
		return NULL;
	}
	if (span_starts(text, SPAN("/")))
		return "mail cannot be written to a file";
	if (!span_starts(text, SPAN("|"))) {
		if (text.len)
			add_entry(parser, FORWARDLINE_ADDRESS, text, text.len);
		return NULL;
	}
	text = span_from(text, 1);
	if (span_trim(text).len == 0)
		return "a program has no name; quotes begin before the bar";
	add_entry(parser, FORWARDLINE_PROGRAM, text, text.len);
	return NULL;
}

/* Takes tokens that make one address, or a program. */
static const char *
take_entry(struct parser *parser, const struct token822 *tokens, size_t count)
{
	struct str text = STR_INIT;
	size_t local_len = 0;
	bool has_host = false;
	const char *fault;

	for (size_t i = 0; i < count; i++) {
		if (tokens[i].type == TOKEN822_AT) {
			local_len = text.len;
			has_host = true;
		}
		token822_add_plain(&text, &tokens[i]);
	}
	fault = judge(parser, str_span(&text), has_host ? local_len : text.len);
	str_free(&text);
	return fault;
}

/* Whether an entry ends before this token: two words with neither dot nor @
 * between them belong to two. */
static bool
is_border(const struct token822_list *run, size_t i)
{
	return i > 0 && token822_is_word(run->tokens.at[i].type) &&
	    token822_is_word(run->tokens.at[i - 1].type);
}

static const char *
take_run(struct parser *parser)
{
	const struct token822_list *run = &parser->run;
	const char *fault = NULL;
	size_t start = 0;

	if (run->tokens.len == 0)
		return NULL;
	for (size_t i = 0; i <= run->tokens.len && !fault; i++)
		if (i == run->tokens.len || is_border(run, i)) {
			fault = take_entry(
			    parser, run->tokens.at + start, i - start);
			start = i;
		}
	parser->run.tokens.len = 0;
	return fault;
}

/* ---- parts ---- */

static const char *
take_include(struct parser *parser)
{
	struct str name = STR_INIT;
	const char *fault = NULL;

	for (size_t i = 0; i < parser->run.tokens.len; i++)
		if (is_border(&parser->run, i))
			fault = "something stands behind the name of a list";
	token822_list_add_plain(&name, &parser->run);
	if (name.len == 0)
		fault = "the name of a list is missing";
	add_entry(parser, FORWARDLINE_INCLUDE, str_span(&name), name.len);
	str_free(&name);
	parser->run.tokens.len = 0;
	parser->is_include = false;
	return fault;
}

static const char *
end_part(struct parser *parser)
{
	struct forwardline *line = parser->line;
	const char *fault =
	    parser->is_include ? take_include(parser) : take_run(parser);

	for (size_t i = parser->part; i < line->entries.len && !fault; i++)
		if (line->entries.at[i].kind == FORWARDLINE_PROGRAM &&
		    line->entries.len - parser->part > 1)
			fault = "a program with blanks must stand in quotes";
	parser->part = line->entries.len;
	return fault;
}

/* Whether what comes is "include:"; takes it off. */
static bool
cut_include(struct span *rest)
{
	struct span ahead = *rest;
	struct token822 word, colon;

	if (token822_next(&ahead, &word) <= 0 || word.type != TOKEN822_ATOM ||
	    !span_equal(word.text, SPAN("include")) ||
	    token822_next(&ahead, &colon) <= 0 || colon.type != TOKEN822_COLON)
		return false;
	*rest = ahead;
	return true;
}

static const char *
take_colon(struct parser *parser, struct span *rest)
{
	bool is_first = parser->run.tokens.len == 0 &&
	    parser->part == parser->line->entries.len;

	if (!is_first || parser->is_include || !cut_include(rest))
		return "a colon stands where none can be; groups are not "
		       "possible";
	parser->is_include = true;
	return NULL;
}

/* ---- brackets ---- */

/* RFC 822 6.1: a route, up to a colon, is no longer used. */
static struct span
without_route(struct span rest)
{
	struct span ahead = rest;
	struct token822 token;

	if (token822_next(&ahead, &token) <= 0 || token.type != TOKEN822_AT)
		return rest;
	while (
	    token822_next(&ahead, &token) > 0 && token.type != TOKEN822_RIGHT)
		if (token.type == TOKEN822_COLON)
			return ahead;
	return rest;
}

/* What stands before the bracket is a name. */
static const char *
take_angle(struct parser *parser, struct span *rest)
{
	struct token822 token;
	const char *fault = NULL;
	int got;

	parser->run.tokens.len = 0;
	*rest = without_route(*rest);
	while ((got = token822_next(rest, &token)) > 0 &&
	    token.type != TOKEN822_RIGHT) {
		if (token.type == TOKEN822_COMMENT)
			continue;
		if (!token822_is_word(token.type) &&
		    token.type != TOKEN822_DOT && token.type != TOKEN822_AT)
			fault = "brackets hold something that is no address";
		token822_list_add(&parser->run, token);
		if (is_border(&parser->run, parser->run.tokens.len - 1))
			fault = "brackets hold more than an address";
	}
	if (got <= 0)
		return not_cut;
	return fault ? fault : take_run(parser);
}

/* ---- lines ---- */

static const char *
take_token(
    struct parser *parser, const struct token822 *token, struct span *rest)
{
	switch (token->type) {
	case TOKEN822_COMMENT:
		return NULL;
	case TOKEN822_COMMA:
	case TOKEN822_SEMICOLON:
		return end_part(parser);
	case TOKEN822_COLON:
		return take_colon(parser, rest);
	case TOKEN822_LEFT:
		return parser->is_include ? "a bracket stands in a file name"
					  : take_angle(parser, rest);
	case TOKEN822_RIGHT:
		return not_cut;
	default:
		token822_list_add(&parser->run, *token);
		return NULL;
	}
}

const char *
forwardline_parse(struct forwardline *line, struct span text)
{
	struct parser parser = { .line = line, .part = line->entries.len };
	struct token822 token;
	const char *fault = NULL;
	int got = 0;

	while (!fault && (got = token822_next(&text, &token)) > 0)
		fault = take_token(&parser, &token, &text);
	if (!fault)
		fault = got < 0 ? not_cut : end_part(&parser);
	vec_free(&parser.run.tokens);
	return fault;
}

const char *
forwardline_cut_alias(struct span *text, struct str *alias)
{
	struct span ahead = *text;
	enum token822_type before = TOKEN822_NONE;
	struct str name = STR_INIT;
	struct token822 token;
	const char *fault = NULL;
	bool has_at = false;
	int got;

	while ((got = token822_next(&ahead, &token)) > 0 &&
	    token.type != TOKEN822_COLON && !fault) {
		bool is_word = token822_is_word(token.type);

		if (is_word && token822_is_word(before))
			break; /* the first recipient */
		*text = ahead;
		if (token.type == TOKEN822_COMMENT)
			continue;
		before = token.type;
		has_at |= before == TOKEN822_AT;
		if (is_word || before == TOKEN822_DOT || before == TOKEN822_AT)
			token822_add_plain(&name, &token);
		else
			fault = "the name of an alias must be one address";
	}
	if (got < 0)
		fault = not_cut;
	if (got > 0 && token.type == TOKEN822_COLON)
		*text = ahead;
	if (name.len && !has_at)
		str_add_byte(&name, '@');
	if (name.len == 0 && got != 0 && !fault)
		fault = "there is no name before the colon";
	str_reset(alias);
	str_add_lower(alias, str_span(&name));
	str_free(&name);
	return fault;
}

const char *
forwardline_complete(struct forwardline_entry *entry, struct span rules)
{
	struct str host = STR_INIT;

	str_set(&host, span_from(str_span(&entry->text), entry->local_len + 1));
	hostrules_apply(rules, &host);
	str_cut(&entry->text, entry->local_len);
	str_add_byte(&entry->text, '@');
	str_add(&entry->text, str_span(&host));
	str_free(&host);
	return entry->text.len > FORWARDLINE_ADDRESS_MAX
	    ? "an address is too long"
	    : NULL;
}

void
forwardline_reset(struct forwardline *line)
{
	for (size_t i = 0; i < line->entries.len; i++)
		str_free(&line->entries.at[i].text);
	line->entries.len = 0;
}

void
forwardline_free(struct forwardline *line)
{
	forwardline_reset(line);
	vec_free(&line->entries);
}
