/* answer.h - what a client is told, in whatever protocol. */
#ifndef RECEIVE_ANSWER_H
#define RECEIVE_ANSWER_H

#include "base/span.h"

/*
 * SMTP says "550 5.1.1 TEXT", QMTP and QMQP "DTEXT (#5.1.1)".  The first digit
 * of code says which it is: 2 accepted, 4 later, 5 never.
 */
struct answer {
	unsigned code; /* of SMTP; 0: nothing is wrong */
	struct span status, text;
};

#define ANSWER_NONE           \
	{                     \
		0, { "", 0 }, \
		{             \
			"", 0 \
		}             \
	}

#define ANSWER(code, status, text) \
	((struct answer){ code, SPAN(status), SPAN(text) })

#endif
