/*
 * smtpd_xclient.c - XCLIENT: a proxy that is listed in control/xclient tells
 * for whom it speaks.
 * Input: from a peer of ours, which hands on what is hostile
 * Source: Postfix, XCLIENT_README.
 */
#include "smtpd.h"

#include "base/scan.h"
#include "base/wordset.h"
#include "config/control.h"
#include "net/ip.h"
#include "smtpd_reply.h"

#define VALUE_MAX 255 /* bytes of one value */
#define PORT_MAX  65535

int
smtpd_xclient_read(struct smtpd *smtpd)
{
	struct wordset proxies = WORDSET_INIT;
	int found = control_read_set("control/xclient", '\0', &proxies);

	smtpd->is_proxy = found > 0 && wordset_find(&proxies, smtpd->ip, NULL);
	wordset_free(&proxies);
	return found < 0 ? -1 : 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undoes xtext (RFC 3461 4).  Returns false if it is none, or too long. */
static bool
decode_xtext(struct span text, struct str *value)
{
	str_reset(value);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (c == '+') {
			int high, low;

			if (text.len - i < 3 ||
			    (high = hex_digit(text.s[i + 1])) < 0 ||
			    (low = hex_digit(text.s[i + 2])) < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		str_add_byte(value, c);
	}
	return value->len <= VALUE_MAX && !span_has(str_span(value), '\0');
}

/* What can be told, and the variable in which tcpserver has it; the rest is in
 * our own words, or only read. */
enum attribute {
	NAME,
	ADDR,
	LOGIN,
	PORT,
	DESTADDR,
	DESTPORT,
	HELO,
	PROTO,
	ATTRIBUTES
};

static const struct {
	const char *name, *variable;
} attributes[ATTRIBUTES] = {
	[NAME] = { "NAME", "TCPREMOTEHOST" },
	[ADDR] = { "ADDR", "TCPREMOTEIP" },
	[LOGIN] = { "LOGIN", "TCPREMOTEINFO" },
	[PORT] = { "PORT", "TCPREMOTEPORT" },
	[DESTADDR] = { "DESTADDR", "TCPLOCALIP" },
	[DESTPORT] = { "DESTPORT", "TCPLOCALPORT" },
	[HELO] = { "HELO", NULL },
	[PROTO] = { "PROTO", NULL },
};

/* What one command tells. */
struct told {
	bool is_told;
	struct str value; /* empty: the proxy does not know */
};

/* "192.0.2.1", or with its family: "IPV6:2001:db8::1"; then as tcpserver has it. */
static bool
take_address(struct str *value)
{
	struct span text = str_span(value);
	struct ip_address ip;

	if (span_starts_nocase(text, SPAN("IPV6:")))
		text = span_from(text, 5);
	if (!ip_parse(text, &ip))
		return false;
	str_reset(value);
	ip_format(value, &ip);
	return true;
}

/* Whether a value that is known can be one. */
static bool
take_value(enum attribute attribute, struct str *value)
{
	uint64_t port;

	switch (attribute) {
	case ADDR:
	case DESTADDR:
		return take_address(value);
	case PORT:
	case DESTPORT:
		return scan_u64(str_span(value), PORT_MAX, &port);
	default:
		return true;
	}
}

/* Takes NAME=VALUE.  Returns false if it cannot be taken. */
static bool
take_attribute(struct told *told, struct span word)
{
	size_t equals = span_find(word, '=');

	for (size_t i = 0; equals < word.len && i < ATTRIBUTES; i++) {
		struct str *value = &told[i].value;

		if (!span_equal_nocase(
			span_upto(word, equals), span_of(attributes[i].name)))
			continue;
		told[i].is_told = true;
		if (!decode_xtext(span_from(word, equals + 1), value))
			return false;
		if (value->len &&
		    !span_equal_nocase(
			str_span(value), SPAN("[UNAVAILABLE]")) &&
		    !span_equal_nocase(str_span(value), SPAN("[TEMPUNAVAIL]")))
			return take_value((enum attribute)i, value);
		str_reset(value);
		if (i == DESTADDR || i == DESTPORT) /* ours are known */
			told[i].is_told = false;
		return i != ADDR || equals + 1 < word.len;
	}
	return false;
}

static struct span
keep(struct str *place, struct str *value, struct span fallback)
{
	str_set(place, value->len ? str_span(value) : fallback);
	return str_span(place);
}

/* An address that is not known is one all the same: whoever has none is taken
 * for a user of this machine. */
static void
set_variables(struct smtpd *smtpd, struct told *told)
{
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		struct str *value = &told[i].value;

		if (told[i].is_told && attributes[i].variable)
			smtpd_set_variable(smtpd, attributes[i].variable,
			    value->len	    ? str_z(value)
				: i == ADDR ? "unknown"
					    : NULL);
	}
	if (told[DESTADDR].is_told) /* the name was that of another address */
		smtpd_set_variable(smtpd, "TCPLOCALHOST", NULL);
}

/* The session is the client's from here on.  What is not told of it is not
 * known, but was said of the proxy, or of the client before. */
static void
change_client(struct smtpd *smtpd, struct told *told)
{
	struct smtpd_proxied *proxied = &smtpd->proxied;

	if (!proxied->is_told || told[ADDR].is_told)
		told[NAME].is_told = told[LOGIN].is_told = told[PORT].is_told =
		    true;
	proxied->is_told = true;
	set_variables(smtpd, told);
	if (told[NAME].is_told)
		smtpd->host =
		    keep(&proxied->host, &told[NAME].value, SPAN("unknown"));
	if (told[ADDR].is_told)
		smtpd->ip =
		    keep(&proxied->ip, &told[ADDR].value, SPAN("unknown"));
	if (told[LOGIN].is_told)
		smtpd->user =
		    keep(&proxied->user, &told[LOGIN].value, SPAN(""));
	if (told[DESTADDR].is_told)
		smtpd->by = keep(&proxied->by, &told[DESTADDR].value, SPAN(""));
	if (told[HELO].is_told) {
		smtpd->has_helo = told[HELO].value.len > 0;
		str_set(&smtpd->helo, str_span(&told[HELO].value));
	}
	smtpd->policy.delay.client = smtpd->ip;
	if (smtpd_auth_read(smtpd) < 0) /* the port may be another */
		smtpd_end(smtpd, SMTPD_CONTROL);
}

void
smtpd_xclient(struct smtpd *smtpd, struct span argument)
{
	struct told told[ATTRIBUTES] = { 0 };
	struct span word;
	bool fine = argument.len > 0;

	if (!smtpd->is_proxy) {
		smtpd_reply(smtpd, "550 5.7.0 you are no proxy of ours");
		return;
	}
	if (smtpd->has_sender) {
		smtpd_reply(smtpd, "503 5.5.1 not in a transaction");
		return;
	}
	smtpd_auth_forget(smtpd);
	if (policy_end_relaying(&smtpd->policy) < 0)
		smtpd_end(smtpd, SMTPD_CONTROL);
	smtpd->has_helo = smtpd->is_extended = false;
	while (fine && span_cut_next(&argument, ' ', &word))
		fine = word.len == 0 || take_attribute(told, word);
	if (!fine) {
		/* Whoever it is, it is not the proxy. */
		for (size_t i = 0; i < ATTRIBUTES; i++) {
			told[i].is_told = i == ADDR;
			str_reset(&told[i].value);
		}
	}
	change_client(smtpd, told);
	if (fine) {
		(void)out_add_z(&smtpd->out, "220 ");
		(void)out_add(&smtpd->out, str_span(&smtpd->greeting));
		(void)out_add_z(&smtpd->out, " ESMTP\r\n");
	} else {
		smtpd_reply(smtpd, "501 5.5.4 XCLIENT NAME=VALUE, as offered");
	}
	for (size_t i = 0; i < ATTRIBUTES; i++)
		str_free(&told[i].value);
}
