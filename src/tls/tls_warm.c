/*
 * tls_warm.c - a meeting with ourselves, before strangers come.
 *
 * At its first handshake OpenSSL looks up and makes ready much that all others use.
 * A process of a session is a copy of the one that serves, and does none of that
 * again if that one has done it.  The keys of the server are not touched: what OpenSSL
 * keeps with a key from its first use, as what blinds RSA, each session makes anew.
 */
#include <openssl/err.h>
#include <openssl/x509.h>

#include "sys/fd.h"
#include "tls.h"

#define TURNS	    4 /* of the handshake; each side has something to say in two */
#define DAY_SECONDS 86400
#define RSA_BITS    2048

/* Turn by turn, for both are this process. */
static void
talk(SSL *server, SSL *client)
{
	char byte;

	for (int turn = 0; turn < TURNS; turn++) {
		(void)SSL_do_handshake(client);
		(void)SSL_do_handshake(server);
	}
	(void)SSL_write(client, "c", 1);
	(void)SSL_read(server, &byte, 1);
	(void)SSL_write(server, "s", 1);
	(void)SSL_read(client, &byte, 1);
	(void)SSL_shutdown(client);
	(void)SSL_shutdown(server);
}

static void
meet(SSL_CTX *server_context, SSL_CTX *client_context, int version)
{
	SSL *server = SSL_new(server_context),
	    *client = SSL_new(client_context);
	int ends[2];

	if (server && client && fd_stream_pair(ends) == 0) {
		SSL_set_accept_state(server);
		SSL_set_connect_state(client);
		if (fd_set_nonblocking(ends[0]) == 0 &&
		    fd_set_nonblocking(ends[1]) == 0 &&
		    SSL_set_fd(server, ends[0]) == 1 &&
		    SSL_set_fd(client, ends[1]) == 1 &&
		    SSL_set_max_proto_version(client, version) == 1)
			talk(server, client);
		fd_close(ends[0]);
		fd_close(ends[1]);
	}
	SSL_free(server);
	SSL_free(client);
	ERR_clear_error();
}

/* Lets it have a new key, and a certificate that nobody believes. */
static bool
use_key(SSL_CTX *server, EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	bool result = key && certificate &&
	    X509_set_pubkey(certificate, key) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(certificate), 0) &&
	    X509_gmtime_adj(X509_getm_notAfter(certificate), DAY_SECONDS) &&
	    X509_sign(certificate, key, EVP_sha256()) > 0 &&
	    SSL_CTX_use_cert_and_key(server, certificate, key, NULL, 1) == 1;

	X509_free(certificate);
	return result;
}

static void
meet_with_key(EVP_PKEY *key)
{
	SSL_CTX *server = SSL_CTX_new(TLS_server_method());
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());

	if (server && client && use_key(server, key)) {
		meet(server, client, TLS1_3_VERSION);
		meet(server, client, TLS1_2_VERSION);
	}
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	EVP_PKEY_free(key);
	ERR_clear_error();
}

void
tls_warm(void)
{
	meet_with_key(EVP_EC_gen("P-256"));
	meet_with_key(EVP_RSA_gen(RSA_BITS));
}
