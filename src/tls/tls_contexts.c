/*
 * tls_contexts.c - keys and certificates, ready for handshakes.
 * Input: the files are trusted; the name that a client asks for is hostile
 *
 * A file may hold several keys, as one for RSA and one for ECDSA, each with its
 * certificate and what leads from there to an authority, in any order.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "sys/error.h"
#include "tls.h"

struct context {
	struct span name; /* of the host, in small letters; empty: the others */
	SSL_CTX *ssl;
};

struct tls_contexts {
	VEC(struct context) all; /* sorted by name */
};

/* What one file holds. */
struct parts {
	VEC(EVP_PKEY *) keys;
	VEC(X509 *) certificates;
	bool is_encrypted;
};

static void
add_trouble(struct str *trouble, struct span name, const char *words)
{
	unsigned long code = ERR_peek_last_error();

	str_add_z(trouble, name.len ? TLS_CERTS "/" : TLS_SERVERCERT);
	str_add(trouble, name);
	str_add_z(trouble, name.len ? ".pem: " : ": ");
	str_add_z(trouble, words);
	if (code) {
		const char *reason = ERR_reason_error_string(code);

		str_add_z(trouble, ": ");
		str_add_z(trouble, reason ? reason : "no reason known");
	}
	str_add_byte(trouble, '\n');
	ERR_clear_error();
}

/* ---- what a file holds ---- */

static void
take_part(
    struct parts *parts, struct span kind, const unsigned char *data, long len)
{
	if (span_equal(kind, SPAN("ENCRYPTED PRIVATE KEY"))) {
		parts->is_encrypted = true;
	} else if (span_ends(kind, SPAN("PRIVATE KEY"))) {
		EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &data, len);

		if (key)
			vec_push(&parts->keys, key);
	} else if (span_equal(kind, SPAN(PEM_STRING_X509))) {
		X509 *certificate = d2i_X509(NULL, &data, len);

		if (certificate)
			vec_push(&parts->certificates, certificate);
	}
}

static void
read_parts(struct parts *parts, struct span text)
{
	BIO *bio = BIO_new_mem_buf(text.s, (int)text.len);
	char *kind, *header;
	unsigned char *data;
	long len;

	while (bio && PEM_read_bio(bio, &kind, &header, &data, &len) == 1) {
		if (header[0] != '\0') /* Proc-Type: 4,ENCRYPTED */
			parts->is_encrypted = true;
		else
			take_part(parts, span_of(kind), data, len);
		OPENSSL_free(kind);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)len);
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
		ERR_clear_error(); /* the end of the file */
	(void)BIO_free(bio);
}

static void
free_parts(struct parts *parts)
{
	for (size_t i = 0; i < parts->keys.len; i++)
		EVP_PKEY_free(parts->keys.at[i]);
	for (size_t i = 0; i < parts->certificates.len; i++)
		X509_free(parts->certificates.at[i]);
	vec_free(&parts->keys);
	vec_free(&parts->certificates);
}

static bool
belongs(X509 *certificate, EVP_PKEY *key)
{
	bool result = X509_check_private_key(certificate, key) == 1;

	ERR_clear_error();
	return result;
}

static bool
is_of_a_key(const struct parts *parts, X509 *certificate)
{
	for (size_t i = 0; i < parts->keys.len; i++)
		if (belongs(certificate, parts->keys.at[i]))
			return true;
	return false;
}

/* Uses a key with its certificate, and with those that follow this one. */
static bool
use_key(SSL_CTX *ssl, const struct parts *parts, EVP_PKEY *key)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *own = NULL;
	bool result;

	for (size_t i = 0; chain && i < parts->certificates.len; i++) {
		X509 *certificate = parts->certificates.at[i];

		if (!own && belongs(certificate, key))
			own = certificate;
		else if (own && is_of_a_key(parts, certificate))
			break;
		else if (own && sk_X509_push(chain, certificate) == 0)
			own = NULL;
	}
	result = own && SSL_CTX_use_cert_and_key(ssl, own, key, chain, 1) == 1;
	sk_X509_free(chain);
	return result;
}

/* Whether clients can have a key of this kind: of curves, TLS 1.3 has these (RFC 8446
 * 4.2.3). */
static bool
is_usable(EVP_PKEY *key)
{
	char curve[32];
	size_t len;

	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
		return true;
	if (EVP_PKEY_get_group_name(key, curve, sizeof(curve), &len) != 1)
		return false;
	return strcmp(curve, "prime256v1") == 0 ||
	    strcmp(curve, "secp384r1") == 0 || strcmp(curve, "secp521r1") == 0;
}

static size_t
count_unusable(const struct parts *parts)
{
	size_t count = 0;

	for (size_t i = 0; i < parts->keys.len; i++)
		count += !is_usable(parts->keys.at[i]);
	return count;
}

/* ---- contexts ---- */

static SSL_CTX *
new_context(void)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());

	if (ssl &&
	    (!tls_context_limit(ssl) || SSL_CTX_set_num_tickets(ssl, 0) != 1)) {
		SSL_CTX_free(ssl);
		return NULL;
	}
	return ssl;
}

