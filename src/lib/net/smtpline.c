/* smtpline.c - replies of SMTP servers.  Input: hostile. */
#include "net/smtpline.h"

#include "base/ascii.h"
#include "base/must.h"

#define LINE_KEPT 512 /* bytes of a line that are looked at */

void
smtpreply_init(struct smtpreply *reply)
{
	*reply = (struct smtpreply){ .state = SMTPREPLY_MORE };
}

void
smtpreply_reset(struct smtpreply *reply)
{
	struct str text = reply->text, line = reply->line;

	smtpreply_init(reply);
	str_reset(&text);
	str_reset(&line);
	reply->text = text;
	reply->line = line;
}

/* Keeps what people may want to read, as far as there is place. */
static void
keep_text(struct smtpreply *reply, struct span bytes)
{
	while (bytes.len && reply->text.len < SMTPREPLY_TEXT_MAX) {
		if (bytes.s[0] != '\r')
			str_add_byte(&reply->text, bytes.s[0]);
		bytes = span_from(bytes, 1);
	}
}

/* The code at the start of a line, 0 if there are no three digits. */
static int
code_of(struct span line)
{
	int code = 0;

	if (line.len < 3)
		return 0;
	for (size_t i = 0; i < 3; i++) {
		if (!ascii_is_digit(line.s[i]))
			return 0;
		code = code * 10 + (line.s[i] - '0');
	}
	return code;
}

static bool
has_word(struct span text, struct span word)
{
	struct span part;

	while (span_cut_next(&text, ' ', &part))
		if (span_equal_nocase(part, word))
			return true;
	return false;
}

/* Judges a whole line; reply->line has its start, without the newline. */
static void
end_line(struct smtpreply *reply)
{
	struct span line = str_span(&reply->line), rest;
	int code;

	if (span_ends(line, SPAN("\r")))
		line = span_upto(line, line.len - 1);
	rest = span_from(line, 4);
	code = code_of(line);
	if (reply->lines++ == 0) {
		reply->code = code;
		reply->is_esmtp = has_word(rest, SPAN("ESMTP"));
	} else if (reply->lines <= SMTPREPLY_WORDS_MAX &&
	    span_equal_nocase(span_trim_end(rest), SPAN("PIPELINING")))
		reply->offers |= SMTPREPLY_PIPELINING;
	if (code == 0 || reply->lines > SMTPREPLY_LINES_MAX ||
	    (line.len > 3 && ascii_is_digit(line.s[3])))
		reply->state = SMTPREPLY_BROKEN;
	else if (line.len <= 3 || line.s[3] != '-')
		reply->state = SMTPREPLY_DONE;
	str_reset(&reply->line);
	reply->line_len = 0;
}

/* Takes bytes of one line, the newline perhaps at the end. */
static void
take_piece(struct smtpreply *reply, struct span piece, bool is_end)
{
	struct span body = is_end ? span_upto(piece, piece.len - 1) : piece;

	keep_text(reply, piece);
	reply->line_len += piece.len;
	reply->total += piece.len;
	if (reply->line.len < LINE_KEPT)
		str_add(
		    &reply->line, span_upto(body, LINE_KEPT - reply->line.len));
	if (reply->line_len > SMTPREPLY_LINE_MAX ||
	    reply->total > SMTPREPLY_MAX)
		reply->state = SMTPREPLY_BROKEN;
	else if (is_end)
		end_line(reply);
}

size_t
smtpreply_feed(struct smtpreply *reply, struct span bytes)
{
	size_t used = 0;

	must(reply->state == SMTPREPLY_MORE);
	while (used < bytes.len && reply->state == SMTPREPLY_MORE) {
		struct span rest = span_from(bytes, used);
		size_t end = span_find(rest, '\n');
		struct span piece = span_upto(rest, end + 1);

		take_piece(reply, piece, end < rest.len);
		used += piece.len;
	}
	return used;
}

void
smtpreply_free(struct smtpreply *reply)
{
	str_free(&reply->text);
	str_free(&reply->line);
}
