/*
 * serial_bounce.c - a message that was refused goes back to its sender.
 * Input: hostile
 */
#include "serial_bounce.h"

#include <unistd.h>

#include "base/ascii.h"
#include "config/control.h"
#include "config/home.h"
#include "mail/bounce.h"
#include "queue/inject.h"
#include "serial_message.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"

#define READ_BUFFER 65536

/* 1; 0: nothing says which host; -1 with errno. */
static int
read_mailboxes(void *context)
{
	struct serial_bounce *bounce = context;
	int from = control_read_mailbox(&bounce->from, "control/bouncefrom",
	    "MAILER-DAEMON", "control/bouncehost", NULL);
	int to = from <= 0
	    ? from
	    : control_read_mailbox(&bounce->double_to, "control/doublebounceto",
		  "postmaster", "control/doublebouncehost", NULL);

	return to;
}

int
serial_bounce_read(struct serial_bounce *bounce)
{
	int found = home_visit(read_mailboxes, bounce);

	bounce->is_known = found > 0;
	return found < 0 ? -1 : 0;
}

/* Words in one line, without what moves a cursor. */
static void
add_report(struct str *report, struct span words)
{
	for (size_t i = 0; i < words.len; i++)
		str_add_byte(
		    report, ascii_is_control(words.s[i]) ? '?' : words.s[i]);
}

/* The bounce itself, with the rest of the file. */
static bool
write_bounce(struct inject *inject, struct in *in, const struct str *head)
{
	struct span bytes;
	int got;

	inject_message(inject, str_span(head));
	while ((got = in_peek(in, &bytes)) > 0) {
		inject_message(inject, bytes);
		in_consume(in, bytes.len);
	}
	return got == 0;
}

/* Queues it; in stands behind the first two lines of the message.  Returns
 * NULL, or why not. */
static const char *
queue_bounce(const struct serial_bounce *bounce, struct in *in,
    const struct serial_message *message, struct span words)
{
	struct span sender = str_span(&message->sender), to;
	enum bounce_kind kind = bounce_kind_of(sender);
	struct str head = STR_INIT, report = STR_INIT;
	struct inject inject;
	const char *failure = "the queue program cannot be run (#4.3.0)";

	to = kind == BOUNCE_SINGLE ? bounce_recipient(sender)
				   : str_span(&bounce->double_to);
	add_report(&report, words);
	bounce_add_head(&head,
	    &(struct bounce_head){ .now = clock_seconds(),
		.from = str_span(&bounce->from),
		.to = to },
	    kind);
	bounce_add_paragraph(
	    &head, str_span(&message->recipient), str_span(&report));
	bounce_add_break(&head, BOUNCE_WHOLE);
	bounce_add_return_path(&head, sender);
	str_add(&head, str_span(&message->kept));
	if (inject_open(&inject, home_dir, INJECT_SUBMITTED) == 0) {
		struct verdict verdict;

		if (write_bounce(&inject, in, &head)) {
			inject_sender(&inject,
			    kind == BOUNCE_SINGLE ? SPAN("")
						  : SPAN(BOUNCE_DOUBLE_SENDER));
			inject_recipient(&inject, to);
		} else {
			inject_break(&inject);
		}
		verdict = inject_close(&inject);
		failure = verdict.letter == VERDICT_ACCEPTED ? NULL
		    : verdict.letter == VERDICT_PERMANENT
		    ? "the queue refuses it (#5.3.0)"
		    : "it cannot be queued now (#4.3.0)";
	}
	str_free(&head);
	str_free(&report);
	return failure;
}

const char *
serial_bounce_send(const struct serial_bounce *bounce, const char *name,
    struct span prefix, struct span words)
{
	static char buffer[READ_BUFFER];
	struct serial_message message = { STR_INIT, STR_INIT, STR_INIT, 0 };
	struct in in;
	const char *failure = "it cannot be read (#4.3.0)";
	int fd = file_open(name);

	if (fd < 0)
		return failure;
	in_init(&in, fd, buffer, sizeof(buffer));
	if (serial_message_read(&message, &in, prefix) > 0) {
		if (bounce_kind_of(str_span(&message.sender)) == BOUNCE_TRIPLE)
			failure = NULL;
		else if (bounce->is_known)
			failure = queue_bounce(bounce, &in, &message, words);
		else
			failure = "there is no control/me to bounce from "
				  "(#4.3.0)";
	}
	serial_message_free(&message);
	fd_close(fd);
	return failure;
}
