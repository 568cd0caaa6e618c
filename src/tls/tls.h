/*
 * tls.h - the parts of this room, which speaks TLS with OpenSSL.
 *
 *	qmail-tlsd.c     the server's side of TLS
 *	qmail-tlsc.c     the client's side
 *	tls_daemon.c     root: reads keys and certificates, and sees that somebody
 *	                 serves
 *	tls_files.c      what it reads
 *	tls_serve.c      qmailt: what comes in at the door
 *	tls_contexts.c   the keys and certificates of a server, ready for
 *	                 handshakes
 *	tls_authorities.c  whom a client believes, likewise
 *	tls_warm.c       handshakes before the first
 *	tls_judge.c      whether another server is who it should be
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
#include "config/home.h"
#include "net/tlsdemand.h"

/* ---- tls_files.c ---- */

/* A file with keys or certificates, as text (PEM). */
struct tls_file {
	struct str name;  /* of the host; empty: for all others */
	struct str stamp; /* another text when it was changed */
	struct str text;
	int error;   /* errno: it cannot be read; 0: it was */
	bool is_bad; /* see tls_files_fall_back */
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
#define TLS_CA	       "control/tlsca"
#define TLS_SYSTEM_CA  "/etc/ssl/certs/ca-certificates.crt"

/*
 * tls_files_read_keys: reads control/servercert.pem, and NAME.pem of
 * control/tlscerts.  One that cannot be read is there all the same, with its error.
 *   culprit   receives the name of what stands in the way of all
 * Returns 0; -1 with errno, ENOENT: there is none at all.
 */
MUST_CHECK int
tls_files_read_keys(struct tls_files *files, struct str *culprit);

/* tls_files_stamp_keys: sets stamp to what it would be now; no more is read than
 * names and times. */
void tls_files_stamp_keys(struct str *stamp);

/* tls_files_read_authorities, tls_files_stamp_authorities: the same for
 * control/tlsca or, without it, what the system has; that there is neither is no
 * error: no file, then. */
MUST_CHECK int
tls_files_read_authorities(struct tls_files *files, struct str *culprit);
void tls_files_stamp_authorities(struct str *stamp);

/*
 * tls_files_fall_back: one of them cannot be used: its text becomes what was in use
 * of this name, or empty if nothing was.
 *   before   those that were in use
 * Returns whether that was so before, with the same file: then it has been told.
 */
bool tls_files_fall_back(struct tls_file *file, const struct tls_files *before);

/* tls_files_free: wipes them, too. */
void tls_files_free(struct tls_files *files);

/* ---- tls_contexts.c ---- */

/*
 * tls_contexts_make: makes all ready.  Those that cannot be used fall back to what
 * there was before.  This happens once in a process: what it makes stays.
 *   before    those that were in use; none: this is the start
 *   trouble   receives lines about what cannot be used, unless they were told
 * Returns a server's side of a session that has not begun; NULL if nothing can be
 * used; at the start also if control/servercert.pem is there and cannot.
 */
SSL *tls_contexts_make(struct tls_files *files, const struct tls_files *before,
    struct str *trouble);

/* ---- tls_authorities.c ---- */

/* tls_authorities_make: a client's side, which knows them; the rest as above, but
 * of half a file at the start that half is used.  What is no certificate is passed
 * over.  NULL: no memory. */
SSL *tls_authorities_make(struct tls_files *files,
    const struct tls_files *before, struct str *trouble);

/* ---- tls_warm.c ---- */

/* tls_warm: handshakes of two sides of our own, in each version, with new keys; no
 * bytes leave the process.  That they fail matters to nobody. */
void tls_warm(void);

/* ---- tls_judge.c ---- */

/*
 * tls_judge_prepare: what the handshake has to look at.
 *   ssl   new, a client's
 * Returns false: the demand cannot be met, whoever the server is.
 */
MUST_CHECK bool tls_judge_prepare(SSL *ssl, const struct tlsdemand *demand);

/* tls_judge_words: after a handshake: NULL if the server is who it should be;
 * else a word of RFC 8460 4.3 on what it is not. */
const char *tls_judge_words(SSL *ssl, const struct tlsdemand *demand);

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
#define TUNNEL_HANDSHAKE_BYTES	 (512u << 10) /* that the peer sends in it */
/* In all: for the peer to take the rest when the program has ended, or to end a
 * message of TLS itself that he has begun and that holds up what goes out. */
#define TUNNEL_FLUSH_SECONDS  60
#define TUNNEL_LINGER_SECONDS 5 /* for the peer to take the last of it */
#define TUNNEL_MESSAGES_MAX \
	100 /* of TLS itself, as new keys, without text between */

/* tls_context_limit: what holds for both sides: TLS 1.2 and up; nothing is
 * remembered of a session when it is over.  Returns false: no memory. */
MUST_CHECK bool tls_context_limit(SSL_CTX *context);

struct tls_tunnel {
	SSL *ssl;
	const char *log; /* "tlsd": a handshake that fails is logged; or NULL */
	char letter;	 /* of tlsdoor.h: what the program wants to know */
	/* A client's: who the server is to be, and tls_judge_words; or NULL. */
	const struct tlsdemand *demand;
	const char *(*judge)(SSL *ssl, const struct tlsdemand *demand);
};

/*
 * tls_tunnel_run: does the handshake, reports, and carries bytes both ways until
 * both have said all.
 * Returns the exit code: 0, or 1 when the handshake has failed.
 */
MUST_CHECK int tls_tunnel_run(const struct tls_tunnel *plan);

/* tls_tunnel_refuse: reports, where that is wanted, that there will be no
 * handshake, and why: a word of RFC 8460 4.3, and words. */
void tls_tunnel_refuse(
    const struct tls_tunnel *plan, const char *word, const char *reason);

/* ---- tls_serve.c ---- */

/* In what qmail-tlsd and qmail-tlsc differ. */
struct tls_kind {
	const char *name;	 /* of the program */
	const char *door;	 /* of tlsdoor.h */
	const char *limit;	 /* control file: sessions at once */
	enum home_user peers[2]; /* who may ask, besides root */
	enum home_group group;	 /* of the process that serves */
	int64_t patience;	 /* seconds to wait for a record */
	int (*read)(struct tls_files *files, struct str *culprit);
	void (*stamp)(struct str *stamp);
	/* Makes a side of a session; all as above. */
	SSL *(*prepare)(struct tls_files *files, const struct tls_files *before,
	    struct str *trouble);
	/* One session, in a process of its own, with the descriptors of a
	 * tunnel; its exit code.  ssl is its own copy of what was prepared. */
	int (*session)(SSL *ssl, struct span record);
};

struct tls_service {
	const struct tls_kind *kind;
	SSL *fresh; /* of which each session gets a copy, by fork */
};

/*
 * tls_serve: one session, in the process of it, for who has come in on sock.
 *   context   a struct tls_service
 * Returns its exit code.
 */
int tls_serve(void *context, int sock);

/* ---- tls_daemon.c ---- */

/* tls_daemon_run: the whole program.  Returns its exit code. */
int tls_daemon_run(const struct tls_kind *kind);

#endif
