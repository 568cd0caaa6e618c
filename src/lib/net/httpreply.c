/* httpreply.c - what a web server answers.  Input: hostile. */
#include "net/httpreply.h"

#include "base/ascii.h"
#include "base/scan.h"

#define LINE_MAX   4096 /* bytes of a line between chunks */
#define DIGITS_MAX 8	/* hexadecimal ones, of the length of a chunk */

void
httpreply_init(struct httpreply *reply, size_t max)
{
	*reply = (struct httpreply){ .max = max };
}

static bool
refuse(struct httpreply *reply, const char *trouble)
{
	reply->state = HTTPREPLY_BAD;
	reply->trouble = trouble;
	return false;
}

/* ---- the head ---- */

static bool
take_status(struct httpreply *reply, struct span line)
{
	/* "HTTP/1.1 200 OK" */
	if (!span_starts(line, SPAN("HTTP/1.")) || line.len < 12 ||
	    line.s[8] != ' ')
		return refuse(reply, "no HTTP");
	if (!span_starts(span_from(line, 9), SPAN("200")) ||
	    (line.len > 12 && line.s[12] != ' '))
		return refuse(reply, "another status than 200");
	return true;
}

/* Whether the value is this word, perhaps with parameters. */
static bool
is_word(struct span value, struct span word)
{
	return span_equal_nocase(
	    span_trim(span_upto(value, span_find(value, ';'))), word);
}

static bool
take_length(struct httpreply *reply, struct span value)
{
	uint64_t length;

	if (!scan_u64(value, UINT64_MAX, &length))
		return refuse(reply, "no length");
	if (length > reply->max)
		return refuse(reply, "too long");
	if (reply->has_length && reply->left != length)
		return refuse(reply, "two lengths");
	reply->has_length = true;
	reply->left = (size_t)length;
	return true;
}

static bool
take_field(struct httpreply *reply, struct span line, bool *is_text)
{
	size_t colon = span_find(line, ':');
	struct span name = span_upto(line, colon);
	struct span value = span_trim(span_from(line, colon + 1));

	if (colon == line.len)
		return refuse(reply, "a field without a colon");
	if (span_equal_nocase(name, SPAN("Content-Type")))
		*is_text = is_word(value, SPAN("text/plain"));
	if (span_equal_nocase(name, SPAN("Content-Encoding")) &&
	    !is_word(value, SPAN("identity")))
		return refuse(reply, "an unknown coding");
	if (span_equal_nocase(name, SPAN("Content-Length")))
		return take_length(reply, value);
	if (span_equal_nocase(name, SPAN("Transfer-Encoding"))) {
		reply->is_chunked = is_word(value, SPAN("chunked"));
		return reply->is_chunked || refuse(reply, "an unknown coding");
	}
	return true;
}

/* Takes a line off that is whole, without its end.  Returns false if none is. */
static bool
cut_line(struct span *rest, struct span *line)
{
	size_t end = span_find(*rest, '\n');

	if (end == rest->len)
		return false;
	*line = span_upto(*rest, end);
	if (span_ends(*line, SPAN("\r")))
		*line = span_upto(*line, end - 1);
	*rest = span_from(*rest, end + 1);
	return true;
}

/* Keeps only what is not understood yet. */
static void
keep(struct httpreply *reply, struct span rest)
{
	struct str kept = STR_INIT;

	str_add(&kept, rest);
	str_free(&reply->rest);
	reply->rest = kept;
}

/* Whether there is an empty line, the end of the head. */
static bool
has_empty_line(struct span rest)
{
	struct span line;

	while (cut_line(&rest, &line))
		if (line.len == 0)
			return true;
	return false;
}

