/* dkim_keys.c - the keys of domains.  Input: trusted, but for the name that is asked
 * for */
#include "dkim_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/ascii.h"
#include "base/secret.h"
#include "config/home.h"
#include "sys/dir.h"
#include "sys/error.h"
#include "sys/file.h"

#define ENDING	       ".pem"
#define NAME_MAX_BYTES 253 /* of a domain, and of a selector */

bool
dkim_keys_is_name(struct span text)
{
	char before = '.';

	for (size_t i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (c == '.' ? before == '.'
			     : !(ascii_is_digit(c) || c == '-' || c == '_' ||
				   (c >= 'a' && c <= 'z')))
			return false;
		before = c;
	}
	return before != '.' && text.len <= NAME_MAX_BYTES;
}

/* ---- one key ---- */

static int
fail(struct dkim_keys *keys, const char *path, const char *why)
{
	str_set(&keys->wrong, span_of(path));
	str_add_z(&keys->wrong, ": ");
	str_add_z(&keys->wrong, why);
	return -1;
}

/* Words on why a key is of no use; NULL: it is of use, and *algorithm is set. */
static const char *
judge(EVP_PKEY *key, const char **algorithm)
{
	int bits = EVP_PKEY_get_bits(key);

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_ED25519:
		*algorithm = "ed25519-sha256";
		return NULL;
	case EVP_PKEY_RSA:
		*algorithm = "rsa-sha256";
		return bits < DKIM_BITS_LEAST || bits > DKIM_BITS_MOST
		    ? "its RSA key has not 1024 to 4096 bits"
		    : NULL;
	default:
		return "its key is neither RSA nor Ed25519";
	}
}

/* No password is asked for: there is nobody to type one. */
static int
no_password(char *buffer, int size, int is_for_writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)is_for_writing;
	(void)context;
	return -1;
}

static EVP_PKEY *
parse(struct span text)
{
	BIO *source = BIO_new_mem_buf(text.s, (int)text.len);
	EVP_PKEY *key = source
	    ? PEM_read_bio_PrivateKey(source, NULL, no_password, NULL)
	    : NULL;

	BIO_free(source);
	ERR_clear_error();
	return key;
}

static int
read_key(struct dkim_keys *keys, const char *path, struct span selector)
{
	struct dkim_key key = { STR_INIT, NULL, NULL };
	struct str text = STR_INIT;
	const char *why;
	int result;

	str_reserve(&text, DKIM_KEY_FILE + 1); /* no copy is left behind */
	result = file_read(path, &text, DKIM_KEY_FILE);
	why = result < 0 ? error_text(errno) : NULL;
	if (!why) {
		key.key = parse(str_span(&text));
		why = key.key
		    ? judge(key.key, &key.algorithm)
		    : "it is no private key in PEM, without a password";
	}
	secret_wipe(text.s, text.len);
	str_free(&text);
	if (why) {
		EVP_PKEY_free(key.key);
		return fail(keys, path, why);
	}
	str_set(&key.selector, selector);
	vec_push(&keys->all, key);
	return 0;
}

/* ---- all of a domain ---- */

static int
by_selector(const void *a, const void *b)
{
	const struct dkim_key *left = a, *right = b;
	struct span one = str_span(&left->selector);
	struct span other = str_span(&right->selector);
	int order =
	    memcmp(one.s, other.s, one.len < other.len ? one.len : other.len);

	return order ? order : one.len < other.len ? -1 : 1;
}

static int
read_all(struct dkim_keys *keys, struct dir *dir, struct span folder)
{
	struct str path = STR_INIT;
	const char *name;
	int got = 0, result = 0;

	while (result == 0 && (got = dir_next(dir, &name)) > 0) {
		struct span selector = span_of(name);

		if (!span_ends(selector, SPAN(ENDING)))
			continue;
		selector = span_upto(selector, selector.len - strlen(ENDING));
		if (!dkim_keys_is_name(selector))
			continue;
		str_set(&path, folder);
		str_add_byte(&path, '/');
		str_add_z(&path, name);
		result = keys->all.len == DKIM_KEYS_MOST
		    ? fail(keys, str_z(&path), "there are more than 8 keys")
		    : read_key(keys, str_z(&path), selector);
	}
	if (result == 0 && got < 0) {
		str_set(&path, folder);
		result = fail(keys, str_z(&path), error_text(errno));
	}
	str_free(&path);
	return result;
}

