/*
 * life_orphan.c - what is left of messages whose text is gone.
 * Input: from peers of ours; texts of reports: hostile
 */
#include "life.h"

#include "queue/clean.h"
#include "queue/info.h"
#include "queue/state.h"
#include "sys/fd.h"

static void
tell_lost(struct send *send, uint64_t number, struct span sender,
    struct span recipients)
{
	struct str text = STR_INIT;

	sendlog_z(&send->log, "warning: the text of msg ");
	sendlog_u64(&send->log, number);
	sendlog_z(&send->log, " is gone; it cannot be delivered; from <");
	sendlog_safe(&send->log, sender);
	sendlog_line(&send->log, ">");
	str_add_z(&text, "The text of message ");
	str_add_u64(&text, number);
	str_add_z(&text,
	    " is gone from the queue.\nIt can neither be delivered nor "
	    "returned; what was left of it is removed.\n\nSender:\n<");
	str_add(&text, sender);
	str_add_z(&text, ">\n\nRecipients:\n");
	str_add(&text, recipients);
	scribing_notice(&send->scribing, number, str_span(&text));
	str_free(&text);
}

/* The recipients that are to do, as far as they can be read. */
static void
add_open_recipients(
    struct send *send, uint64_t number, enum channel_id id, struct str *text)
{
	struct channel_reader reader;
	struct channel_recipient next = CHANNEL_RECIPIENT_INIT;
	int fd = channel_open(id, number, send->split);

	if (fd >= 0 && channel_read_from(&reader, fd, 0) == 0)
		while (text->len < SCRIBING_TEXT_MAX &&
		    channel_next(&reader, &next) > 0)
			if (!next.is_done) {
				str_add_byte(text, '<');
				str_add(text, str_span(&next.address));
				str_add_z(text, ">\n");
			}
	fd_close(fd);
	channel_recipient_free(&next);
}

/* Whether more is lost than the last files of a message that was finished: a
 * recipient that was to do, or a bounce.  Fills in info if it can. */
static bool
is_lost(const struct send *send, uint64_t number, struct info *info,
    struct span recipients)
{
	int has_info = info_read(number, send->split, info) == 0;

	return recipients.len > 0 ||
	    (has_info && !info->is_bounced &&
		message_file_exists(
		    queue_path(QUEUE_BOUNCE, number, send->split)) > 0);
}

void
life_give_up(struct send *send, uint64_t number)
{
	struct info info = INFO_INIT;
	struct str recipients = STR_INIT;
	struct queue_path culprit;

	/* With an envelope in todo it is qmail-todo that tells. */
	if (message_file_exists(queue_path(QUEUE_TODO, number, send->split)) !=
	    0)
		return;
	for (int i = 0; i < CHANNELS; i++)
		add_open_recipients(
		    send, number, (enum channel_id)i, &recipients);
	if (is_lost(send, number, &info, str_span(&recipients)))
		tell_lost(send, number, str_span(&info.sender),
		    str_span(&recipients));
	if (life_unlink_files(send, number, &culprit) < 0)
		sendlog_trouble(&send->log, "unable to unlink", culprit,
		    "; the next clean-up tries again");
	info_free(&info);
	str_free(&recipients);
}

void
life_give_up_orphan(
    struct send *send, struct job *job, const struct event *event)
{
	struct queue_path culprit;

	(void)job;
	(void)loading_settle(&send->loading, event->number);
	tell_lost(send, event->number, event->sender, event->text);
	if (life_unlink_files(send, event->number, &culprit) < 0)
		sendlog_trouble(&send->log, "unable to unlink", culprit,
		    "; the next clean-up tries again");
	cleaning_order(&send->cleaning, CLEAN_FINISHED, event->number);
}

void
life_orphan_removed(
    struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	arrivals_tell_gone(&send->arrivals, event->number);
}
