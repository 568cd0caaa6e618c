/*
 * wishes.c - what a forward passes on of notifications.
 * Input: hostile (what the sender asked for, in the environment)
 */
#include "queue/wishes.h"

#include <stdlib.h>

#include "mail/dsn.h"
#include "queue/delivery.h"

static void
pass_on(
    struct inject *inject, const struct dsn_envelope *asked, bool is_its_sender)
{
	struct dsn_envelope kept = { .is_submitted = asked->is_submitted,
		.is_resent = asked->is_resent };
	struct str text = STR_INIT;

	dsn_add_envelope(&text, is_its_sender ? asked : &kept);
	inject_sender_parameters(inject, str_span(&text));
	str_free(&text);
}

void
wishes_pass_on(
    struct inject *inject, bool is_its_sender, struct str *of_recipients)
{
	struct span envelope = span_of(getenv(DELIVERY_ENVELOPE_SETTING));
	struct span line = span_of(getenv(DELIVERY_RECIPIENTS_SETTING));
	struct dsn_envelope asked;
	struct dsn_recipient recipient;

	if (dsn_parse_envelope(envelope, &asked))
		pass_on(inject, &asked, is_its_sender);
	if (is_its_sender &&
	    dsn_parse_recipient(
		span_upto(line, span_find(line, '\n')), &recipient)) {
		dsn_without_success(&recipient);
		dsn_add_recipient(of_recipients, &recipient);
	}
}
