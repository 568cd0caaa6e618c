/*
 * smtpd_xclient.c - XCLIENT: a proxy that is listed in control/xclient tells
 * for whom it speaks.
 * Input: from a peer of ours, which hands on what is hostile
 * Source: Postfix, XCLIENT_README.
 */
#include "smtpd.h"

#include "base/wordset.h"
#include "config/control.h"
#include "net/ip.h"
#include "smtpd_reply.h"

#define VALUE_MAX 255 /* bytes of one value */

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

/* "192.0.2.1", or with its family: "IPV6:2001:db8::1" */
static bool
take_address(struct str *value)
{
	struct ip_address ip;

	if (span_starts_nocase(str_span(value), SPAN("IPV6:"))) {
		struct str rest = STR_INIT;

		str_set(&rest, span_from(str_span(value), 5));
		str_set(value, str_span(&rest));
		str_free(&rest);
	}
	return ip_parse(str_span(value), &ip);
}

/* What can be told, and where it goes; without a place it is only read. */
enum attribute {
	NAME,
	LOGIN,
	ADDR,
	HELO,
	READ_ONLY
};

static const struct {
	const char *name;
	enum attribute attribute;
} attributes[] = {
	{ "NAME", NAME },
	{ "ADDR", ADDR },
	{ "LOGIN", LOGIN },
	{ "HELO", HELO },
	{ "PORT", READ_ONLY },
	{ "PROTO", READ_ONLY },
	{ "DESTADDR", READ_ONLY },
	{ "DESTPORT", READ_ONLY },
};

static bool
find_attribute(struct span name, enum attribute *attribute)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++)
		if (span_equal_nocase(name, span_of(attributes[i].name))) {
			*attribute = attributes[i].attribute;
			return true;
		}
	return false;
}

/* Takes NAME=VALUE.  Returns false if it cannot be taken. */
static bool
take_attribute(struct smtpd *smtpd, struct span word)
{
	size_t equals = span_find(word, '=');
	struct str value = STR_INIT;
	enum attribute attribute = ADDR;
	bool is_known,
	    fine = equals < word.len &&
	    find_attribute(span_upto(word, equals), &attribute) &&
	    decode_xtext(span_from(word, equals + 1), &value);

	is_known =
	    !span_equal_nocase(str_span(&value), SPAN("[UNAVAILABLE]")) &&
	    !span_equal_nocase(str_span(&value), SPAN("[TEMPUNAVAIL]"));
	if (fine && attribute == ADDR && is_known)
		fine = take_address(&value);
	if (fine && attribute == HELO) {
		smtpd->has_helo = is_known;
		str_set(&smtpd->helo, str_span(&value));
	} else if (fine && attribute != READ_ONLY) {
		struct str *place = &smtpd->proxied[attribute];

		str_set(place,
		    is_known		     ? str_span(&value)
			: attribute == LOGIN ? SPAN("")
					     : SPAN("unknown"));
		*(attribute == NAME	    ? &smtpd->host
			: attribute == ADDR ? &smtpd->ip
					    : &smtpd->user) = str_span(place);
	}
	str_free(&value);
	return fine;
}

void
smtpd_xclient(struct smtpd *smtpd, struct span argument)
{
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
		fine = word.len == 0 || take_attribute(smtpd, word);
	if (!fine) {
		smtpd_reply(smtpd, "501 5.5.4 XCLIENT NAME=VALUE, as offered");
		return;
	}
	(void)out_add_z(&smtpd->out, "220 ");
	(void)out_add(&smtpd->out, str_span(&smtpd->greeting));
	(void)out_add_z(&smtpd->out, " ESMTP\r\n");
}
