/*
 * smtpd.h - the parts of qmail-smtpd.
 *
 *	qmail-smtpd.c     start and configuration
 *	smtpd_reply.c     replies, and every way to end (smtpd_reply.h)
 *	smtpd_log.c       what the administrator is told (smtpd_log.h)
 *	smtpd_session.c   the loop, and the simple commands
 *	smtpd_envelope.c  MAIL and RCPT
 *	smtpd_data.c      DATA and BDAT: the text of a message
 *	smtpd_xclient.c   XCLIENT: a proxy speaks for its client
 *	smtpd_tls.c       STARTTLS
 *
 * and, shared with other protocols, policy.h, receipt.h, sys/logline.h.
 */
#ifndef RECEIVE_SMTPD_H
#define RECEIVE_SMTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "mail/crlftext.h"
#include "mail/smtptext.h"
#include "net/starttls.h"
#include "policy.h"
#include "receipt.h"
#include "sys/in.h"
#include "sys/out.h"

/*
 * What a client can choose.  RFC 5321 4.5.3.1 asks for commands of 512 bytes
 * and 100 recipients at least.
 */
#define SMTPD_COMMAND_MAX 4096 /* bytes of a line; the rest is skipped */
#define SMTPD_RECIPIENTS_MAX \
	(1u << 20) /* bytes of all in a message, and of
					   what is asked for them */
#define SMTPD_IN_BUFFER	 65536
#define SMTPD_OUT_BUFFER 4096

/*
 * Time, in seconds.  Each read may take control/timeoutsmtpd; beyond that a
 * command, and a message at the slowest speed we bear with, must come to an
 * end, so that nobody holds a connection with a byte now and then.
 */
#define SMTPD_COMMAND_SECONDS 300 /* RFC 5321 4.5.3.2.7 asks for 300 */
#define SMTPD_DATA_SECONDS    600 /* ... for the data block and its end */
#define SMTPD_DATA_SPEED      100 /* bytes a second, counted from the start */
#define SMTPD_LATE_SECONDS    60  /* for the last replies to be taken */

/* What the administrator may choose: control files of these names. */
struct smtpd_limits {
	uint64_t recipients; /* maxrcpt: of a message */
	uint64_t messages;   /* maxmail: of a session */
	uint64_t errors;     /* maxerrors: commands refused between messages */
	uint64_t unknown;    /* maxunknown: unknown recipients of a session */
	uint64_t timeout;    /* timeoutsmtpd: seconds */
	uint64_t session;    /* timeoutsession: seconds */
};

/* What happened, for the log. */
struct smtpd_counts {
	uint64_t messages, recipients, bytes; /* accepted */
	uint64_t refusals;		      /* replies 4yz and 5yz */
	uint64_t errors;  /* 5yz since a message was accepted; none of these: */
	uint64_t unknown; /* recipients */
};

/* What protects the session on its way. */
struct smtpd_tls {
	enum starttls_offer offer;
	bool is_on;
	struct span protocol, cipher; /* "TLSv1.3"; empty: not known */
	struct str report;	      /* of the provider */
};

struct smtpd {
	struct in in;
	struct out out;
	struct policy policy;
	struct str me; /* control/me */
	bool is_proxy; /* it may say XCLIENT */
	bool has_dsn;  /* the queue takes what is asked of notifications */
	struct smtpd_limits limits;
	struct str greeting;		/* the name we go by */
	int64_t started, session_end;	/* clock_monotonic */
	struct span host, user, ip, by; /* for the Received field */
	struct str proxied[3];		/* host, user, ip that a proxy told */
	struct str helo;
	bool has_helo, is_extended; /* HELO or EHLO came; EHLO was the last */
	struct smtpd_tls tls;
	struct smtpd_counts counts;
	/* The transaction. */
	bool has_sender, is_bad_sender, is_utf8;
	struct str sender;
	struct str parameters; /* what it asks of notifications: mail/dsn.h */
	struct str recipients; /* each ends in NUL */
	struct str wishes;     /* parameters of each; likewise */
	uint64_t recipient_count;
	struct receipt receipt;
	struct smtptext text;  /* DATA */
	struct crlftext chunk; /* BDAT */
	bool is_begun;	       /* BDAT: some of the message has come */
	bool is_refused; /* BDAT: what else comes is read, and forgotten */
	/* For one command. */
	struct str line, address;
};

/* ---- smtpd_session.c ---- */

/* smtpd_serve: greets, and serves commands until QUIT. */
void smtpd_serve(struct smtpd *smtpd);

/* smtpd_end_at: when a command must be here, seconds from now; never later
 * than the session may last.  A moment of clock_monotonic. */
int64_t smtpd_end_at(const struct smtpd *smtpd, int64_t seconds);

/* ---- smtpd_envelope.c ---- */

/* smtpd_mail, smtpd_rcpt: the commands; argument is what follows the verb. */
void smtpd_mail(struct smtpd *smtpd, struct span argument);
void smtpd_rcpt(struct smtpd *smtpd, struct span argument);

/* smtpd_forget: forgets sender, recipients, and what came of a message. */
void smtpd_forget(struct smtpd *smtpd);

/* ---- smtpd_data.c ---- */

/* smtpd_data, smtpd_bdat: the commands: take the text, hand it to qmail-queue,
 * and reply. */
void smtpd_data(struct smtpd *smtpd, struct span argument);
void smtpd_bdat(struct smtpd *smtpd, struct span argument);

/* ---- smtpd_xclient.c ---- */

/* What EHLO says that it takes. */
#define SMTPD_XCLIENT_NAMES "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"

/* smtpd_xclient_read: whether control/xclient lists the client, into
 * smtpd->is_proxy.  Returns 0, -1 with errno. */
MUST_CHECK int smtpd_xclient_read(struct smtpd *smtpd);

/* smtpd_xclient: the command. */
void smtpd_xclient(struct smtpd *smtpd, struct span argument);

/* ---- smtpd_tls.c ---- */

/* smtpd_tls_read: from the environment: whether TLS is offered, or on already. */
void smtpd_tls_read(struct smtpd *smtpd);

/* smtpd_tls_is_offered: whether EHLO names STARTTLS. */
bool smtpd_tls_is_offered(const struct smtpd *smtpd);

/* smtpd_tls_is_missing: whether nothing is to be done without it. */
bool smtpd_tls_is_missing(const struct smtpd *smtpd);

/* smtpd_starttls: the command. */
void smtpd_starttls(struct smtpd *smtpd, struct span argument);

#endif
