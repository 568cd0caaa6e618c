/* zone_key.c - the public key of a certificate.  Input: trusted. */
#include <errno.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/must.h"
#include "base/secret.h"
#include "sys/error.h"
#include "sys/file.h"
#include "zone.h"

/* The digest of the key with its type (SubjectPublicKeyInfo, RFC 6698 2.1.2). */
static bool
digest_key(const X509 *certificate, unsigned char digest[ZONE_DIGEST])
{
	unsigned char *bytes = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &bytes);
	bool is_done = len > 0 &&
	    EVP_Q_digest(
		NULL, "SHA256", NULL, bytes, (size_t)len, digest, NULL) == 1;

	OPENSSL_free(bytes);
	return is_done;
}

static const char *
read_text(struct span text, unsigned char digest[ZONE_DIGEST])
{
	BIO *source = BIO_new_mem_buf(text.s, (int)text.len);
	X509 *certificate =
	    source ? PEM_read_bio_X509(source, NULL, NULL, NULL) : NULL;
	const char *wrong = !certificate      ? "it has no certificate"
	    : digest_key(certificate, digest) ? NULL
					      : "OpenSSL cannot read its key";

	X509_free(certificate);
	BIO_free(source);
	ERR_clear_error();
	return wrong;
}

void
zone_read_certificate(struct zone_certificate *certificate)
{
	struct str text = STR_INIT;
	const char *why;

	certificate->is_there = true;
	str_reserve(
	    &text, ZONE_CERTIFICATE_MAX + 1); /* no copy is left behind */
	if (file_read(str_z(&certificate->path), &text, ZONE_CERTIFICATE_MAX) <
	    0) {
		certificate->is_there = !file_is_missing(errno);
		why = errno == EACCES ? "only root can read it"
				      : error_text(errno);
	} else {
		why = read_text(str_span(&text), certificate->digest);
	}
	str_set(&certificate->wrong, span_of(why));
	secret_wipe(text.s, text.len);
	str_free(&text);
}
