/*
 * list.c - list and show.
 * Input: files of the queue; addresses, headers: hostile
 */
#include <errno.h>

#include "base/ascii.h"
#include "mail/date.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "verbs.h"

#define HEADER_MAX 65536 /* bytes of a header that are shown */

static void
add_head(struct str *line, const struct message *message, enum stage stage)
{
	date_add_utc_bare(line, message->info.birth);
	str_add_z(line, " GMT  #");
	str_add_u64(line, message->number);
	str_add_z(line, "  ");
	str_add_u64(line, message->size);
	str_add_z(line, "  <");
	control_add_safe(line, str_span(&message->info.sender));
	str_add_z(line, ">  ");
	str_add_z(line, stage_name(stage));
	if (message->is_bouncing)
		str_add_z(line, " bouncing");
	str_add_byte(line, '\n');
}

static void
add_recipients(struct str *line, const struct message *message)
{
	for (size_t i = 0; i < message->recipients.len; i++) {
		const struct message_recipient *at = &message->recipients.at[i];

		str_add_z(line, at->is_done ? "  done\t" : "\t");
		str_add_z(line,
		    queue_folder_name(at->channel == CHANNELS
			    ? QUEUE_TODO
			    : channel_folder(at->channel)));
		str_add_byte(line, '\t');
		control_add_safe(line, message_address(message, at));
		str_add_byte(line, '\n');
	}
}

static void
list_one(void *context, const struct message *message, enum stage stage)
{
	struct control *control = context;

	str_reset(&control->line);
	add_head(&control->line, message, stage);
	add_recipients(&control->line, message);
	control_say(control, str_span(&control->line));
}

int
verbs_list(struct control *control, const struct verb *verb,
    const struct selection *selection, const struct str addresses[2])
{
	(void)verb;
	(void)addresses;
	return control_walk(control, selection, list_one, NULL, control);
}

/* Up to the first empty line; control bytes but newlines and tabs are masked. */
static void
show_header(struct control *control, uint64_t number)
{
	struct str text = STR_INIT;
	int fd = file_open_nofollow(
	    queue_path(QUEUE_MESS, number, control->split).s);
	size_t end = 0;
	char block[4096];
	ssize_t got = 1;

	while (fd != -1 && text.len < HEADER_MAX &&
	    (got = fd_read(fd, block, sizeof(block))) > 0)
		str_add(&text, span_make(block, (size_t)got));
	if (fd < 0 || got < 0)
		control_complain(control, number, error_text(errno));
	fd_close(fd);
	while (end < text.len &&
	    !(text.s[end] == '\n' && (end == 0 || text.s[end - 1] == '\n')))
		end++;
	for (size_t i = 0; i < end; i++)
		if (!ascii_is_printable(text.s[i]) && text.s[i] != '\n' &&
		    text.s[i] != '\t')
			text.s[i] = '_';
	control_say(control, SPAN("\n"));
	control_say(control, span_upto(str_span(&text), end));
	str_free(&text);
}

static void
show_one(void *context, const struct message *message, enum stage stage)
{
	struct control *control = context;

	list_one(context, message, stage);
	show_header(control, message->number);
}

int
verbs_show(struct control *control, const struct verb *verb,
    const struct selection *selection, const struct str addresses[2])
{
	(void)verb;
	(void)addresses;
	return control_walk(control, selection, show_one, NULL, control);
}