/* The context of one file; NULL: it cannot be used, trouble says why. */
static SSL_CTX *
make_context(const struct tls_file *file, struct str *trouble)
{
	struct parts parts = { VEC_INIT, VEC_INIT, false };
	SSL_CTX *ssl;
	size_t used = 0, unusable;

	if (file->error) {
		add_trouble(
		    trouble, str_span(&file->name), error_text(file->error));
		return NULL;
	}
	ssl = new_context();
	read_parts(&parts, str_span(&file->text));
	for (size_t i = 0; ssl && i < parts.keys.len; i++)
		used += use_key(ssl, &parts, parts.keys.at[i]);
	unusable = count_unusable(&parts);
	if (used == 0 || used < parts.keys.len || unusable) {
		add_trouble(trouble, str_span(&file->name),
		    parts.is_encrypted	      ? "a key is encrypted"
			: parts.keys.len == 0 ? "there is no private key"
			: unusable ? "a key is on a curve that clients have not"
				   : "a key has no certificate");
		SSL_CTX_free(ssl);
		ssl = NULL;
	}
	free_parts(&parts);
	return ssl;
}

/* Likewise, but of what was in use before if the file cannot be used. */
static SSL_CTX *
make_or_keep(
    struct tls_file *file, const struct tls_files *before, struct str *trouble)
{
	struct str words = STR_INIT;
	SSL_CTX *ssl = make_context(file, &words);

	if (!ssl) {
		if (!tls_files_fall_back(file, before))
			str_add(trouble, str_span(&words));
		if (file->text.len)
			ssl = make_context(file, &words);
	}
	str_free(&words);
	return ssl;
}

static int
compare(const void *a, const void *b)
{
	struct span left = ((const struct context *)a)->name;
	struct span right = ((const struct context *)b)->name;

	if (left.len != right.len)
		return left.len < right.len ? -1 : 1;
	return left.len ? memcmp(left.s, right.s, left.len) : 0;
}

/* What there is for a name; NULL: nothing. */
static SSL_CTX *
find(const struct tls_contexts *contexts, struct span name)
{
	const struct context key = { .name = name };
	const struct context *found = bsearch(
	    &key, contexts->all.at, contexts->all.len, sizeof(key), compare);

	return found ? found->ssl : NULL;
}

/* For the name, or for all names that differ from it in the first label. */
static SSL_CTX *
find_host(const struct tls_contexts *contexts, struct span name)
{
	struct str small = STR_INIT;
	struct span rest;
	SSL_CTX *found;

	str_add_lower(&small, name);
	found = find(contexts, str_span(&small));
	rest = span_from(str_span(&small), span_find(str_span(&small), '.'));
	if (!found && rest.len) {
		struct str any = STR_INIT;

		str_add_byte(&any, '*');
		str_add(&any, rest);
		found = find(contexts, str_span(&any));
		str_free(&any);
	}
	str_free(&small);
	return found;
}

/* The client names the host that it wants; one that we do not know gets what
 * all get. */
static int
choose(SSL *ssl, int *alert, void *argument)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	SSL_CTX *found;

	(void)alert;
	if (!name)
		return SSL_TLSEXT_ERR_NOACK;
	found = find_host(argument, span_of(name));
	if (found)
		(void)SSL_set_SSL_CTX(ssl, found);
	return SSL_TLSEXT_ERR_OK;
}

SSL *
tls_contexts_make(struct tls_files *files, const struct tls_files *before,
    struct str *trouble)
{
	struct tls_contexts *contexts = must_realloc(NULL, sizeof(*contexts));
	bool is_lacking = false;
	SSL *fresh;

	*contexts = (struct tls_contexts){ VEC_INIT };
	for (size_t i = 0; i < files->all.len; i++) {
		struct tls_file *file = &files->all.at[i];
		struct context context = { .ssl = make_or_keep(
					       file, before, trouble) };
		struct str name = STR_INIT;

		if (!context.ssl) {
			is_lacking |= file->name.len == 0;
			continue;
		}
		str_add_lower(&name, str_span(&file->name));
		context.name = str_span(&name); /* kept for good */
		vec_push(&contexts->all, context);
	}
	if (contexts->all.len == 0 || (is_lacking && before->all.len == 0)) {
		must_free(contexts); /* the process ends */
		return NULL;
	}
	qsort(contexts->all.at, contexts->all.len, sizeof(*contexts->all.at),
	    compare);
	for (size_t i = 0; i < contexts->all.len; i++) {
		SSL_CTX *ssl = contexts->all.at[i].ssl;

		(void)SSL_CTX_set_tlsext_servername_callback(ssl, choose);
		(void)SSL_CTX_set_tlsext_servername_arg(ssl, contexts);
	}
	tls_warm();
	/* The one for all, if there is one, comes first: its name is empty. */
	fresh = SSL_new(contexts->all.at[0].ssl);
	if (fresh)
		SSL_set_accept_state(fresh);
	return fresh;
}
