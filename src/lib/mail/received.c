/*
 * received.c - the Received field of network daemons.
 * Input: hostile
 */
#include "mail/received.h"

#include "base/ascii.h"
#include "mail/date.h"

#define WORD_BYTES   ".@%+/=:-[]"
#define CIPHER_BYTES "._-"

/* Appends a word with all bytes made harmless but letters, digits and these. */
static void
add_harmless(struct str *text, struct span word, size_t max, struct span bytes)
{
	word = span_upto(word, max);
	for (size_t i = 0; i < word.len; i++) {
		char c = word.s[i];

		if (!ascii_is_alnum(c) && !span_has(bytes, c))
			c = '?';
		str_add_byte(text, c);
	}
}

static void
add_word(struct str *text, struct span word, size_t max)
{
	add_harmless(text, word, max, SPAN(WORD_BYTES));
}

/* " (TLSv1.3 CIPHER)" */
static void
add_tls(struct str *text, const struct received *received)
{
	struct span bytes = SPAN(CIPHER_BYTES);

	str_add_z(text, " (");
	add_harmless(text, received->tls_protocol, RECEIVED_TLS_MAX, bytes);
	str_add_byte(text, ' ');
	add_harmless(text, received->tls_cipher, RECEIVED_TLS_MAX, bytes);
	str_add_byte(text, ')');
}

/* "from HOST (HELO NAME) (USER@IP)" */
static void
add_client(struct str *text, const struct received *received)
{
	str_add_z(text, "from ");
	add_word(text, received->host, RECEIVED_NAME_MAX);
	if (received->has_helo &&
	    !span_equal_nocase(received->helo, received->host)) {
		str_add_z(text, " (HELO ");
		add_word(text, received->helo, RECEIVED_NAME_MAX);
		str_add_byte(text, ')');
	}
	str_add_z(text, " (");
	if (received->user.len) {
		add_word(text, received->user, RECEIVED_USER_MAX);
		str_add_byte(text, '@');
	}
	add_word(text, received->ip, RECEIVED_IP_MAX);
	str_add_z(text, ")\n  ");
}

void
received_add(struct str *text, const struct received *received, int64_t seconds)
{
	str_add_z(text, "Received: ");
	if (!received->is_hidden)
		add_client(text, received);
	str_add_z(text, "by ");
	add_word(text, received->by, RECEIVED_NAME_MAX);
	str_add_z(text, " with ");
	add_word(text, received->protocol, RECEIVED_NAME_MAX);
	if (received->tls_protocol.len)
		add_tls(text, received);
	str_add_z(text, "; ");
	date_add_utc(text, seconds);
	str_add_byte(text, '\n');
}
