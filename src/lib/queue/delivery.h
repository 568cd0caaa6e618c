/*
 * delivery.h - delivery jobs and their reports, between qmail-send and the
 * two spawners: records over a SOCK_SEQPACKET pair.
 *
 * A job is one datagram with the message as an open descriptor:
 *	M message number, F sender, [E parameters], [H route], [C seconds],
 *	{N delivery number, [R parameters], T recipient}
 * All recipients of a job go to one next hop.  For qmail-rspawn, H is the
 * relay or relay:port that control/smtproutes had for it, empty where DNS
 * decides, and C a limit for its connecting and greeting.  E and R are what is
 * asked of notifications; see envelope.h.  Each recipient gets its own report;
 * reports come in any order, one or more in a datagram:
 *	{N delivery number, [S hop], [P], [L lines], K|Z|D|U text}
 * S tells how the next hop was found; see enum delivery_hop.  P: what is asked
 * of notifications was passed on to it, and it will see to that.  L: lines for
 * the log on the connections that were made, words name=value with blanks
 * between, before the first report of a job.
 *
 * DELIVERY_FORGET, in place of a job: qmail-rspawn forgets which hosts were in
 * trouble; there is no answer.
 */
#ifndef QUEUE_DELIVERY_H
#define QUEUE_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"
#include "base/words.h"

#define DELIVERY_FORGET	    "A"
#define DELIVERY_NUMBER_MAX UINT32_MAX
#define DELIVERY_TEXT_MAX   9998 /* bytes of report text that count */

/* First letters of reports. */
enum delivery_result {
	DELIVERY_SUCCESS = 'K',
	DELIVERY_DEFERRAL = 'Z',
	DELIVERY_FAILURE = 'D',
	DELIVERY_UNTRIED = 'U' /* a deferral, and nobody was asked: the system
				  did not allow us to; never the last try */
};

/*
 * How a next hop was found.  It was well if one of its hosts greeted us and
 * heard MAIL, whatever it said of sender, recipients or message; in trouble if
 * none of them could be reached, or those that were did not get so far: silence,
 * refusal, a greeting or EHLO that failed, a connection lost before.  Of a
 * delivery that never asked, or broke off later, nothing is told.
 */
enum delivery_hop {
	DELIVERY_HOP_UNTOLD = '\0',
	DELIVERY_HOP_WELL = 'w',
	DELIVERY_HOP_TROUBLE = 't',
	/* Not between those two: qmail-remote tells qmail-rspawn that what it
	 * ended with is DELIVERY_UNTRIED. */
	DELIVERY_HOP_UNTRIED = 'u'
};

struct delivery_report {
	uint32_t delivery;
	char result; /* enum delivery_result; any byte if the peer is broken */
	enum delivery_hop hop;
	bool is_passed_on;
	struct span sessions; /* lines on the connections; may be empty */
	struct span text;
};

struct delivery_recipient {
	uint32_t delivery;
	struct span address, parameters;
};

struct delivery_job {
	uint64_t message;
	struct span sender, parameters;
	bool has_route;
	struct span route;	/* if has_route */
	uint64_t connect_limit; /* seconds; 0: none is given */
	VEC(struct delivery_recipient) recipients;
	struct str text; /* what the spans above point into */
};

#define DELIVERY_CONNECT_MAX 86400 /* seconds; largest connect_limit */

/* delivery_add_head, delivery_add_route, delivery_add_recipient: make the text
 * of a job, in this order.  connect_limit 0: none.  Empty parameters are left
 * out. */
void delivery_add_head(struct str *text, uint64_t message, struct span sender,
    struct span parameters);
void
delivery_add_route(struct str *text, struct span route, uint64_t connect_limit);
void delivery_add_recipient(struct str *text, uint32_t delivery,
    struct span address, struct span parameters);

/*
 * delivery_job_parse: reads a job.
 *   text   from the peer; copied
 *   job    receives it; to be released with delivery_job_free in any case
 * Returns false if it breaks the format or has no recipient.
 */
MUST_CHECK bool delivery_job_parse(struct span text, struct delivery_job *job);
void delivery_job_free(struct delivery_job *job);

/*
 * How the programs of deliveries hear of parameters: in their environment,
 * where they are left out if nothing is asked.
 *	DSNENVELOPE     those of the envelope
 *	DSNRECIPIENTS   a line for each recipient, in their order, empty ones too
 */
#define DELIVERY_ENVELOPE_SETTING   "DSNENVELOPE"
#define DELIVERY_RECIPIENTS_SETTING "DSNRECIPIENTS"

/* delivery_is_parameter: whether the word is one of these, of whom ever. */
bool delivery_is_parameter(struct span word);

/* delivery_add_parameters: adds these. */
void
delivery_add_parameters(struct words *envp, const struct delivery_job *job);

/* delivery_add_report: appends a report; of its text, what follows a NUL or goes
 * beyond DELIVERY_TEXT_MAX is left out. */
void
delivery_add_report(struct str *text, const struct delivery_report *report);

/*
 * delivery_report_next: takes one report off the text of a datagram.
 * Returns false at the end or if the format is broken (*rest is not empty).
 */
MUST_CHECK bool
delivery_report_next(struct span *rest, struct delivery_report *report);

#endif
