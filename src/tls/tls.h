/*
 * tls.h - the parts of this room, the only one that knows OpenSSL.
 *
 *	qmail-tlsd.c     root: reads keys and certificates, and sees that somebody
 *	                 serves
 *	tls_files.c      what it reads
 *	tlsd_serve.c     qmailt: opens the door, a process for each connection
 *	tls_contexts.c   the keys and certificates, ready for handshakes
 *	tls_tunnel.c     one connection
 */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

/* ---- tls_files.c ---- */

/* A file with keys and certificates, as text (PEM). */
struct tls_file {
	struct str name; /* of the host; empty: for all others */
	struct str text;
};

struct tls_files {
	VEC(struct tls_file) all;
	struct str stamp; /* another text when any of them was changed */
};

#define TLS_FILES_INIT             \
	{                          \
		VEC_INIT, STR_INIT \
	}

#define TLS_FILE_MAX   (1u << 20) /* bytes */
#define TLS_FILES_MAX  10000
#define TLS_SERVERCERT "control/servercert.pem"
#define TLS_CERTS      "control/tlscerts"

/*
 * tls_files_read: reads control/servercert.pem, and NAME.pem of control/tlscerts.
 *   culprit   receives the name of a file that cannot be read
 * Returns 0; -1 with errno, ENOENT: there is none at all.
 */
MUST_CHECK int tls_files_read(struct tls_files *files, struct str *culprit);

/* tls_files_stamp: sets stamp to what it would be now; no more is read than
 * names and times. */
void tls_files_stamp(struct str *stamp);

/* tls_files_free: wipes them, too. */
void tls_files_free(struct tls_files *files);

/* ---- tls_contexts.c ---- */

struct tls_contexts;

/*
 * tls_contexts_make: makes all ready.
 *   trouble   receives words about what cannot be used; the others can
 * Returns NULL if nothing can be used.
 */
struct tls_contexts *
tls_contexts_make(const struct tls_files *files, struct str *trouble);

/* tls_contexts_server: a new server's side of a session; NULL: no memory. */
SSL *tls_contexts_server(const struct tls_contexts *contexts);

/* ---- tls_tunnel.c ---- */

/* The descriptors of a tunnel: all that its process has open. */
enum {
	TUNNEL_NETWORK = 0,
	TUNNEL_TO_PROGRAM = 1,
	TUNNEL_LOG = 2,
	TUNNEL_FROM_PROGRAM = 3,
	TUNNEL_CONTROL = 4,
	TUNNEL_FDS /* how many */
};

#define TUNNEL_HANDSHAKE_SECONDS 60
/* For the peer to take more, when the program has ended. */
#define TUNNEL_FLUSH_SECONDS  60
#define TUNNEL_LINGER_SECONDS 5 /* for the peer to take the last of it */

/*
 * tls_tunnel: does the handshake, reports, and carries bytes both ways until
 * both have said all.
 *   reports   whether the program wants to know
 * Returns the exit code: 0, or 1 when the handshake has failed, which is logged.
 */
MUST_CHECK int tls_tunnel(SSL *ssl, bool reports);

/* ---- tlsd_serve.c ---- */

struct tlsd_service {
	const struct tls_contexts *contexts;
	int life;
	uid_t peer;	   /* who may ask, besides root */
	uint64_t sessions; /* at once; others wait at the door */
};

/*
 * tlsd_serve: opens the door and serves, until the other end of life is gone.
 * Writes a byte to life when it begins.
 */
NORETURN void tlsd_serve(const struct tlsd_service *service);

#endif
