/*
 * secret_login.c - the dialogue with a server that is known to be the right one
 * (RFC 4954; RFC 4616, PLAIN; LOGIN, as everybody does it).
 * Input: hostile; what the server says
 */
#include <errno.h>
#include <stdbool.h>

#include "base/base64.h"
#include "base/secret.h"
#include "net/smtpline.h"
#include "secret.h"
#include "sys/error.h"
#include "sys/in.h"
#include "sys/out.h"

#define IN_BUFFER  4096
#define OUT_BUFFER 8192 /* a line of AUTH PLAIN is shorter than 4000 bytes */
#define OK	   250
#define GREETING   220
#define GO_ON	   334
#define TAKEN	   235
#define CODE_LEN   3

struct dialogue {
	struct in in;
	struct out out;
	struct smtpreply reply;
	char in_buffer[IN_BUFFER], out_buffer[OUT_BUFFER];
};

/* Reads a reply.  Returns its code; 0 with errno, or -1: it is none. */
static int
hear(struct dialogue *dialogue)
{
	struct smtpreply *reply = &dialogue->reply;

	smtpreply_reset(reply);
	while (reply->state == SMTPREPLY_MORE) {
		struct span bytes;
		int got = in_peek(&dialogue->in, &bytes);

		if (got <= 0) {
			errno = got == 0 ? ECONNRESET : errno;
			return 0;
		}
		in_consume(&dialogue->in, smtpreply_feed(reply, bytes));
	}
	return reply->state == SMTPREPLY_BROKEN ? -1 : reply->code;
}

/* Sends a line that may hold a secret, and wipes where it was.  A server that has
 * said more than its reply answers what it has not heard, and is told nothing. */
static int
ask(struct dialogue *dialogue, struct str *line)
{
	bool is_broken = in_is_waiting(&dialogue->in), is_sent;

	str_add_z(line, "\r\n");
	is_sent = !is_broken && out_add(&dialogue->out, str_span(line)) == 0 &&
	    out_flush(&dialogue->out) == 0;
	secret_wipe(dialogue->out_buffer, sizeof(dialogue->out_buffer));
	secret_wipe(line->s, line->len);
	str_reset(line);
	if (is_broken)
		return -1;
	return is_sent ? hear(dialogue) : 0;
}

/* What PLAIN says. */
static void
add_plain(struct str *line, const struct secret *secret)
{
	struct str message = STR_INIT;

	str_reserve(&message, 2 * SECRET_MAX + 2);
	str_add_byte(&message, '\0');
	str_add_field(&message, str_span(&secret->user));
	str_add(&message, str_span(&secret->password));
	base64_add(line, str_span(&message));
	secret_wipe(message.s, message.len);
	str_free(&message);
}

static int
say_plain(
    struct dialogue *dialogue, const struct secret *secret, struct str *line)
{
	str_add_z(line, "AUTH PLAIN ");
	add_plain(line, secret);
	return ask(dialogue, line);
}

static int
say_login(
    struct dialogue *dialogue, const struct secret *secret, struct str *line)
{
	int code;

	str_add_z(line, "AUTH LOGIN");
	code = ask(dialogue, line);
	if (code != GO_ON)
		return code;
	base64_add(line, str_span(&secret->user));
	code = ask(dialogue, line);
	if (code != GO_ON)
		return code;
	base64_add(line, str_span(&secret->password));
	return ask(dialogue, line);
}

/* ---- what is told of it ---- */

static bool
holds(struct span text, struct span part)
{
	for (; text.len >= part.len; text = span_from(text, 1))
		if (span_starts(text, part))
			return true;
	return false;
}

/* Whether the text has the password in it, in any of the forms in which it was
 * sent: some servers repeat a line that they do not like. */
static bool
tells_password(struct span text, const struct secret *secret, struct str *line)
{
	bool result = holds(text, str_span(&secret->password));

	add_plain(line, secret);
	result = holds(text, str_span(line)) || result;
	secret_wipe(line->s, line->len);
	str_reset(line);
	base64_add(line, str_span(&secret->password));
	result = holds(text, str_span(line)) || result;
	secret_wipe(line->s, line->len);
	str_reset(line);
	return result;
}

/* Ends with what the server has said, or with what the system says. */
static enum secret_end
end_with(const struct dialogue *dialogue, int code, const struct secret *secret,
    struct str *line, struct str *text)
{
	struct span said = str_span(&dialogue->reply.text);

	if (code > 0) {
		if (tells_password(said, secret, line)) {
			str_set(text, span_upto(said, CODE_LEN));
			str_add_z(text, " (and the password)");
		} else {
			str_set(text, said);
		}
		return SECRET_REFUSED;
	}
	str_set(text,
	    code < 0 ? SPAN("the server does not keep to SMTP")
		     : span_of(error_text(errno)));
	return SECRET_BROKEN;
}

static enum secret_end
log_in(struct dialogue *dialogue, const struct secret *secret, struct span helo,
    struct str *line, struct str *text)
{
	unsigned offers;
	int code;

	str_add_z(line, "EHLO ");
	str_add(line, helo);
	code = ask(dialogue, line);
	if (code != OK)
		return end_with(dialogue, code, secret, line, text);
	offers = dialogue->reply.offers;
	if (offers & SMTPREPLY_AUTH_PLAIN) {
		code = say_plain(dialogue, secret, line);
	} else if (offers & SMTPREPLY_AUTH_LOGIN) {
		code = say_login(dialogue, secret, line);
	} else {
		str_set(text,
		    SPAN("the server offers neither AUTH PLAIN nor AUTH "
			 "LOGIN"));
		return SECRET_BROKEN;
	}
	if (code == TAKEN && in_is_waiting(&dialogue->in))
		code = -1; /* it answers what it has not heard */
	return code == TAKEN ? SECRET_TAKEN
			     : end_with(dialogue, code, secret, line, text);
}

enum secret_end
secret_login(const struct secret *secret, struct span helo, bool greets,
    int64_t deadline, struct str *text)
{
	static struct dialogue dialogue;
	struct str line = STR_INIT;
	int code = GREETING;

	smtpreply_init(&dialogue.reply);
	in_init(&dialogue.in, 0, dialogue.in_buffer, IN_BUFFER);
	out_init(&dialogue.out, 1, dialogue.out_buffer, OUT_BUFFER);
	in_set_deadline(&dialogue.in, deadline);
	out_set_deadline(&dialogue.out, deadline);
	str_reserve(&line, OUT_BUFFER);
	if (greets)
		code = hear(&dialogue);
	if (code != GREETING)
		return end_with(&dialogue, code, secret, &line, text);
	return log_in(&dialogue, secret, helo, &line, text);
}
