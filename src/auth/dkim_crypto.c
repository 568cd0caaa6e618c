/*
 * dkim_crypto.c - SHA-256, and whether a key has signed a hash.
 * Input: hostile keys and signatures.
 */
#include "dkim_crypto.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

/* ---- hashes ---- */

struct dkim_hash *
dkim_hash_new(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(context);
		context = NULL;
	}
	return (struct dkim_hash *)context;
}

void
dkim_hash_add(struct dkim_hash *hash, struct span bytes)
{
	/* It fails only where the end would, too. */
	if (hash)
		(void)EVP_DigestUpdate((EVP_MD_CTX *)hash, bytes.s, bytes.len);
}

bool
dkim_hash_end(struct dkim_hash *hash, unsigned char result[DKIMSIGNATURE_HASH])
{
	bool is_made =
	    hash && EVP_DigestFinal_ex((EVP_MD_CTX *)hash, result, NULL) == 1;

	dkim_hash_free(hash);
	return is_made;
}

void
dkim_hash_free(struct dkim_hash *hash)
{
	EVP_MD_CTX_free((EVP_MD_CTX *)hash);
}

/* ---- signatures ---- */

/* All of the bytes are the key, as SubjectPublicKeyInfo or, as RFC 6376 has it by its
 * letter, as RSAPublicKey.  NULL: they are none. */
static EVP_PKEY *
make_rsa(struct span bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.s;
	const unsigned char *end = at + bytes.len;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)bytes.len);

	if (!key) {
		at = (const unsigned char *)bytes.s;
		key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)bytes.len);
	}
	if (key && (at != end || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static enum dkim_judgement
judge_rsa(EVP_PKEY *key, const unsigned char *hash, struct span signature)
{
	int bits = EVP_PKEY_get_bits(key), result = -1;
	EVP_PKEY_CTX *context;

	if (bits < DKIM_RSA_LEAST)
		return DKIM_SHORT_KEY;
	if (bits > DKIM_RSA_MOST)
		return DKIM_LONG_KEY;
	context = EVP_PKEY_CTX_new(key, NULL);
	if (!context || EVP_PKEY_verify_init(context) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1) {
		EVP_PKEY_CTX_free(context);
		return DKIM_UNKNOWN;
	}
	result = EVP_PKEY_verify(context, (const unsigned char *)signature.s,
	    signature.len, hash, DKIMSIGNATURE_HASH);
	EVP_PKEY_CTX_free(context);
	return result == 1 ? DKIM_GOOD : DKIM_BAD;
}

/* What is signed is the hash, as if it was the message: RFC 8463 3. */
static enum dkim_judgement
judge_ed25519(EVP_PKEY *key, const unsigned char *hash, struct span signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int result;

	if (!context ||
	    EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1) {
		EVP_MD_CTX_free(context);
		return DKIM_UNKNOWN;
	}
	result = EVP_DigestVerify(context, (const unsigned char *)signature.s,
	    signature.len, hash, DKIMSIGNATURE_HASH);
	EVP_MD_CTX_free(context);
	return result == 1 ? DKIM_GOOD : DKIM_BAD;
}

static enum dkim_judgement
judge(
    const struct dkimkey *key, const unsigned char *hash, struct span signature)
{
	bool is_rsa = key->type == DKIMKEY_RSA;
	struct span bytes = str_span(&key->bytes);
	EVP_PKEY *made;
	enum dkim_judgement result;

	if (is_rsa)
		made = make_rsa(bytes);
	else
		made = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
		    (const unsigned char *)bytes.s, bytes.len);
	if (!made)
		return DKIM_NO_KEY;
	result = is_rsa ? judge_rsa(made, hash, signature)
			: judge_ed25519(made, hash, signature);
	EVP_PKEY_free(made);
	return result;
}

enum dkim_judgement
dkim_judge(const struct dkimkey *key,
    const unsigned char hash[DKIMSIGNATURE_HASH], struct span signature)
{
	enum dkim_judgement result = judge(key, hash, signature);

	/* What went wrong here is nothing to the next. */
	ERR_clear_error();
	return result;
}

/* ---- before the first ---- */

/* Looks at a signature that is none. */
static void
judge_zeros(enum dkimkey_type type, struct span bytes, size_t len)
{
	static const unsigned char hash[DKIMSIGNATURE_HASH];
	static const char zeros[DKIM_RSA_LEAST / 8];
	struct dkimkey key = { .type = type, .bytes = STR_INIT };

	str_set(&key.bytes, bytes);
	(void)dkim_judge(&key, hash, span_make(zeros, len));
	str_free(&key.bytes);
}

static void
prepare_rsa(void)
{
	EVP_PKEY *pair = EVP_RSA_gen(DKIM_RSA_LEAST);
	unsigned char *bytes = NULL;
	int len = pair ? i2d_PUBKEY(pair, &bytes) : 0;

	if (len > 0)
		judge_zeros(DKIMKEY_RSA, span_make((char *)bytes, (size_t)len),
		    DKIM_RSA_LEAST / 8);
	OPENSSL_free(bytes);
	EVP_PKEY_free(pair);
}

static void
prepare_ed25519(void)
{
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	unsigned char bytes[32];
	size_t len = sizeof(bytes);

	if (pair && EVP_PKEY_get_raw_public_key(pair, bytes, &len) == 1)
		judge_zeros(DKIMKEY_ED25519, span_make((char *)bytes, len), 64);
	EVP_PKEY_free(pair);
}

void
dkim_crypto_prepare(void)
{
	unsigned char hash[DKIMSIGNATURE_HASH];

	if (!dkim_hash_end(dkim_hash_new(), hash))
		return;
	prepare_rsa();
	prepare_ed25519();
	ERR_clear_error();
}
