/*
 * logline.h - lines for the administrator, on descriptor 2: an event of a
 * program, and NAME=VALUE for what is known of it.
 *
 *	smtpd refused pid=31 client="192.0.2.1" ...
 *
 * Whatever a client can choose stands in quotes, and there all bytes but
 * printable ASCII, and quotes and backslashes, are \xHH: nothing that it sends
 * looks like a field or a line.  pid is the one that tcpserver logs.
 */
#ifndef SYS_LOGLINE_H
#define SYS_LOGLINE_H

#include <stdint.h>

#include "base/span.h"
#include "base/str.h"

#define LOGLINE_VALUE_MAX 255 /* bytes of one value; the rest is cut off */

/* logline_begin: "EVENT pid=... client=..."; event is "smtpd refused". */
void logline_begin(struct str *line, const char *event, struct span ip);

/* logline_quoted, logline_number: one value more; name is " helo". */
void logline_quoted(struct str *line, const char *name, struct span value);
void logline_number(struct str *line, const char *name, uint64_t value);

/* logline_end: writes the line, unless descriptor 2 is the client, as under
 * inetd; and frees it. */
void logline_end(struct str *line);

/* logline_write: the same for a service, which has no client on descriptor 1. */
void logline_write(struct str *line);

#endif
