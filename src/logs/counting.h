/*
 * counting.h - what a line of a log counts as, for qmail-metrics.
 * Input: hostile
 */
#ifndef LOGS_COUNTING_H
#define LOGS_COUNTING_H

#include <stdbool.h>

#include "base/span.h"
#include "entry.h"
#include "open.h"
#include "tally.h"

#define COUNTING_OPEN_MAX 10000 /* deliveries of a log that are remembered */
#define COUNTING_NAME_MAX 64	/* bytes of the name of a log */

/*
 * counting_take: counts a line.
 *   log          the name of its log, COUNTING_NAME_MAX bytes at most, without blanks
 *   deliveries   of this log, those that have not ended; kept here
 *   line         without its newline
 */
void counting_take(struct tally *tally, const char *log,
    struct open *deliveries, struct span line);

/* counting_take_entry: the same of a line that was taken apart. */
void counting_take_entry(struct tally *tally, const char *log,
    struct open *deliveries, const struct entry *entry);

/* counting_is_restart: whether a line of qmail-send says that numbers of deliveries begin
 * again. */
bool counting_is_restart(const struct entry *entry);

/*
 * counting_name: the name of a log as it is wanted above, of any bytes.
 *   name   receives it, replaced
 */
void counting_name(struct str *name, struct span text);

/*
 * counting_add_code: adds the code of RFC 3463 that words tell, "5.1.1": behind the
 * code of a reply of SMTP, or in "(#5.1.1)"; with x where only the class is told, or
 * where it is beyond what is registered.
 *   class   2, 4 or 5: if the words tell none, or one that does not fit to it; 0: "none"
 */
void counting_add_code(struct str *text, struct span words, unsigned class);

#endif
