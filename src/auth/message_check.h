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
#include "settings.h"

struct message_check {
	struct span id; /* the authserv-id of this host */
	const struct settings *settings;
	struct verifydoor_question question; /* hostile */
	struct verifydoor_message message;   /* likewise */
	/* Receives a line for the log, or nothing; see reportline.h. */
	struct str line;
};

/*
 * message_check_run: checks a message.
 *   answer   as after VERIFYDOOR_ANSWER_INIT; receives the fields
 *            Authentication-Results and Received-SPF, and the wish
 * Returns 0; -1 with errno: it could not be read.  That the DNS does not answer is a
 * result; its time begins when the message is read.
 */
MUST_CHECK int message_check_run(
    struct message_check *check, struct verifydoor_answer *answer);

#endif
