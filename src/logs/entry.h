/*
 * entry.h - a line of any log of ours, taken apart: when, who, what, and
 * NAME=VALUE of what is known of it.
 *
 *	@4000...  smtpd accepted pid=31 client="192.0.2.1" ...   of our programs
 *	@4000...  qmail-popup: refused client=192.0.2.1 ...      likewise
 *	@4000...  info msg 5: bytes 12 from <a@b> qp 6 uid 7     of qmail-send
 *	@4000...  tcpserver: ok 31 0:127.0.0.1:25 :192.0.2.1::4711
 *
 * Input: hostile
 */
#ifndef LOGS_ENTRY_H
#define LOGS_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "mail/logevent.h"
#include "mail/logfield.h"

#define ENTRY_FIELDS_MAX 48 /* of a line; none of ours has half of it */
#define ENTRY_WORD_MAX	 64 /* bytes of a name of a program, event or field */

struct entry_field {
	struct logfield field; /* of a number of qmail-send only the name */
	bool is_number; /* digits without quotes, and without zeros in front */
	uint64_t number;
};

struct entry {
	bool has_time;
	struct logstamp time; /* without one, as it was before */
	struct span text;     /* the line behind its stamp */
	/* Of a line that fits nothing these are empty. */
	struct span service; /* "smtpd", "qmail-send", "tcpserver" */
	struct span event;   /* "accepted" */
	struct entry_field fields[ENTRY_FIELDS_MAX];
	size_t count; /* of these */
};

/*
 * entry_parse: takes a line apart.
 *   line    without its newline
 *   entry   receives it, with spans into the line
 * Returns whether it fits one of the forms; that of our programs has a field or
 * more, and none twice.
 */
bool entry_parse(struct span line, struct entry *entry);

/* entry_find: the field of this name, or NULL. */
const struct entry_field *
entry_find(const struct entry *entry, const char *name);

/* entry_number: the number of this name, 0 if there is none. */
uint64_t entry_number(const struct entry *entry, const char *name);

/* entry_value: the value of this name as it is in the line, or an empty one. */
struct span entry_value(const struct entry *entry, const char *name);

/* entry_is: whether it is this event of this service. */
bool
entry_is(const struct entry *entry, const char *service, const char *event);

#endif
