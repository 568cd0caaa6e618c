/* remote_envelope.h - MAIL, RCPT and DATA of one transaction. */
#ifndef REMOTE_REMOTE_ENVELOPE_H
#define REMOTE_REMOTE_ENVELOPE_H

#include "remote_message.h"
#include "remote_session.h"

/* Indices into remote->recipients. */
struct transaction {
	VEC(size_t) recipients; /* whom it is for, as far as they are taken */
	VEC(size_t) later;	/* whom the next one is for */
	bool is_any_taken;
};

/*
 * envelope_send: tells sender and recipients, and reports on these.  Whoever
 * is too many for the server goes into transaction->later.
 * Returns true when the server waits for the message; false when it has taken
 * nobody, but there are others to ask for.  Else it ends the program.
 */
MUST_CHECK bool envelope_send(struct session *session,
    struct transaction *transaction, struct remote_message *message);

#endif
