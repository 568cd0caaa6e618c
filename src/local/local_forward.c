/* local_forward.c - passing the message on to other addresses. */
#include "local.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "config/home.h"
#include "local_end.h"
#include "mail/dsn.h"
#include "queue/delivery.h"
#include "queue/inject.h"
#include "sys/fd.h"
#include "sys/signal.h"

NORETURN static void
report(const struct verdict *verdict)
{
	struct str text = STR_INIT;

	str_add_z(&text, "cannot forward: ");
	str_add(&text, verdict->text);
	if (!span_has(verdict->text, '#')) {
		str_add_z(&text, " (#");
		str_add_z(&text, verdict->status);
		str_add_byte(&text, ')');
	}
	str_add_byte(&text, '\n');
	if (fd_write_all(2, str_span(&text)) < 0)
		local_end_quietly(LOCAL_TEMPORARY_EXIT);
	local_end_quietly(verdict->letter == VERDICT_PERMANENT
		? LOCAL_PERMANENT_EXIT
		: LOCAL_TEMPORARY_EXIT);
}

/*
 * What the sender asks of notifications goes along, if bounces go to him still
 * (RFC 3461 5.2.7).  Of success he is told when we are done, and not once more
 * by each of those whom it is forwarded to.
 *   wishes   receives what is asked for each of these
 */
static void
pass_on_wishes(struct local *local, struct inject *inject, struct str *wishes)
{
	struct span envelope = span_of(getenv(DELIVERY_ENVELOPE_SETTING));
	struct span line = span_of(getenv(DELIVERY_RECIPIENTS_SETTING));
	struct dsn_envelope asked;
	struct dsn_recipient recipient;

	if (!span_equal(local_new_sender(local), span_of(local->sender)))
		return;
	if (dsn_parse_envelope(envelope, &asked))
		inject_sender_parameters(inject, envelope);
	if (dsn_parse_recipient(
		span_upto(line, span_find(line, '\n')), &recipient)) {
		dsn_without_success(&recipient);
		dsn_add_recipient(wishes, &recipient);
	}
}

uint64_t
local_forward(struct local *local, struct span addresses)
{
	char buffer[LOCAL_BLOCK];
	struct span bytes, address;
	struct str wishes = STR_INIT;
	struct inject inject;
	struct verdict verdict;
	uint64_t position = 0;

	signal_ignore(SIGPIPE);
	if (inject_open(&inject, home_dir) < 0)
		local_end(LOCAL_QUEUE_START, NULL, errno);
	inject_message(&inject, str_span(&local->delivered_to));
	while (local_message_next(local, &position, buffer, &bytes))
		inject_message(&inject, bytes);
	inject_sender(&inject, local_new_sender(local));
	pass_on_wishes(local, &inject, &wishes);
	while (span_cut_next(&addresses, '\0', &address)) {
		inject_recipient_parameters(&inject, str_span(&wishes));
		inject_recipient(&inject, address);
	}
	str_free(&wishes);
	verdict = inject_close(&inject);
	if (verdict.letter != VERDICT_ACCEPTED)
		report(&verdict);
	return (uint64_t)inject.pid;
}
