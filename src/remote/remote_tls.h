/*
 * remote_tls.h - TLS with the next hop: what it has to be like, and having it
 * spoken by qmail-tlsc.
 */
#ifndef REMOTE_REMOTE_TLS_H
#define REMOTE_REMOTE_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "config/tlspolicy.h"
#include "net/stsdoor.h"
#include "net/tcpto.h"

struct remote;

#define REMOTE_TLS_PORT 465 /* TLS from the first byte (RFC 8314) */
/* For a handshake; qmail-tlsc has its own limit, which is shorter. */
#define REMOTE_TLS_SECONDS   90
#define REMOTE_LOGIN_SECONDS 300 /* with the login */

/* How it is with one connection. */
enum remote_tls_wish {
	REMOTE_TLS_NOT, /* clear text */
	REMOTE_TLS_TRY, /* TLS if it is there */
	REMOTE_TLS_MUST /* TLS, as the demand says, or nothing */
};

struct remote_tls {
	struct sts_answer sts;	  /* of the domain */
	enum sts_outcome has_sts; /* whether there is one */
	bool is_sts_asked;
	struct tlspolicy policy;   /* of the domain */
	enum remote_tls_wish wish; /* of this connection; likewise: */
	const char *source;	   /* where that comes from; for the log */
	const char *result;	   /* what came of it; for the log */
	/* What a domain is to be told, though TLS is well and mail goes; a word for
	 * the log, or empty. */
	const char *observed;
	int login;	 /* qmail-secretd, which has a login for it; -1: none */
	bool is_greeted; /* and it has read the greeting */
	bool is_login_refused; /* TLS is well, but not the login */
	bool is_known;	       /* the demand says who the server is */
	bool is_unfit; /* the host cannot be known well enough for REQUIRETLS */
	int door;      /* of qmail-tlsc; -1: closed */
	bool is_on;
	bool is_heard;	    /* and the server has said something in it */
	bool is_our_fault;  /* that it failed */
	bool is_clear_next; /* TLS failed; the same host again, in clear text */
	bool is_missed;	    /* the host offers it, and the session is without */
	struct str report;  /* of qmail-tlsc */
	struct str demand;  /* a record for it */
	struct str reason;  /* why it failed, in words */
};

#define REMOTE_TLS_INIT                                                        \
	{                                                                      \
		.sts = STS_ANSWER_INIT, .policy = TLSPOLICY_INIT, .login = -1, \
		.door = -1, .source = "none", .result = "", .observed = ""     \
	}

/* remote_tls_read: what control/tlspolicy says of the domain, or of the relay;
 * ends the program if that cannot be understood. */
void remote_tls_read(struct remote *remote, struct span relay);

/* remote_tls_plan: decides for the connection to remote->peer. */
void remote_tls_plan(struct remote *remote);

/* remote_tls_is_served: whether there is a qmail-tlsc at all. */
bool remote_tls_is_served(void);

/*
 * remote_tls_open: makes sure that somebody will speak TLS.  Returns false if
 * nobody does, or it is better left alone with this host; the result and the
 * reason say why.
 */
MUST_CHECK bool remote_tls_open(struct remote *remote);

/* remote_tls_close: nobody will be asked to speak TLS on this connection: who
 * waits for that need not any more. */
void remote_tls_close(struct remote_tls *tls);

/* remote_tls_fail: sets them.  result: a word for the log, good for ever; empty:
 * nothing is logged. */
void
remote_tls_fail(struct remote_tls *tls, const char *result, const char *reason);

/* remote_tls_decide: asks, after that, what the domain itself wants, and makes it
 * stricter.  Returns false if nothing may be sent to this host; the result and the
 * reason say why. */
MUST_CHECK bool remote_tls_decide(struct remote *remote);

/* remote_tls_is_waived: whether the header says that the sender would rather have
 * it arrive (RFC 8689 5): then nobody asks what the domain wants.  REQUIRETLS goes
 * before that. */
bool remote_tls_is_waived(const struct remote *remote);

/* remote_tls_is_implicit: whether it begins with TLS. */
bool remote_tls_is_implicit(const struct remote *remote);

/*
 * remote_tls_begin: after remote_tls_open, has TLS spoken on a connection.
 * Returns the descriptor of the plain text; -1: it failed, remote->tls.result
 * and reason tell why.  fd is closed in any case.
 */
MUST_CHECK int remote_tls_begin(struct remote *remote, int fd);

/* remote_tls_keep: the server has been heard in TLS: it is logged, and what was
 * noted of its TLS is forgotten. */
void remote_tls_keep(struct remote *remote);

/* remote_tls_note: TLS has failed with a host that could do without; next time
 * it is not tried for a while. */
void remote_tls_note(struct remote *remote);

/* remote_tls_hurry: what was noted of its TLS is forgotten: it is tried next time. */
void remote_tls_hurry(const struct remote *remote);

/* remote_tls_log: one line on the session for the log, if TLS was thought of. */
void remote_tls_log(struct remote *remote);

#endif
