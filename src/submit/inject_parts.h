/* inject_parts.h - what the parts of qmail-inject share. */
#ifndef INJECT_PARTS_H
#define INJECT_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/wordset.h"
#include "mail/header.h"
#include "mail/token822.h"
#include "sys/in.h"

#define INJECT_HEADER_MAX (64u << 20) /* bytes, as read and as rewritten */
#define INJECT_READ_SIZE  16384

/* How addresses without a full host are completed: qmail-header(5). */
struct inject_hosts {
	struct str default_host, default_domain, plus_domain, id_host;
	struct token822_list default_host_tokens; /* views of the above */
	struct token822_list default_domain_tokens, plus_domain_tokens;
};

/* Who sends, as the environment tells.  No line ends in any of them. */
struct inject_origin {
	struct str user, host, name;
	struct str sender_user, sender_host; /* of the envelope */
	bool has_host, has_name, has_sender_host;
};

/* The letters of QMAILINJECT. */
struct inject_wishes {
	bool name_in_comment;	 /* c */
	bool delete_from;	 /* f */
	bool delete_message_id;	 /* i */
	bool ignore_return_path; /* s */
	bool verp_recipient;	 /* r */
	bool verp_message;	 /* m */
};

struct inject_letter {
	struct inject_hosts hosts;
	struct inject_origin origin;
	struct inject_wishes wishes;
	uint64_t now;	   /* microseconds */
	bool takes_listed; /* header recipients receive the message */
	bool is_lenient;   /* -l: the message is as programs make it */
	bool has_crlf;	   /* lines end in CR LF; they are converted */

	/* Addresses in listed, followup and found end in NUL each. */
	struct str header;	 /* fields, rewritten */
	struct str listed[2];	 /* recipients; [1]: of Resent- fields */
	struct str malformed[2]; /* the name of such a field; empty: none */
	bool is_seen[HEADER_FIELDS];
	bool is_body_next;     /* the header ended in a blank line */
	struct str body_start; /* a line that ended it and is none of it */
	bool is_at_end;	       /* the message ended in the header */

	struct wordset followup_lists; /* of QMAILMFTFILE */
	struct str followup; /* addresses of To and Cc, last field first */
	bool names_followup_list;

	struct str sender; /* of the envelope */
	bool has_sender;

	/* Of the field in hand. */
	struct str found;
	bool has_found;
};

/*
 * inject_config_read: reads control files and environment.  The followup file
 * is relative to the caller's folder; then the working folder is HOME.
 */
void inject_config_read(struct inject_letter *letter);

/*
 * inject_address_complete: rewrites an address: no host, a + at its end, or
 * no dot in it (qmail-header(5)).
 */
void inject_address_complete(
    const struct inject_hosts *hosts, struct token822_list *address);

/*
 * inject_address_argument: an address of the command line, completed.  What
 * stands before its last @ is taken as it is.
 *   envelope   it is appended
 */
void inject_address_argument(const struct inject_hosts *hosts,
    struct span argument, struct str *envelope);

/* inject_address_default_sender: sets letter->sender from the origin. */
void inject_address_default_sender(struct inject_letter *letter);

/*
 * inject_address_origin: the tokens of user@host, completed.
 *   address   must be empty; views of user and host
 *   host      split at its dots; NULL: none is known
 */
void inject_address_origin(const struct inject_hosts *hosts, struct span user,
    const struct str *host, struct token822_list *address);

/* inject_header_read: reads and rewrites the header. */
void inject_header_read(struct inject_letter *letter, struct in *in);

/* inject_header_is_resent: whether recipients come from Resent- fields. */
bool inject_header_is_resent(const struct inject_letter *letter);

/*
 * inject_header_additions: appends the fields that the message lacks; they
 * stand before all others.
 */
void
inject_header_additions(const struct inject_letter *letter, struct str *text);

#endif
