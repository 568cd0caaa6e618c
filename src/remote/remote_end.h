/*
 * remote_end.h - how a delivery ends, and what is told of it: reports on each
 * recipient, one on the message, and, for qmail-rspawn, one on the next hop.
 *
 * A recipient who was taken shares the fate of the message.  When a server
 * takes only some recipients at a time, the others follow in further
 * transactions: then each recipient gets the whole result in a report of its
 * own, and what happens later cannot change it.
 */
#ifndef REMOTE_REMOTE_END_H
#define REMOTE_REMOTE_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"
#include "net/ip.h"
#include "net/tcpto.h"
#include "queue/delivery.h"

#define REMOTE_SAID_MAX	  5000	 /* bytes of a reply in a report */
#define REMOTE_SAID_ALL	  100000 /* shared by the recipients ... */
#define REMOTE_SAID_LEAST 100	 /* ... but so many for each */
#define REMOTE_NAME_MAX	  255	 /* bytes of a name in a report */
#define REMOTE_TRIED_MAX  400	 /* bytes of hosts; no more are named */

/* Bytes of all reports together.  A job, of 65536 bytes, has less than 13200
 * recipients, and the report on each of so many less than 600 bytes. */
#define REMOTE_OUTPUT_MAX (8u << 20)

/* How a delivery ends; texts and letters are in remote_end.c. */
enum remote_ending {
	REMOTE_ACCEPTED,
	REMOTE_USAGE,
	REMOTE_HOME,
	REMOTE_CONTROL,
	REMOTE_ROUTE_PORT,
	REMOTE_BIND_ROUTE,
	REMOTE_BIND_ADDRESS,
	REMOTE_MEMORY,
	REMOTE_SYSTEM,
	REMOTE_BAD_SENDER,
	REMOTE_BAD_RECIPIENT,
	REMOTE_DNS,
	REMOTE_NO_NAME,
	REMOTE_NO_ADDRESS,
	REMOTE_NO_MAIL,
	REMOTE_OWN,
	REMOTE_NOT_CONNECTED,
	REMOTE_LEFT_ALONE,
	REMOTE_TOO_LONG,
	REMOTE_LOST,
	REMOTE_LOST_AT_END,
	REMOTE_PROTOCOL,
	REMOTE_QMTP,
	REMOTE_GREETING,
	REMOTE_HELO,
	REMOTE_MAIL_LATER,
	REMOTE_MAIL_NEVER,
	REMOTE_NO_RECIPIENT,
	REMOTE_DATA_LATER,
	REMOTE_DATA_NEVER,
	REMOTE_READ,
	REMOTE_UNSIGNED,
	REMOTE_NO_FILE,
	REMOTE_TOO_LARGE,
	REMOTE_NEEDS_8BITMIME,
	REMOTE_NEEDS_SMTPUTF8,
	REMOTE_END_LATER,
	REMOTE_END_NEVER,
	REMOTE_TLS_POLICY,
	REMOTE_TLS_STRAY,
	REMOTE_TLS_QMTP,
	REMOTE_TLS_MISSING,
	REMOTE_TLS_FAILED,
	REMOTE_TLS_WANTED,
	REMOTE_LOGIN,
	REMOTE_REQUIRETLS_QMTP,
	REMOTE_REQUIRETLS,
	REMOTE_REQUIRETLS_LATER,
	REMOTE_ENDINGS /* their number */
};

/* Reports on single recipients. */
enum remote_letter {
	REMOTE_UNTOLD = '\0',
	REMOTE_TAKEN = 'r', /* with a text: and so is the message, for it */
	REMOTE_LATER = 's',
	REMOTE_NEVER = 'h'
};

struct remote_report {
	enum remote_letter letter;
	bool is_settled; /* nothing that happens later changes it */
	struct str text;
};

struct remote_told {
	struct span host;    /* what the delivery is for */
	struct span relay;   /* where it goes by a route; empty: by DNS */
	struct str peer;     /* the address we talk to, as text */
	uint16_t port;	     /* and its port */
	int cause;	     /* errno of what the system did not allow; or 0 */
	struct str tried;    /* the hosts without connection, a line each */
	struct str sessions; /* how it was with TLS: lines for the log */
	VEC(struct remote_report) recipients; /* in the order of the call */
	bool is_accepted;    /* the message, for one recipient at least */
	struct str accepted; /* report on the first transaction that ended well,
				if more followed */
	bool has_hop;	     /* the hop is to be told */
	enum delivery_hop hop;
	bool is_passed_on; /* the peer hears what is asked of notifications */
	enum tcpto_trouble trouble; /* of the last host that was left alone */
	int quit_fd; /* socket on which QUIT is still to be said, or -1 */
};

/* remote_is_tls_ending: whether a delivery ends so for want of TLS, or of a login,
 * as it has to be. */
bool remote_is_tls_ending(enum remote_ending ending);

/* remote_note_host: adds to the hosts without connection.
 *   cause   errno; 0: it was left alone */
void remote_note_host(
    struct remote_told *told, const struct ip_address *address, int cause);

/* remote_add_recipient: makes place for the report on the next recipient. */
void remote_add_recipient(struct remote_told *told);

/*
 * remote_tell_recipient: sets the report on one recipient, in place of one
 * from an earlier transaction.
 *   said   what the server replied; empty: it was not asked yet, for a further
 *          transaction is to be for this recipient
 */
void remote_tell_recipient(struct remote_told *told, size_t index,
    enum remote_letter letter, struct span said);

/* remote_tell_unsendable: the recipient is refused without asking.
 *   is_utf8   the server lacks SMTPUTF8; else SMTP cannot carry the address */
void remote_tell_unsendable(
    struct remote_told *told, size_t index, struct span address, bool is_utf8);

/* remote_settle: the message was accepted for the recipients that are taken,
 * and this is final; more transactions follow. */
void remote_settle(struct remote_told *told, struct span said);

/*
 * remote_settle_recipient: the message was accepted, or not, for one recipient
 * who was taken, and this is final.
 *   ending   REMOTE_ACCEPTED, REMOTE_END_LATER or REMOTE_END_NEVER
 */
void remote_settle_recipient(struct remote_told *told, size_t index,
    enum remote_ending ending, struct span said);

/*
 * remote_end: writes all reports, says QUIT where that is due, and ends the
 * program with exit code 0.
 *   said   what the server replied, or the empty span
 */
NORETURN void remote_end(
    struct remote_told *told, enum remote_ending ending, struct span said);

/*
 * remote_end_without_memory: the same when memory is out, at whatever moment;
 * it needs none.  Who has got the message is told to have it, or it would be
 * sent to him again and again.
 */
NORETURN void remote_end_without_memory(const struct remote_told *told);

#endif
