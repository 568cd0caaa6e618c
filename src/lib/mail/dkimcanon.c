/* dkimcanon.c - the canonical forms of DKIM.  Input: hostile. */
#include "mail/dkimcanon.h"

#include "base/ascii.h"
#include "base/copy.h"
#include "mail/header.h"

#define CRLF SPAN("\r\n")

/* ---- a field ---- */

static void
add_simple(struct str *text, struct span field)
{
	struct span line;

	while (span_cut_next(&field, '\n', &line)) {
		str_add(text, line);
		str_add(text, CRLF);
	}
}

static bool
is_space(char byte)
{
	return ascii_is_blank(byte) || byte == '\n';
}

/* A line that is no field has no name and no colon. */
static void
add_relaxed(struct str *text, struct span field)
{
	size_t colon = 0;
	struct span name = header_name(field, &colon);
	bool has_space = false;
	size_t start;

	str_add_lower(text, name);
	if (name.len) {
		str_add_byte(text, ':');
		field = span_from(field, colon + 1);
	}
	start = text->len;
	for (size_t i = 0; i < field.len; i++) {
		if (is_space(field.s[i])) {
			has_space = true;
			continue;
		}
		if (has_space && text->len > start)
			str_add_byte(text, ' ');
		has_space = false;
		str_add_byte(text, field.s[i]);
	}
	str_add(text, CRLF);
}

void
dkimcanon_add_field(struct str *text, enum dkim_canon canon, struct span field)
{
	if (canon == DKIM_RELAXED)
		add_relaxed(text, field);
	else
		add_simple(text, field);
}

/* ---- a body ---- */

void
dkimcanon_body_init(struct dkimcanon_body *body, enum dkim_canon canon,
    uint64_t limit, void (*take)(void *, struct span), void *argument)
{
	body->canon = canon;
	body->left = limit;
	body->ends = 0;
	body->is_cut = body->has_blank = body->has_text = false;
	body->take = take;
	body->argument = argument;
	body->len = 0;
}

static void
flush(struct dkimcanon_body *body)
{
	if (body->len)
		body->take(body->argument, span_make(body->buffer, body->len));
	body->len = 0;
}

static void
give(struct dkimcanon_body *body, struct span bytes)
{
	body->has_text = true;
	if (bytes.len > body->left) {
		body->is_cut = true;
		bytes.len = (size_t)body->left;
	}
	body->left -= bytes.len;
	if (bytes.len > DKIMCANON_BUFFER - body->len)
		flush(body);
	if (bytes.len > DKIMCANON_BUFFER) {
		body->take(body->argument, bytes);
		return;
	}
	copy_bytes(body->buffer + body->len, bytes.s, bytes.len);
	body->len += bytes.len;
}

/* Something comes in this line: what was held back before it was not at an end. */
static void
give_held(struct dkimcanon_body *body)
{
	for (; body->ends && !body->is_cut; body->ends--)
		give(body, CRLF);
	body->ends = 0;
	if (body->has_blank)
		give(body, SPAN(" "));
	body->has_blank = false;
}

/* The bytes up to the next one that is held back.  No byte behind that is looked at:
 * there may be very many. */
static size_t
plain_len(const struct dkimcanon_body *body, struct span bytes)
{
	size_t len = 0;

	if (body->canon == DKIM_SIMPLE)
		return span_find(bytes, '\n');
	while (len < bytes.len && bytes.s[len] != '\n' && bytes.s[len] != ' ' &&
	    bytes.s[len] != '\t')
		len++;
	return len;
}

void
dkimcanon_body_feed(struct dkimcanon_body *body, struct span bytes)
{
	while (bytes.len && !body->is_cut) {
		size_t len = plain_len(body, bytes);

		if (len) {
			give_held(body);
			give(body, span_upto(bytes, len));
		} else if (bytes.s[0] == '\n') {
			body->ends++;
			body->has_blank = false;
			len = 1;
		} else {
			body->has_blank = true;
			len = 1;
		}
		bytes = span_from(bytes, len);
	}
}

void
dkimcanon_body_end(struct dkimcanon_body *body)
{
	if (body->has_text || body->canon == DKIM_SIMPLE)
		give(body, CRLF);
	flush(body);
}