int
dkim_keys_read(struct span domain, struct dkim_keys *keys)
{
	struct str path = STR_INIT;
	struct dir dir = { NULL, 0 };
	int result = 0;

	dkim_keys_free(keys);
	if (!dkim_keys_is_name(domain))
		return 0;
	str_add_z(&path, home_signing_keys);
	str_add_byte(&path, '/');
	str_add(&path, domain);
	if (dir_open(&dir, str_z(&path)) == 0)
		result = read_all(keys, &dir, str_span(&path));
	else if (errno != ENOENT)
		result = fail(keys, str_z(&path), error_text(errno));
	dir_close(&dir);
	str_free(&path);
	if (keys->all.len > 1)
		qsort(keys->all.at, keys->all.len, sizeof(*keys->all.at),
		    by_selector);
	return result;
}

const struct dkim_key *
dkim_keys_find(const struct dkim_keys *keys, struct span selector)
{
	for (size_t i = 0; i < keys->all.len; i++)
		if (span_equal(str_span(&keys->all.at[i].selector), selector))
			return &keys->all.at[i];
	return NULL;
}

/* ---- signatures ---- */

static bool
sign_rsa(
    EVP_PKEY *key, const unsigned char *hash, unsigned char *to, size_t *len)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	bool is_made = context && EVP_PKEY_sign_init(context) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
	    EVP_PKEY_sign(context, to, len, hash, DKIM_KEY_HASH) == 1;

	EVP_PKEY_CTX_free(context);
	return is_made;
}

/* The hash is what is signed, as if it was the message. */
static bool
sign_ed25519(
    EVP_PKEY *key, const unsigned char *hash, unsigned char *to, size_t *len)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_made = context &&
	    EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestSign(context, to, len, hash, DKIM_KEY_HASH) == 1;

	EVP_MD_CTX_free(context);
	return is_made;
}

bool
dkim_key_sign(const struct dkim_key *key,
    const unsigned char hash[DKIM_KEY_HASH], struct str *signature)
{
	unsigned char bytes[DKIM_BITS_MOST / 8];
	size_t len = sizeof(bytes);
	bool is_made = EVP_PKEY_get_base_id(key->key) == EVP_PKEY_RSA
	    ? sign_rsa(key->key, hash, bytes, &len)
	    : sign_ed25519(key->key, hash, bytes, &len);

	ERR_clear_error();
	if (is_made)
		str_set(signature, span_make((const char *)bytes, len));
	return is_made;
}

void
dkim_keys_free(struct dkim_keys *keys)
{
	for (size_t i = 0; i < keys->all.len; i++) {
		EVP_PKEY_free(keys->all.at[i].key);
		str_free(&keys->all.at[i].selector);
	}
	vec_free(&keys->all);
	str_free(&keys->wrong);
}

/* ---- before the first ---- */

/* Reads a key and signs with it; it is released. */
static void
use_once(EVP_PKEY *pair)
{
	static const unsigned char hash[DKIM_KEY_HASH];
	BIO *text = BIO_new(BIO_s_mem());
	struct dkim_key key = { STR_INIT, NULL, NULL };
	struct str signature = STR_INIT;
	char *bytes;
	long len;

	if (text && pair &&
	    PEM_write_bio_PrivateKey(text, pair, NULL, NULL, 0, NULL, NULL) ==
		1 &&
	    (len = BIO_get_mem_data(text, &bytes)) > 0)
		key.key = parse(span_make(bytes, (size_t)len));
	if (key.key)
		(void)!dkim_key_sign(&key, hash, &signature);
	str_free(&signature);
	EVP_PKEY_free(key.key);
	EVP_PKEY_free(pair);
	BIO_free(text);
	ERR_clear_error();
}

void
dkim_keys_prepare(void)
{
	use_once(EVP_RSA_gen(DKIM_BITS_LEAST));
	use_once(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}
