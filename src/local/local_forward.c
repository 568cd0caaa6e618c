/* local_forward.c - passing the message on to other addresses. */
#include "local.h"

#include <errno.h>
#include <signal.h>

#include "config/home.h"
#include "local_end.h"
#include "net/srsdoor.h"
#include "queue/inject.h"
#include "queue/wishes.h"
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

uint64_t
local_forward(struct local *local, struct span addresses)
{
	char buffer[LOCAL_BLOCK];
	struct span bytes, address;
	struct str wishes = STR_INIT;
	struct inject inject;
	struct verdict verdict;
	struct str sender = STR_INIT;
	uint64_t position = 0;

	local->stays = false;
	signal_ignore(SIGPIPE);
	if (srsdoor_sender(home_dir, SRSDOOR_PASS_ON, local_new_sender(local),
		addresses, &sender) < 0)
		local_end(LOCAL_SENDER, str_z(&sender), 0);
	if (inject_open(&inject, home_dir, INJECT_AS_IT_IS) < 0)
		local_end(LOCAL_QUEUE_START, NULL, errno);
	inject_message(&inject, str_span(&local->delivered_to));
	while (local_message_next(local, &position, buffer, &bytes))
		inject_message(&inject, bytes);
	inject_sender(&inject, str_span(&sender));
	str_free(&sender);
	wishes_pass_on(&inject,
	    span_equal(local_new_sender(local), span_of(local->sender)),
	    &wishes);
	while (span_cut_next(&addresses, '\0', &address)) {
		inject_recipient_parameters(&inject, str_span(&wishes));
		inject_recipient(&inject, address);
	}
	str_free(&wishes);
	/* It is about to have all: what it says counts. */
	local_hold_stop();
	verdict = inject_close(&inject);
	if (verdict.letter != VERDICT_ACCEPTED)
		report(&verdict);
	local_hold_signals(true); /* it is done */
	return (uint64_t)inject.pid;
}
