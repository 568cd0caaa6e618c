/*
 * smtpd.h - the parts of qmail-smtpd.
 *
 *	qmail-smtpd.c     start and configuration
 *	smtpd_reply.c     replies, and every way to end (smtpd_reply.h)
 *	smtpd_log.c       what the administrator is told (smtpd_log.h)
 *	smtpd_line.c      reads a line
 *	smtpd_session.c   the loop, and the simple commands
 *	smtpd_envelope.c  MAIL and RCPT
 *	smtpd_data.c      DATA and BDAT: the text of a message
 *	smtpd_xclient.c   XCLIENT: a proxy speaks for its client
 *	smtpd_tls.c       STARTTLS
 *	smtpd_auth.c      AUTH: who the client is
 *	smtpd_submit.c    submission: new messages of those who have logged in
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
#include "config/hostnames.h"
#include "config/senders.h"
#include "mail/crlftext.h"
#include "mail/smtptext.h"
#include "mail/tidylines.h"
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
#define SMTPD_RESPONSE_MAX \
	12289 /* bytes of a line in AUTH, with a CR: RFC 4954 4 */
#define SMTPD_LOGIN_FAILURES 3 /* then the session ends */
/* Bytes of a line with a password: what is longer is none that anybody has
 * (queue/logincheck.h). */
#define SMTPD_SECRET_ROOM 1024
#define SMTPD_IN_BUFFER	  65536
#define SMTPD_OUT_BUFFER  4096

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

/* Who the client is, if it has said so. */
struct smtpd_login {
	bool is_wanted, is_required; /* $SMTPAUTH */
	bool hides_client;	     /* control/hideclient */
	struct str name;	     /* empty: nobody has logged in */
	struct span user_before;   /* what smtpd->user was before; likewise: */
	const char *suffix_before; /* policy.relay_suffix */
	unsigned failures;
	struct str secret; /* name and password, for one command */
};

/* Messages that begin here: of people, not of mail servers. */
struct smtpd_submission {
	bool is_on; /* $SUBMISSION */
	struct senders senders;
	struct hostnames names;
	/* Of one message. */
	struct tidylines lines;
	struct tidylines_wishes wishes;
	struct mailboxes authors;
	struct str line; /* of the header, that is not complete yet */
	bool is_body;	 /* the header is over */
	const char *fault;
};

/* What a proxy told of its client. */
struct smtpd_proxied {
	bool is_told;
	struct str host, user, ip, by;
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
	struct span peer; /* an address; that of a client, or of its proxy */
	struct smtpd_proxied proxied;
	struct str helo;
	bool has_helo, is_extended; /* HELO or EHLO came; EHLO was the last */
	struct smtpd_tls tls;
	struct smtpd_login login;
	struct smtpd_submission submission;
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

/* ---- smtpd_line.c ---- */

/*
 * smtpd_read_line: reads a line, without its end.
 *   line   receives it, replaced; of a line that is too long one byte more than
 *          it may have, and the rest is passed over
 *   max    bytes that it may have
 */
void smtpd_read_line(struct smtpd *smtpd, struct str *line, size_t max);

/* ---- smtpd_session.c ---- */

/* smtpd_serve: greets, and serves commands until QUIT. */
void smtpd_serve(struct smtpd *smtpd);

/* ---- smtpd_envelope.c ---- */

/* smtpd_mail, smtpd_rcpt: the commands; argument is what follows the verb. */
void smtpd_mail(struct smtpd *smtpd, struct span argument);
void smtpd_rcpt(struct smtpd *smtpd, struct span argument);

/* smtpd_forget: forgets sender, recipients, and what came of a message. */
void smtpd_forget(struct smtpd *smtpd);

/* smtpd_takes_requiretls: whether EHLO names REQUIRETLS (RFC 8689 3). */
bool smtpd_takes_requiretls(const struct smtpd *smtpd);

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

/* ---- smtpd_auth.c ---- */

/* smtpd_auth_read: from the environment and control files: whether AUTH is
 * offered.  Returns 0, -1 with errno. */
MUST_CHECK int smtpd_auth_read(struct smtpd *smtpd);

/* smtpd_auth_is_offered: whether EHLO names AUTH. */
bool smtpd_auth_is_offered(const struct smtpd *smtpd);

/* smtpd_auth_is_on: whether the client has logged in. */
bool smtpd_auth_is_on(const struct smtpd *smtpd);

/* smtpd_auth_is_missing: whether nothing is to be done before it has. */
bool smtpd_auth_is_missing(const struct smtpd *smtpd);

/* smtpd_auth_forget: whoever the client said that it is, it may be another. */
void smtpd_auth_forget(struct smtpd *smtpd);

/* smtpd_set_variable: tells the programs that are started from now on; value NULL:
 * nothing of that name. */
void
smtpd_set_variable(struct smtpd *smtpd, const char *name, const char *value);

/* smtpd_auth: the command.  No copy of a password is left. */
void smtpd_auth(struct smtpd *smtpd, struct span argument);

/* ---- smtpd_submit.c ---- */

/* smtpd_submit_read: whether messages begin here; after smtpd_auth_read.
 * Returns 0, -1 with errno. */
MUST_CHECK int smtpd_submit_read(struct smtpd *smtpd);

/* smtpd_submit_complete: completes an address of the envelope. */
void smtpd_submit_complete(const struct smtpd *smtpd, struct str *address);

/* smtpd_submit_find_fault: NULL, or the reply if a sender is not the client's. */
const char *smtpd_submit_find_fault(struct smtpd *smtpd, struct span sender);

/* smtpd_submit_count: counts a message of who has logged in, on whatever port.
 * Returns NULL, or the reply if that would be too many. */
const char *smtpd_submit_count(const struct smtpd *smtpd);

/* smtpd_submit_begin, _store, _end: the text on its way to receipt_store; its
 * header is put in order.  The last returns NULL, or the reply to a message that
 * cannot be taken. */
void smtpd_submit_begin(struct smtpd *smtpd);
void smtpd_submit_store(struct smtpd *smtpd, struct span piece);
const char *smtpd_submit_end(struct smtpd *smtpd);

#endif
