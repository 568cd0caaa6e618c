/* remote.h - what the parts of qmail-remote share. */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"
#include "net/dns.h"
#include "net/mx.h"
#include "net/tcpto.h"
#include "remote_end.h"
#include "remote_message.h"
#include "remote_tls.h"

#define REMOTE_TIMEOUT_MAX    1000000 /* seconds, whatever is configured */
#define REMOTE_REPLY_TIMEOUTS 2	      /* timeouts that a whole reply may take */

/* Seconds to wait for the greeting and for the reply to EHLO, whatever is
 * configured: then it is the next host's turn.  RFC 5321 4.5.3.2.1 wants no
 * less. */
#define REMOTE_HELLO_TIMEOUT 300

struct remote_recipient {
	struct span address;
	bool is_sendable;   /* else it is refused without asking the server */
	bool is_utf8;	    /* beyond ASCII: it needs SMTPUTF8 */
	struct span wishes; /* what is asked of notifications: mail/dsn.h */
};

struct remote {
	struct span sender;
	struct str parameters; /* what is asked of notifications */
	bool is_sender_utf8;
	bool needs_tls;	   /* all the way: REQUIRETLS */
	bool is_submitted; /* by a user of this host: it is signed */
	bool is_resent;	   /* by a list of this host: by that alone */
	VEC(struct remote_recipient) recipients;

	struct str helo;
	struct ip_address from; /* our own; family 0: any */
	/* Seconds. */
	unsigned timeout, timeout_connect, timeout_greeting, timeout_hello;
	int64_t deadline; /* of the delivery; clock_monotonic() */

	struct dns dns;
	struct tcpto tcpto;
	struct mx mx;
	struct str next_hop; /* the relay, or the domain */
	struct remote_tls tls;
	struct tcpto_host peer; /* the host that we talk to */
	bool is_peer_noted;	/* it was in trouble */

	bool is_any_tried; /* else all were left alone */
	bool is_any_lost;  /* a host was connected to, and did not take us */
	bool is_any_lost_else; /* ... for another reason than REQUIRETLS */
	enum remote_ending why_lost; /* what the last of them did */
	int lost_cause;		     /* errno, or 0 */
	struct str lost_said;	     /* and said */

	struct remote_told told;
	struct remote_message message;
};

/* remote_find_hosts: finds the hosts to try and their port.  Returns whether
 * they are to be sent to by QMTP. */
bool remote_find_hosts(struct remote *remote);

/* remote_sign: has a message signed that was submitted here: what is sent before it
 * is in remote->message.top; ends the program if it cannot be. */
void remote_sign(struct remote *remote);

/* remote_connect: connects to the next host that answers; ends the program if
 * there is none.  Returns the connection; remote->peer is set. */
int remote_connect(struct remote *remote);

/* remote_lose: the host has been connected to and did not take us, for this
 * reason; if it was the last that will be the end.
 *   cause   errno of REMOTE_LOST, 0: the server closed the connection */
void remote_lose(struct remote *remote, enum remote_ending ending, int cause,
    struct span said);

/* remote_peer_is_well: the host has greeted us and heard MAIL. */
void remote_peer_is_well(struct remote *remote);

/* remote_peer_is_in_trouble: it did not get so far. */
void
remote_peer_is_in_trouble(struct remote *remote, enum tcpto_trouble trouble);

/* remote_smtp: delivers by SMTP to the first host that takes us; ends the
 * program. */
NORETURN void remote_smtp(struct remote *remote);

/* remote_qmtp: the same by QMTP. */
NORETURN void remote_qmtp(struct remote *remote);

#endif
