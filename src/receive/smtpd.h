/*
 * smtpd.h - the parts of qmail-smtpd.
 *
 *	qmail-smtpd.c     start and configuration
 *	smtpd_reply.c     replies, and every way to end (smtpd_reply.h)
 *	smtpd_session.c   commands and replies
 *	smtpd_policy.c    who may send to whom
 *	smtpd_data.c      the message
 */
#ifndef RECEIVE_SMTPD_H
#define RECEIVE_SMTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/wordset.h"
#include "config/hosts.h"
#include "sys/in.h"
#include "sys/out.h"

/*
 * What a client can choose.  RFC 5321 4.5.3.1 asks for commands of 512 bytes
 * and 100 recipients at least.
 */
#define SMTPD_COMMAND_MAX    4096 /* bytes of a line; the rest is skipped */
#define SMTPD_RECIPIENTS_MAX (1u << 20) /* bytes of all in a message */
#define SMTPD_IN_BUFFER	     65536
#define SMTPD_OUT_BUFFER     4096

/*
 * Time, in seconds.  Each read may take control/timeoutsmtpd; beyond that a
 * command, and a message at the slowest speed we bear with, must come to an
 * end, so that nobody holds a connection with a byte now and then.
 */
#define SMTPD_COMMAND_SECONDS 300   /* RFC 5321 4.5.3.2.7 asks for 300 */
#define SMTPD_DATA_SECONDS    600   /* ... for the data block and its end */
#define SMTPD_DATA_SPEED      100   /* bytes a second, counted from the start */
#define SMTPD_SESSION_SECONDS 86400 /* all commands together */

/* Who may send to whom; set up once. */
struct smtpd_policy {
	struct str me;		    /* control/me */
	struct wordset bad_senders; /* addresses, and @domains */
	struct hosts hosts;
	const char *relay_suffix; /* $RELAYCLIENT; NULL: not a relay client */
};

struct smtpd {
	struct in in;
	struct out out;
	struct smtpd_policy policy;
	struct str greeting;		/* the name we go by */
	uint64_t data_max;		/* bytes of a message; 0: no limit */
	unsigned timeout;		/* seconds */
	int64_t session_end;		/* clock_monotonic */
	struct span host, user, ip, by; /* for the Received field */
	struct str helo;
	bool has_helo, is_extended; /* HELO or EHLO came; EHLO was the last */
	/* The transaction. */
	bool has_sender, is_bad_sender;
	struct str sender;
	struct str recipients; /* each ends in NUL */
	/* For one command. */
	struct str line, address;
};

/* smtpd_serve: greets, and serves commands until QUIT. */
void smtpd_serve(struct smtpd *smtpd);

/*
 * smtpd_receive: after DATA: takes the message, hands it to qmail-queue, and
 * replies.
 */
void smtpd_receive(struct smtpd *smtpd);

/* smtpd_policy_read: control files and environment.  0, -1 with errno. */
MUST_CHECK int smtpd_policy_read(struct smtpd_policy *policy, struct span me);

/* smtpd_policy_rewrite: user@[our address] becomes user@localiphost.
 * Returns 0, -1 with errno. */
MUST_CHECK int
smtpd_policy_rewrite(const struct smtpd_policy *policy, struct str *address);

/* smtpd_policy_is_bad_sender: whether control/badmailfrom names it. */
bool smtpd_policy_is_bad_sender(
    const struct smtpd_policy *policy, struct span sender);

/*
 * smtpd_policy_accept: whether this recipient is accepted; adds $RELAYCLIENT.
 * Returns 1, 0 for no, -1 with errno.
 */
MUST_CHECK int
smtpd_policy_accept(struct smtpd_policy *policy, struct str *recipient);

#endif
