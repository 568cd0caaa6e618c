/*
 * dsn.c - what a sender asks of notifications.
 * Input: hostile
 */
#include "mail/dsn.h"

#include "base/ascii.h"
#include "base/utf8.h"

#define SUBMITTED "SUBMITTED"
#define RESENT	  "RESENT"

static const char utf8_type[] = "utf-8;";

static const struct {
	const char *word;
	unsigned flag;
} notify_words[] = {
	{ "NEVER", DSN_NEVER },
	{ "SUCCESS", DSN_SUCCESS },
	{ "FAILURE", DSN_FAILURE },
	{ "DELAY", DSN_DELAY },
};

#define NOTIFY_WORDS (sizeof(notify_words) / sizeof(*notify_words))

/* The value of a digit as xtext has it, in capitals; 16 for none. */
static unsigned
hex_value(char c)
{
	if (ascii_is_digit(c))
		return (unsigned)(c - '0');
	return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10) : 16;
}

/* Whether it is xtext (RFC 3461 4); with_utf8: bytes beyond ASCII may be in
 * it, if they are UTF-8 (RFC 6533 3). */
static bool
is_xtext(struct span text, bool with_utf8)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.s[i];

		if (c == '+' &&
		    (text.len - i < 3 || hex_value(text.s[i + 1]) > 15 ||
			hex_value(text.s[i + 2]) > 15))
			return false;
		if (c <= ' ' || c == '=' || c == 0x7f ||
		    (c > 0x7f && !with_utf8))
			return false;
	}
	return !with_utf8 || utf8_is_valid(text);
}

/* Whether it is a type of address, a semicolon, and an address of it. */
static bool
is_orcpt(struct span value)
{
	size_t semicolon = span_find(value, ';');
	struct span type = span_upto(value, semicolon);

	if (semicolon == value.len || type.len == 0 ||
	    value.len > DSN_ORCPT_MAX)
		return false;
	for (size_t i = 0; i < type.len; i++)
		if (!ascii_is_alnum(type.s[i]) && type.s[i] != '-')
			return false;
	return is_xtext(span_from(value, semicolon + 1),
	    span_equal_nocase(
		span_upto(value, semicolon + 1), span_of(utf8_type)));
}

static unsigned
flag_of(struct span word)
{
	for (size_t i = 0; i < NOTIFY_WORDS; i++)
		if (span_equal_nocase(word, span_of(notify_words[i].word)))
			return notify_words[i].flag;
	return 0;
}

/* The set that a list names; 0 if it is none. */
static unsigned
parse_notify(struct span value)
{
	unsigned notify = 0;
	bool more = value.len > 0;

	while (more) {
		size_t comma = span_find(value, ',');
		unsigned flag = flag_of(span_upto(value, comma));

		if (flag == 0)
			return 0;
		notify |= flag;
		more = comma < value.len;
		value = span_from(value, comma + 1);
	}
	return notify & DSN_NEVER && notify != DSN_NEVER ? 0 : notify;
}

/* Whether the word is this parameter; then value receives what it says. */
static bool
is_named(struct span word, const char *name, struct span *value)
{
	size_t equals = span_find(word, '=');

	*value = span_from(word, equals + 1);
	return span_equal_nocase(span_upto(word, equals), span_of(name));
}

enum dsn_taken
dsn_take_envelope(struct dsn_envelope *envelope, struct span word)
{
	struct span value;

	if (is_named(word, "RET", &value)) {
		if (envelope->returns != DSN_RETURN_ANY)
			return DSN_BROKEN;
		if (span_equal_nocase(value, SPAN("FULL")))
			envelope->returns = DSN_RETURN_FULL;
		else if (span_equal_nocase(value, SPAN("HDRS")))
			envelope->returns = DSN_RETURN_HEADER;
		else
			return DSN_BROKEN;
		return DSN_TAKEN;
	}
	if (span_equal_nocase(word, SPAN("REQUIRETLS"))) {
		if (envelope->needs_tls)
			return DSN_BROKEN;
		envelope->needs_tls = true;
		return DSN_TAKEN;
	}
	if (!is_named(word, "ENVID", &value))
		return DSN_OTHER;
	if (envelope->envid.len || value.len == 0 ||
	    value.len > DSN_ENVID_MAX || !is_xtext(value, false))
		return DSN_BROKEN;
	envelope->envid = value;
	return DSN_TAKEN;
}

