/*
 * outcome.h - a line of matchup, taken apart: what became of a delivery, or of
 * a message.
 *
 *	d RESULT BIRTH START END BYTES SENDER CHANNEL.RECIPIENT QP UID REASON
 *	m BIRTH END BYTES SUCCESSES FAILURES DEFERRALS SENDER QP UID
 *
 * Input: hostile (names and reasons are words of strangers)
 */
#ifndef LOGS_OUTCOME_H
#define LOGS_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define OUTCOME_MESSAGE 'm' /* in place of a result; else see logevent.h */

/* Its words; those that its kind does not have are empty. */
struct outcome {
	char result; /* of a delivery, or OUTCOME_MESSAGE */
	struct span birth, start, end, bytes;
	struct span successes, failures, deferrals;
	struct span sender, recipient, qp, uid, reason;
};

/*
 * outcome_parse: takes a line apart.
 *   outcome   receives its words, with spans into the line
 * Returns false if it is neither of the two: a word is missing, but for the
 * reason.
 */
MUST_CHECK bool outcome_parse(struct span line, struct outcome *outcome);

/* outcome_number: the number that a word begins with: 0 where it begins with
 * none, UINT64_MAX where it is larger than that. */
uint64_t outcome_number(struct span word);

/* outcome_decimal: the same with a sign and a fraction, or a stamp of TAI64N as
 * seconds.  19 digits count. */
double outcome_decimal(struct span word);

/* outcome_xdelay: how long the delivery took; outcome_age: from the arrival of
 * the message to the end.  Seconds. */
double outcome_xdelay(const struct outcome *outcome);
double outcome_age(const struct outcome *outcome);

/* outcome_add_total: *total grows by that, but not beyond UINT64_MAX. */
void outcome_add_total(uint64_t *total, uint64_t number);

/* outcome_product: the product, or UINT64_MAX where that is less. */
uint64_t outcome_product(uint64_t a, uint64_t b);

/* outcome_add_decimal: appends a number with two decimals, or with six. */
void outcome_add_decimal2(struct str *text, double number);
void outcome_add_decimal6(struct str *text, double number);

/* outcome_add_short: appends a number as %.6g. */
void outcome_add_short(struct str *text, double number);

#endif
