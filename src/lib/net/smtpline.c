/* smtpline.c - replies of SMTP servers.  Input: hostile. */
#include "net/smtpline.h"

#include "base/ascii.h"
#include "base/must.h"
#include "base/scan.h"

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

void
smtpreply_make_room(struct smtpreply *reply)
{
	smtpreply_reset(reply);
	str_reserve(&reply->text, SMTPREPLY_TEXT_MAX);
	str_reserve(&reply->line, LINE_KEPT);
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

/* The code at the start of a line; 0 if there is none, which has three digits
 * and begins with 2, 3, 4 or 5 (RFC 5321 4.2). */
static int
code_of(struct span line)
{
	int code = 0;

	if (line.len < 3 || line.s[0] < '2' || line.s[0] > '5')
		return 0;
	for (size_t i = 0; i < 3; i++) {
		if (!ascii_is_digit(line.s[i]))
			return 0;
		code = code * 10 + (line.s[i] - '0');
	}
	return code;
}

/* Takes the next word off. */
static struct span
cut_word(struct span *rest)
{
	size_t len;
	struct span word;

	*rest = span_trim(*rest);
	len = span_find(*rest, ' ');
	word = span_upto(*rest, len);
	*rest = span_from(*rest, len);
	return word;
}

/* RFC 1870: a number, none and 0 tell no limit. */
static void
take_size(struct smtpreply *reply, struct span words)
{
	uint64_t max;

	if (scan_u64(cut_word(&words), UINT64_MAX, &max))
		reply->size_max = max;
}

/* RFC 9422: words "RCPTMAX=100". */
static void
take_limits(struct smtpreply *reply, struct span words)
{
	struct span word, name = SPAN("RCPTMAX=");
	uint64_t max;

	while ((word = cut_word(&words)).len)
		if (span_starts_nocase(word, name) &&
		    scan_u64(span_from(word, name.len), UINT64_MAX, &max))
			reply->rcpt_max = max;
}

/* RFC 4954: words, names of ways to log in. */
static void
take_auth(struct smtpreply *reply, struct span words)
{
	struct span word;

	while ((word = cut_word(&words)).len)
		if (span_equal_nocase(word, SPAN("PLAIN")))
			reply->offers |= SMTPREPLY_AUTH_PLAIN;
		else if (span_equal_nocase(word, SPAN("LOGIN")))
			reply->offers |= SMTPREPLY_AUTH_LOGIN;
}

/* One line of what is offered: a keyword, perhaps with words behind it. */
static void
take_offer(struct smtpreply *reply, struct span line)
{
	static const struct {
		const char *keyword;
		unsigned offer;
		void (*take)(struct smtpreply *, struct span);
	} offers[] = {
		{ "PIPELINING", SMTPREPLY_PIPELINING, NULL },
		{ "8BITMIME", SMTPREPLY_8BITMIME, NULL },
		{ "SMTPUTF8", SMTPREPLY_SMTPUTF8, NULL },
		{ "DSN", SMTPREPLY_DSN, NULL },
		{ "STARTTLS", SMTPREPLY_STARTTLS, NULL },
		{ "SIZE", SMTPREPLY_SIZE, take_size },
		{ "LIMITS", 0, take_limits },
		{ "AUTH", 0, take_auth },
	};
	struct span keyword = cut_word(&line);

	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		if (!span_equal_nocase(keyword, span_of(offers[i].keyword)))
			continue;
		reply->offers |= offers[i].offer;
		if (offers[i].take)
			offers[i].take(reply, line);
	}
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
	if (reply->lines++ == 0)
		reply->code = code;
	else if (reply->lines <= SMTPREPLY_WORDS_MAX)
		take_offer(reply, rest);
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
