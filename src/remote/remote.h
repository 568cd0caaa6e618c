/* remote.h - what the parts of qmail-remote share. */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"
#include "config/routes.h"
#include "net/dns.h"
#include "net/tcpto.h"

#define REMOTE_SAID_MAX	   5000	   /* bytes of a reply in a report */
#define REMOTE_NAME_MAX	   255	   /* bytes of a name in a report */
#define REMOTE_TIMEOUT_MAX 1000000 /* seconds, whatever is configured */

/* How a delivery ends; the texts and letters are in qmail-remote.c. */
enum remote_ending {
	REMOTE_ACCEPTED,
	REMOTE_USAGE,
	REMOTE_HOME,
	REMOTE_CONTROL,
	REMOTE_ROUTE_PORT,
	REMOTE_MEMORY,
	REMOTE_BAD_SENDER,
	REMOTE_BAD_RECIPIENT,
	REMOTE_DNS,
	REMOTE_NO_NAME,
	REMOTE_NO_ADDRESS,
	REMOTE_OWN,
	REMOTE_NOT_CONNECTED,
	REMOTE_LOST,
	REMOTE_LOST_AT_END,
	REMOTE_PROTOCOL,
	REMOTE_GREETING,
	REMOTE_HELO,
	REMOTE_MAIL_LATER,
	REMOTE_MAIL_NEVER,
	REMOTE_NO_RECIPIENT,
	REMOTE_DATA_LATER,
	REMOTE_DATA_NEVER,
	REMOTE_READ,
	REMOTE_PARTIAL_LINE,
	REMOTE_END_LATER,
	REMOTE_END_NEVER,
	REMOTE_ENDINGS /* their number */
};

/* Reports on single recipients. */
enum remote_letter {
	REMOTE_TAKEN = 'r',
	REMOTE_LATER = 's',
	REMOTE_NEVER = 'h'
};

struct remote_recipient {
	struct span address;
	bool is_sendable; /* else it is refused without asking the server */
};

struct remote {
	struct span host, sender;
	VEC(struct remote_recipient) recipients;

	struct str helo;
	struct routes routes;
	unsigned timeout, timeout_connect; /* seconds */

	struct dns dns;
	struct tcpto tcpto;
	struct str peer; /* the address we talk to, as text */
	int quit_fd;	 /* socket on which QUIT is still to be said, or -1 */
	struct str reports; /* records so far, each ends in NUL */
};

/*
 * remote_end: writes all reports and the one on the message, says QUIT where
 * that is due, and ends the program with exit code 0.
 *   said   what the server replied, or the empty span
 */
NORETURN void
remote_end(struct remote *remote, enum remote_ending ending, struct span said);

/*
 * remote_smtp: delivers over this connection; ends the program.
 *   fd   the connection; remote->peer is set
 */
NORETURN void remote_smtp(struct remote *remote, int fd);

/*
 * remote_report_recipient: adds the report on one recipient.
 *   said   what the server replied; may be empty
 */
void remote_report_recipient(struct remote *remote, enum remote_letter letter,
    struct span address, struct span said);

/*
 * remote_report_clean: appends text in which every byte is printable ASCII,
 * a blank, or a newline that ends a line which is not empty.
 *   max   so many bytes of it at most
 */
void remote_report_clean(struct str *report, struct span text, size_t max);

#endif
