/*
 * tls_authorities.c - whom a client believes.
 * Input: the files are trusted
 */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "tls.h"

/* Adds the certificates of one file.  Returns false: no memory. */
static bool
add_certificates(X509_STORE *store, struct span text)
{
	BIO *bio = BIO_new_mem_buf(text.s, (int)text.len);
	X509 *certificate;
	bool result = bio != NULL;

	while (result &&
	    (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		result = X509_STORE_add_cert(store, certificate) == 1;
		X509_free(certificate);
	}
	(void)BIO_free(bio);
	return result;
}

static SSL_CTX *
make_context(const struct tls_files *files, struct str *trouble)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	bool is_good = context && tls_context_limit(context) &&
	    SSL_CTX_dane_enable(context) == 1;

	for (size_t i = 0; is_good && i < files->all.len; i++) {
		is_good = add_certificates(SSL_CTX_get_cert_store(context),
		    str_span(&files->all.at[i].text));
		if (ERR_GET_REASON(ERR_peek_last_error()) !=
		    PEM_R_NO_START_LINE) /* the end of the file */
			str_add_z(trouble,
			    "the list of authorities cannot be read to its "
			    "end\n");
		ERR_clear_error();
	}
	if (is_good)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

SSL *
tls_authorities_make(struct tls_files *files, const struct tls_files *before,
    struct str *trouble)
{
	struct str words = STR_INIT;
	SSL_CTX *context = make_context(files, &words);
	bool is_told = false;
	SSL *fresh;

	if (words.len && before->all.len) {
		for (size_t i = 0; i < files->all.len; i++)
			is_told |=
			    tls_files_fall_back(&files->all.at[i], before);
		SSL_CTX_free(context);
		context = make_context(files, trouble);
	}
	if (!is_told)
		str_add(trouble, str_span(&words));
	str_free(&words);
	if (!context)
		return NULL;
	tls_warm();
	fresh = SSL_new(context);
	SSL_CTX_free(context); /* that one holds it */
	return fresh;
}
