/*
 * delivery.h - delivery jobs and their reports, between qmail-send and the
 * two spawners: records over a SOCK_SEQPACKET pair.
 *
 * A job is one datagram with the message as an open descriptor:
 *	M message number, F sender, {N delivery number, T recipient}
 * All recipients of a job go to one next hop.  Each gets its own report;
 * reports come in any order, one or more in a datagram:
 *	{N delivery number, K|Z|D text}
 */
#ifndef QUEUE_DELIVERY_H
#define QUEUE_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"

#define DELIVERY_NUMBER_MAX UINT32_MAX
#define DELIVERY_TEXT_MAX   9998 /* bytes of report text that count */

/* First letters of reports. */
enum delivery_result {
	DELIVERY_SUCCESS = 'K',
	DELIVERY_DEFERRAL = 'Z',
	DELIVERY_FAILURE = 'D'
};

struct delivery_recipient {
	uint32_t delivery;
	struct span address;
};

struct delivery_job {
	uint64_t message;
	struct span sender;
	VEC(struct delivery_recipient) recipients;
	struct str text; /* what the spans above point into */
};

/* delivery_add_head, delivery_add_recipient: make the text of a job. */
void delivery_add_head(struct str *text, uint64_t message, struct span sender);
void delivery_add_recipient(
    struct str *text, uint32_t delivery, struct span address);

/*
 * delivery_job_parse: reads a job.
 *   text   from the peer; copied
 *   job    receives it; to be released with delivery_job_free in any case
 * Returns false if it breaks the format or has no recipient.
 */
MUST_CHECK bool delivery_job_parse(struct span text, struct delivery_job *job);
void delivery_job_free(struct delivery_job *job);

/* delivery_add_report: appends a report; what follows a NUL or goes beyond
 * DELIVERY_TEXT_MAX is left out. */
void delivery_add_report(struct str *text, uint32_t delivery,
    enum delivery_result result, struct span report);

/*
 * delivery_report_next: takes one report off the text of a datagram.
 * Returns false at the end or if the format is broken (*rest is not empty).
 */
MUST_CHECK bool delivery_report_next(
    struct span *rest, uint32_t *delivery, char *letter, struct span *report);

#endif
