/*
 * tls_judge.c - whether another server is who it should be.
 * Input: certificates are hostile; the demand is of a program of ours
 */
#include <openssl/x509v3.h>
#include <string.h>

#include "base/ascii.h"
#include "net/ip.h"
#include "tls.h"

/* Bytes of digits, in pairs. */
static void
decode(struct span digits, unsigned char *bytes)
{
	for (size_t i = 0; i + 1 < digits.len; i += 2)
		bytes[i / 2] =
		    (unsigned char)(ascii_hex_value(digits.s[i]) << 4 |
			ascii_hex_value(digits.s[i + 1]));
}

/* ---- before the handshake ---- */

/* A relay may be known by its address alone; in brackets, as in mail addresses, or
 * without. */
static bool
is_address(struct span name, struct ip_address *address)
{
	return ip_parse(name, address) || ip_parse_literal(name, address);
}

/* For SNI, which has no addresses (RFC 6066 3).  It is followed by a NUL in the
 * record. */
static bool
set_server(SSL *ssl, struct span name)
{
	struct ip_address address;

	return name.len == 0 || is_address(name, &address) ||
	    SSL_set_tlsext_host_name(ssl, name.s) == 1;
}

/* What a certificate may have: an address stands there without brackets. */
static bool
add_name(SSL *ssl, struct span name)
{
	struct str text = STR_INIT;
	struct ip_address address;
	bool result;

	if (is_address(name, &address))
		ip_format(&text, &address);
	else
		str_set(&text, name);
	result = SSL_add1_host(ssl, str_z(&text)) == 1;
	str_free(&text);
	return result;
}

/* Any one of the names will do; in a certificate an asterisk stands for a whole
 * label (RFC 8461 4.2). */
static bool
add_names(SSL *ssl, const struct tlsdemand *demand)
{
	SSL_set_hostflags(ssl,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	for (size_t i = 0; i < demand->names.len; i++)
		if (!add_name(ssl, demand->names.at[i]))
			return false;
	return true;
}

/* RFC 7672 3.1: with usage 2 the names count, with 3 nothing but the record. */
static bool
add_records(SSL *ssl, const struct tlsdemand *demand)
{
	bool is_any = false;

	if (SSL_dane_enable(ssl, demand->server.s) != 1)
		return false;
	(void)SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	for (size_t i = 0; i < demand->records.len; i++) {
		const struct tlsdemand_tlsa *record = &demand->records.at[i];
		unsigned char bytes[TLSDEMAND_TLSA_MAX];

		decode(record->data, bytes);
		if (SSL_dane_tlsa_add(ssl, record->usage, record->selector,
			record->matching, bytes, record->data.len / 2) > 0)
			is_any = true;
	}
	return is_any;
}

bool
tls_judge_prepare(SSL *ssl, const struct tlsdemand *demand)
{
	SSL_set_connect_state(ssl);
	if (!set_server(ssl, demand->server))
		return false;
	switch (demand->level) {
	case TLSDEMAND_VERIFY:
		SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
		return demand->names.len > 0 && add_names(ssl, demand);
	case TLSDEMAND_DANE:
		SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
		return demand->server.len > 0 && add_records(ssl, demand) &&
		    add_names(ssl, demand);
	default:
		/* Whom nobody has to believe may be as weak as he is: better
		 * than clear text.  What is told of him is what it would be if
		 * he had to be believed. */
		X509_VERIFY_PARAM_set_auth_level(
		    SSL_get0_param(ssl), SSL_get_security_level(ssl));
		SSL_set_security_level(ssl, 1);
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
		return demand->level != TLSDEMAND_OBSERVE ||
		    add_names(ssl, demand);
	}
}

/* ---- after it ---- */

static bool
is_fingerprint(const struct tlsdemand *demand, const unsigned char *digest)
{
	unsigned char wanted[TLSDEMAND_DIGEST];

	for (size_t i = 0; i < demand->fingerprints.len; i++) {
		decode(demand->fingerprints.at[i], wanted);
		if (memcmp(wanted, digest, sizeof(wanted)) == 0)
			return true;
	}
	return false;
}

/* Of its certificate, or of the public key in it. */
static bool
has_fingerprint(SSL *ssl, const struct tlsdemand *demand)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	unsigned char digest[EVP_MAX_MD_SIZE], *key = NULL;
	bool result;
	int len;

	if (!certificate)
		return false;
	result = X509_digest(certificate, EVP_sha256(), digest, NULL) == 1 &&
	    is_fingerprint(demand, digest);
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
	if (!result && len > 0)
		result = EVP_Digest(key, (size_t)len, digest, NULL,
			     EVP_sha256(), NULL) == 1 &&
		    is_fingerprint(demand, digest);
	OPENSSL_free(key);
	return result;
}

static const char *
words_of(long result)
{
	switch (result) {
	case X509_V_OK:
		return NULL;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "certificate-expired";
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "certificate-host-mismatch";
	case X509_V_ERR_DANE_NO_MATCH:
		return "validation-failure";
	default:
		return "certificate-not-trusted";
	}
}

const char *
tls_judge_words(SSL *ssl, const struct tlsdemand *demand)
{
	switch (demand->level) {
	case TLSDEMAND_VERIFY:
	case TLSDEMAND_OBSERVE:
	case TLSDEMAND_DANE:
		return words_of(SSL_get_verify_result(ssl));
	case TLSDEMAND_FINGERPRINT:
		return has_fingerprint(ssl, demand) ? NULL
						    : "validation-failure";
	default:
		return NULL;
	}
}
