/*
 * wishes.c - what a forward passes on of notifications.
 * Input: hostile (what the sender asked for, in the environment)
 */
#include "queue/wishes.h"

#include <stdlib.h>

#include "mail/dsn.h"
#include "queue/delivery.h"

void
wishes_pass_on(struct inject *inject, struct str *of_recipients)
{
	struct span envelope = span_of(getenv(DELIVERY_ENVELOPE_SETTING));
	struct span line = span_of(getenv(DELIVERY_RECIPIENTS_SETTING));
	struct dsn_envelope asked;
	struct dsn_recipient recipient;

	if (dsn_parse_envelope(envelope, &asked))
		inject_sender_parameters(inject, envelope);
	if (dsn_parse_recipient(
		span_upto(line, span_find(line, '\n')), &recipient)) {
		dsn_without_success(&recipient);
		dsn_add_recipient(of_recipients, &recipient);
	}
}
