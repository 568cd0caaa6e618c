/*
 * message_check.h - all checks of one message: SPF, DKIM, DMARC; and what is written
 * of them on top of it.
 */
#ifndef AUTH_MESSAGE_CHECK_H
#define AUTH_MESSAGE_CHECK_H

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "net/verifydoor.h"

struct message_check {
	struct span id;	  /* the authserv-id of this host */
	struct span me;	  /* its name */
	int64_t deadline; /* of all questions to the DNS; clock_monotonic() */
	struct verifydoor_question question; /* hostile */
};

/*
 * message_check_run: checks a message.
 *   fd       the message, hostile; read from where it is to its end
 *   answer   as after VERIFYDOOR_ANSWER_INIT; receives the fields
 *            Authentication-Results and Received-SPF, and the wish
 * Returns 0; -1 with errno: it could not be read.  That the DNS does not answer is a
 * result.
 */
MUST_CHECK int message_check_run(const struct message_check *check, int fd,
    struct verifydoor_answer *answer);

#endif
