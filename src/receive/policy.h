/*
 * policy.h - who may send to whom; for all protocols.
 * Source: qmail-smtpd(8).
 */
#ifndef RECEIVE_POLICY_H
#define RECEIVE_POLICY_H

#include <stdbool.h>

#include "answer.h"
#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "config/blocklist.h"
#include "config/hosts.h"
#include "net/greydoor.h"
#include "queue/rcptcheck.h"

/* Set up once. */
struct policy {
	struct blocklist bad_senders, bad_recipients;
	struct hosts hosts;
	const char *relay_suffix; /* $RELAYCLIENT; NULL: not a relay client */
	/* $REFUSECLIENT: why the client is not welcome; empty: it is. */
	struct span refusal;
	struct greydoor_question
	    delay;		/* $GREYLIST, $RATELIMIT, $NETRATELIMIT */
	bool checks_recipients; /* control/rcptcheck is not "off" */
	struct rcptcheck check;
};

#define POLICY_INIT                                                    \
	{                                                              \
		.bad_senders = BLOCKLIST_INIT,                         \
		.bad_recipients = BLOCKLIST_INIT, .hosts = HOSTS_INIT, \
		.check = RCPTCHECK_INIT                                \
	}

/*
 * policy_read: control files and environment; the working folder is the home
 * of the suite.
 *   policy   must be as after POLICY_INIT
 * Returns 0, -1 with errno.
 */
MUST_CHECK int policy_read(struct policy *policy);

/* policy_end_relaying: what the environment allowed was for a proxy, not for
 * its client, and goes from there.  Returns 0, -1 with errno. */
MUST_CHECK int policy_end_relaying(struct policy *policy);

/* Whether a recipient is taken. */
enum policy_verdict {
	POLICY_ACCEPTED,
	POLICY_BAD_CLIENT,    /* policy->refusal */
	POLICY_BAD_RECIPIENT, /* control/badrcptto */
	POLICY_NOT_OURS,      /* another domain */
	POLICY_UNKNOWN,	      /* nobody here has this name */
	POLICY_LATER,	      /* that cannot be told now */
	POLICY_GREY,	      /* it is to come again */
	POLICY_CLIENT_FULL,   /* too many for this client */
	POLICY_NETWORK_FULL,  /* too many for its network */
	POLICY_TROUBLE,	      /* our configuration cannot be used; errno */
};

/* policy_judge: judges a recipient of mail from a sender; adds $RELAYCLIENT to it. */
enum policy_verdict
policy_judge(struct policy *policy, struct span sender, struct str *recipient);

/* policy_answer: what the client is told of a verdict; good as long as the policy. */
struct answer
policy_answer(const struct policy *policy, enum policy_verdict verdict);

#endif