enum dsn_taken
dsn_take_recipient(struct dsn_recipient *recipient, struct span word)
{
	struct span value;

	if (is_named(word, "NOTIFY", &value)) {
		if (recipient->notify)
			return DSN_BROKEN;
		recipient->notify = parse_notify(value);
		return recipient->notify ? DSN_TAKEN : DSN_BROKEN;
	}
	if (!is_named(word, "ORCPT", &value))
		return DSN_OTHER;
	if (recipient->orcpt.len || !is_orcpt(value))
		return DSN_BROKEN;
	recipient->orcpt = value;
	return DSN_TAKEN;
}

bool
dsn_parse_envelope(struct span parameters, struct dsn_envelope *envelope)
{
	struct span word;

	*envelope = (struct dsn_envelope){ .envid = SPAN("") };
	while (span_cut_next(&parameters, ' ', &word)) {
		if (span_equal(word, SPAN(SUBMITTED)) &&
		    !envelope->is_submitted)
			envelope->is_submitted = true;
		else if (span_equal(word, SPAN(RESENT)) && !envelope->is_resent)
			envelope->is_resent = true;
		else if (dsn_take_envelope(envelope, word) != DSN_TAKEN)
			return false;
	}
	return true;
}

bool
dsn_asks(const struct dsn_envelope *envelope)
{
	return envelope->returns != DSN_RETURN_ANY || envelope->envid.len ||
	    envelope->needs_tls;
}

bool
dsn_parse_recipient(struct span parameters, struct dsn_recipient *recipient)
{
	struct span word;

	*recipient = (struct dsn_recipient){ .orcpt = SPAN("") };
	while (span_cut_next(&parameters, ' ', &word))
		if (dsn_take_recipient(recipient, word) != DSN_TAKEN)
			return false;
	return true;
}

/* Appends a parameter, behind a blank if it is not the first. */
static void
add_parameter(struct str *text, size_t start, const char *name)
{
	if (text->len > start)
		str_add_byte(text, ' ');
	str_add_z(text, name);
}

void
dsn_add_envelope(struct str *text, const struct dsn_envelope *envelope)
{
	size_t start = text->len;

	if (envelope->returns != DSN_RETURN_ANY)
		add_parameter(text, start,
		    envelope->returns == DSN_RETURN_FULL ? "RET=FULL"
							 : "RET=HDRS");
	if (envelope->envid.len) {
		add_parameter(text, start, "ENVID=");
		str_add(text, envelope->envid);
	}
	if (envelope->needs_tls)
		add_parameter(text, start, "REQUIRETLS");
	if (envelope->is_submitted)
		add_parameter(text, start, SUBMITTED);
	if (envelope->is_resent)
		add_parameter(text, start, RESENT);
}

void
dsn_add_recipient(struct str *text, const struct dsn_recipient *recipient)
{
	size_t start = text->len;
	unsigned left = recipient->notify;

	if (left)
		add_parameter(text, start, "NOTIFY=");
	for (size_t i = 0; i < NOTIFY_WORDS; i++) {
		if (!(left & notify_words[i].flag))
			continue;
		left &= ~notify_words[i].flag;
		str_add_z(text, notify_words[i].word);
		if (left)
			str_add_byte(text, ',');
	}
	if (recipient->orcpt.len) {
		add_parameter(text, start, "ORCPT=");
		str_add(text, recipient->orcpt);
	}
}

bool
dsn_wants_failure(const struct dsn_recipient *recipient)
{
	return recipient->notify == 0 || recipient->notify & DSN_FAILURE;
}

void
dsn_without_success(struct dsn_recipient *recipient)
{
	if (!(recipient->notify & DSN_SUCCESS))
		return;
	recipient->notify &= ~(unsigned)DSN_SUCCESS;
	if (recipient->notify == 0)
		recipient->notify = DSN_NEVER;
}

void
dsn_add_xtext(struct str *text, struct span bytes)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.s[i];

		if (c > ' ' && c < 0x7f && c != '+' && c != '=') {
			str_add_byte(text, bytes.s[i]);
			continue;
		}
		str_add_byte(text, '+');
		str_add_byte(text, digits[c >> 4]);
		str_add_byte(text, digits[c & 15]);
	}
}

void
dsn_add_decoded(struct str *text, struct span xtext)
{
	for (size_t i = 0; i < xtext.len; i++) {
		char c = xtext.s[i];

		if (c == '+' && xtext.len - i > 2) {
			c = (char)(hex_value(xtext.s[i + 1]) << 4 |
			    hex_value(xtext.s[i + 2]));
			i += 2;
		}
		str_add_byte(text, ascii_is_printable(c) ? c : '?');
	}
}
