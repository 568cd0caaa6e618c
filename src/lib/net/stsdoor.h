/*
 * stsdoor.h - how a program asks qmail-mtasts for the policy of a domain
 * (mail/sts.h): over a door (sys/door.h), a question and an answer, each of
 * fields: a letter, some bytes without NUL, a NUL.
 *
 *	question   D domain
 *	answer     P word     none, testing, enforce or failed
 *	           S seconds  for which it will still be good
 *	           I id       of the policy
 *	           M pattern  of an MX host that is meant; as often as needed
 *	           R reason   of "failed": a result type of RFC 8460 4.3
 *
 * With "none" and "failed" there is no policy, and the other letters are left out;
 * a policy that is still good is never lost to a failure.
 */
#ifndef NET_STSDOOR_H
#define NET_STSDOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "mail/sts.h"

#define STSDOOR_PATH	     "sts/door" /* below HOME */
#define STSDOOR_QUESTION_MAX 300	/* bytes */
#define STSDOOR_SECONDS	     100 /* so long an answer may take, at most */

enum sts_outcome {
	STSDOOR_NO_SERVICE, /* there never was one: no policies here */
	STSDOOR_NONE,	    /* the domain has none */
	STSDOOR_POLICY,	    /* it has; see the mode of it */
	STSDOOR_FAILED,	    /* it says that it has one, which nobody could get:
			       RFC 8461 5.1 has the mail delivered as if there was
			       none */
	STSDOOR_LATER /* there was no answer, and it may have one; also when
			       the service is down */
};

struct sts_answer {
	struct sts_policy policy; /* its max_age: the seconds that are left */
	struct str id;
	struct str
	    reason; /* of STSDOOR_FAILED; a result type of RFC 8460 4.3 */
};

#define STS_ANSWER_INIT                             \
	{                                           \
		STS_POLICY_INIT, STR_INIT, STR_INIT \
	}

/*
 * stsdoor_ask: asks for the policy of a domain, and waits.
 *   home       HOME
 *   domain     of recipients
 *   deadline   a moment of clock_monotonic(); 0, and later ones: STSDOOR_SECONDS
 *              from now
 *   answer     receives it, replaced; empty but with STSDOOR_POLICY and
 *              STSDOOR_FAILED
 */
MUST_CHECK enum sts_outcome stsdoor_ask(const char *home, struct span domain,
    int64_t deadline, struct sts_answer *answer);

/*
 * stsdoor_question: the domain in a question; a view of it.
 * Returns false if it is none.
 */
MUST_CHECK bool stsdoor_question(struct span record, struct span *domain);

/* stsdoor_format, stsdoor_parse: an answer as a record, and back; parse returns
 * STSDOOR_LATER if it is none. */
void stsdoor_format(struct str *record, enum sts_outcome outcome,
    const struct sts_answer *answer);
enum sts_outcome stsdoor_parse(struct span record, struct sts_answer *answer);

/* sts_answer_free: releases the memory. */
void sts_answer_free(struct sts_answer *answer);

#endif