/* Takes the head, once it is whole. */
static bool
take_head(struct httpreply *reply)
{
	struct span rest = str_span(&reply->rest), line;
	bool is_text = false, is_first = true;

	if (!has_empty_line(rest))
		return rest.len > HTTPREPLY_HEAD_MAX
		    ? refuse(reply, "too long a head")
		    : false;
	while (cut_line(&rest, &line) && line.len > 0) {
		if (is_first ? !take_status(reply, line)
			     : !take_field(reply, line, &is_text))
			return false;
		is_first = false;
	}
	if (!is_text)
		return refuse(reply, "no text/plain");
	if (reply->is_chunked) {
		reply->has_length = false; /* RFC 9112 6.3 */
		reply->left = 0;
	}
	reply->has_head = true;
	keep(reply, rest);
	return true;
}

/* ---- the text ---- */

/* Adds to the text what has come of so many bytes.  Returns what is left. */
static struct span
take_text(struct httpreply *reply, struct span rest)
{
	struct span part = span_upto(rest, reply->left);

	str_add(&reply->text, part);
	reply->left -= part.len;
	return span_from(rest, part.len);
}

/* The length of a chunk: hexadecimal, and perhaps parameters. */
static bool
take_chunk_length(struct httpreply *reply, struct span line)
{
	size_t digits = 0, length = 0;

	for (; digits < line.len; digits++) {
		char c = ascii_lower(line.s[digits]);
		unsigned digit;

		if (ascii_is_digit(c))
			digit = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a') + 10;
		else
			break;
		if (digits >= DIGITS_MAX)
			return refuse(reply, "too long");
		length = length * 16 + digit;
	}
	if (digits == 0)
		return refuse(reply, "no length of a chunk");
	if (length > reply->max - reply->text.len)
		return refuse(reply, "too long");
	reply->left = length;
	reply->is_in_chunk = length > 0;
	reply->is_last = length == 0;
	return true;
}

/* One line or chunk.  Returns false if there is none, or it is bad. */
static bool
take_piece(struct httpreply *reply, struct span *rest)
{
	struct span line;

	if (reply->is_in_chunk && reply->left) {
		*rest = take_text(reply, *rest);
		return reply->left == 0;
	}
	if (!cut_line(rest, &line)) {
		if (rest->len > LINE_MAX)
			return refuse(reply, "too long a line");
		return false;
	}
	if (reply->is_in_chunk) {
		reply->is_in_chunk = false;
		return line.len == 0 || refuse(reply, "a chunk without end");
	}
	if (!reply->is_last)
		return take_chunk_length(reply, line);
	if (line.len == 0) {
		reply->state = HTTPREPLY_WHOLE;
		return false;
	}
	return true; /* a field of the trailer */
}

static void
take_chunks(struct httpreply *reply)
{
	struct span rest = str_span(&reply->rest);

	while (take_piece(reply, &rest))
		continue;
	keep(reply, rest);
}

static void
take_plain(struct httpreply *reply)
{
	struct span rest = str_span(&reply->rest);

	if (!reply->has_length) {
		if (rest.len > reply->max - reply->text.len) {
			(void)refuse(reply, "too long");
			return;
		}
		reply->left = rest.len;
	}
	rest = take_text(reply, rest);
	keep(reply, rest);
	if (reply->has_length && reply->left == 0)
		reply->state = HTTPREPLY_WHOLE;
}

enum httpreply_state
httpreply_feed(struct httpreply *reply, struct span bytes)
{
	if (reply->state != HTTPREPLY_MORE)
		return reply->state;
	str_add(&reply->rest, bytes);
	if (!reply->has_head && !take_head(reply))
		return reply->state;
	if (reply->is_chunked)
		take_chunks(reply);
	else
		take_plain(reply);
	return reply->state;
}

enum httpreply_state
httpreply_end(struct httpreply *reply)
{
	if (reply->state == HTTPREPLY_MORE) {
		if (reply->has_head && !reply->is_chunked && !reply->has_length)
			reply->state = HTTPREPLY_WHOLE;
		else
			(void)refuse(reply, "an early end");
	}
	return reply->state;
}

void
httpreply_free(struct httpreply *reply)
{
	str_free(&reply->text);
	str_free(&reply->rest);
}
