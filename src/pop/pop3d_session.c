/*
 * pop3d_session.c - commands and replies.
 * Input: hostile
 */
#include "pop3d.h"

#include <errno.h>

#include "net/popdata.h"
#include "pop.h"
#include "pop3d_end.h"
#include "sys/clock.h"
#include "sys/fd.h"

#define MS    1000
#define BLOCK 16384

static void
reply(struct pop3d *pop3d, const char *line)
{
	/* A failure shows when the replies are sent. */
	(void)out_add_z(&pop3d->out, line);
	(void)out_add_z(&pop3d->out, "\r\n");
}

/* Ends if the client does not take what is sent. */
static void
add(struct pop3d *pop3d, struct span bytes)
{
	if (out_add(&pop3d->out, bytes) < 0)
		pop3d_end(NULL, POP3D_GONE);
}

static void
add_text(struct pop3d *pop3d)
{
	add(pop3d, str_span(&pop3d->text));
	str_reset(&pop3d->text);
}

/* A reply of so many bytes begins. */
static void
set_reply_deadline(struct pop3d *pop3d, uint64_t bytes)
{
	uint64_t seconds = POP3D_REPLY_SECONDS + bytes / POP3D_REPLY_SPEED;
	int64_t deadline = pop3d->session_end;

	if (seconds < POP3D_SESSION_SECONDS &&
	    clock_monotonic() + (int64_t)seconds * MS < deadline)
		deadline = clock_monotonic() + (int64_t)seconds * MS;
	out_set_deadline(&pop3d->out, deadline);
}

/* ---- which message ---- */

/*
 * Takes the number of a message off the argument.
 * Returns false if that is none, or of none that is there; this is replied.
 */
static bool
cut_message(struct pop3d *pop3d, struct span *argument, size_t *i,
    struct maildrop_message *message)
{
	uint64_t number;

	if (!popcommand_cut_number(argument, UINT64_MAX, &number)) {
		reply(pop3d, "-ERR that is not the number of a message");
		return false;
	}
	if (number == 0 || number > maildrop_count(&pop3d->drop)) {
		reply(pop3d, "-ERR there is no such message");
		return false;
	}
	*i = (size_t)number - 1;
	maildrop_get(&pop3d->drop, *i, message);
	if (message->is_deleted) {
		reply(pop3d, "-ERR this message is deleted");
		return false;
	}
	return true;
}

/* The same for commands that have no other argument. */
static bool
take_message(struct pop3d *pop3d, struct span argument, size_t *i,
    struct maildrop_message *message)
{
	if (!cut_message(pop3d, &argument, i, message))
		return false;
	if (argument.len == 0)
		return true;
	reply(pop3d, "-ERR one number is enough");
	return false;
}

/* ---- lists ---- */

/* Adds what a list tells of message i to the text. */
typedef void list_item(
    struct pop3d *pop3d, size_t i, const struct maildrop_message *message);

static void
add_octets(
    struct pop3d *pop3d, size_t i, const struct maildrop_message *message)
{
	(void)i;
	str_add_u64(&pop3d->text, message->octets);
}

static void
add_uid(struct pop3d *pop3d, size_t i, const struct maildrop_message *message)
{
	(void)message;
	maildrop_add_uid(&pop3d->drop, i, &pop3d->text);
}

static void
add_item(struct pop3d *pop3d, size_t i, const struct maildrop_message *message,
    list_item *item)
{
	str_add_u64(&pop3d->text, i + 1);
	str_add_byte(&pop3d->text, ' ');
	item(pop3d, i, message);
	str_add_z(&pop3d->text, "\r\n");
}

/* LIST and UIDL: one message, or all that are not deleted. */
static void
list(struct pop3d *pop3d, struct span argument, list_item *item)
{
	struct maildrop_message message;
	size_t i;

	if (argument.len) {
		if (!take_message(pop3d, argument, &i, &message))
			return;
		str_add_z(&pop3d->text, "+OK ");
		add_item(pop3d, i, &message, item);
		add_text(pop3d);
		return;
	}
	set_reply_deadline(pop3d, maildrop_count(&pop3d->drop));
	reply(pop3d, "+OK");
	for (i = 0; i < maildrop_count(&pop3d->drop); i++) {
		maildrop_get(&pop3d->drop, i, &message);
		if (!message.is_deleted)
			add_item(pop3d, i, &message, item);
		if (pop3d->text.len >= BLOCK)
			add_text(pop3d);
	}
	add_text(pop3d);
	reply(pop3d, ".");
}

static void
do_list(struct pop3d *pop3d, struct span argument)
{
	list(pop3d, argument, add_octets);
}

static void
do_uidl(struct pop3d *pop3d, struct span argument)
{
	list(pop3d, argument, add_uid);
}

static void
do_stat(struct pop3d *pop3d, struct span argument)
{
	(void)argument;
	str_add_z(&pop3d->text, "+OK ");
	str_add_u64(
	    &pop3d->text, maildrop_count(&pop3d->drop) - pop3d->drop.deleted);
	str_add_byte(&pop3d->text, ' ');
	str_add_u64(&pop3d->text, pop3d->drop.octets);
	str_add_z(&pop3d->text, "\r\n");
	add_text(pop3d);
}

/* ---- a message ---- */

/* What failed in the middle cannot be said: the client must not take a part
 * for the whole. */
static void
send_file(struct pop3d *pop3d, int fd, uint64_t lines)
{
	struct popdata data;
	char block[BLOCK];
	ssize_t got = 0;

	popdata_init(&data, lines);
	while (!popdata_is_done(&data) &&
	    (got = fd_read(fd, block, sizeof(block))) > 0) {
		popdata_add(&data, span_make(block, (size_t)got), &pop3d->text);
		add_text(pop3d);
	}
	if (got < 0)
		pop3d_end(NULL, POP3D_GONE);
	popdata_end(&data, &pop3d->text);
	add_text(pop3d);
	reply(pop3d, ".");
}

static void
send_message(struct pop3d *pop3d, size_t i,
    const struct maildrop_message *message, uint64_t lines)
{
	int fd = maildrop_open_message(&pop3d->drop, i);

	if (fd < 0) {
		reply(pop3d,
		    errno == ENOENT
			? "-ERR another reader has removed this message"
			: "-ERR [SYS/TEMP] this message cannot be read");
		return;
	}
	set_reply_deadline(pop3d, message->octets);
	str_add_z(&pop3d->text, "+OK");
	if (lines == POPDATA_ALL) {
		str_add_byte(&pop3d->text, ' ');
		str_add_u64(&pop3d->text, message->octets);
		str_add_z(&pop3d->text, " octets");
	}
	str_add_z(&pop3d->text, "\r\n");
	add_text(pop3d);
	send_file(pop3d, fd, lines);
	fd_close(fd);
}

static void
do_retr(struct pop3d *pop3d, struct span argument)
{
	struct maildrop_message message;
	size_t i;

	if (take_message(pop3d, argument, &i, &message))
		send_message(pop3d, i, &message, POPDATA_ALL);
}

static void
do_top(struct pop3d *pop3d, struct span argument)
{
	struct maildrop_message message;
	uint64_t lines;
	size_t i;

	if (!cut_message(pop3d, &argument, &i, &message))
		return;
	if (!popcommand_cut_number(&argument, POPDATA_ALL - 1, &lines) ||
	    argument.len)
		reply(pop3d, "-ERR TOP wants a message and a number of lines");
	else
		send_message(pop3d, i, &message, lines);
}

/* ---- the rest ---- */

static void
do_capa(struct pop3d *pop3d, struct span argument)
{
	(void)argument;
	add(pop3d, SPAN(POP_CAPABILITIES POP_CAPABILITIES_END));
}

static void
do_dele(struct pop3d *pop3d, struct span argument)
{
	struct maildrop_message message;
	size_t i;

	if (!take_message(pop3d, argument, &i, &message))
		return;
	maildrop_delete(&pop3d->drop, i);
	if (pop3d->last < i + 1)
		pop3d->last = i + 1;
	reply(pop3d, "+OK it will go at QUIT");
}

static void
do_last(struct pop3d *pop3d, struct span argument)
{
	(void)argument;
	str_add_z(&pop3d->text, "+OK ");
	str_add_u64(&pop3d->text, pop3d->last);
	str_add_z(&pop3d->text, "\r\n");
	add_text(pop3d);
}

static void
do_noop(struct pop3d *pop3d, struct span argument)
{
	(void)argument;
	reply(pop3d, "+OK");
}

static void
do_rset(struct pop3d *pop3d, struct span argument)
{
	(void)argument;
	maildrop_restore(&pop3d->drop);
	pop3d->last = 0;
	reply(pop3d, "+OK nothing is deleted");
}

/* The loop ends after it. */
static void
do_quit(struct pop3d *pop3d, struct span argument)
{
	(void)argument;
	/* What cannot be sent to the client is not taken away from it. */
	if (out_flush(&pop3d->out) < 0)
		pop3d_end(NULL, POP3D_GONE);
	if (maildrop_update(&pop3d->drop) == 0)
		reply(pop3d, "+OK bye");
	else
		reply(pop3d,
		    "-ERR [SYS/TEMP] some messages could not be removed");
}

static void (*const commands[POP_VERBS])(struct pop3d *, struct span) = {
	[POP_CAPA] = do_capa,
	[POP_DELE] = do_dele,
	[POP_LAST] = do_last,
	[POP_LIST] = do_list,
	[POP_NOOP] = do_noop,
	[POP_QUIT] = do_quit,
	[POP_RETR] = do_retr,
	[POP_RSET] = do_rset,
	[POP_STAT] = do_stat,
	[POP_TOP] = do_top,
	[POP_UIDL] = do_uidl,
};

/* ---- the loop ---- */

static void
send_replies(void *argument)
{
	struct pop3d *pop3d = argument;

	if (out_flush(&pop3d->out) < 0)
		pop3d_end(NULL, POP3D_GONE);
}

/* Reads a line, or the next piece of one that is too long, of which it returns
 * false. */
static bool
read_line(struct pop3d *pop3d)
{
	int got;

	str_reset(&pop3d->line);
	got = in_read_until(&pop3d->in, '\n', &pop3d->line, POPCOMMAND_MAX);
	if (got > 0)
		return true;
	if (got < 0 && errno == EMSGSIZE)
		return false;
	pop3d_end(&pop3d->out,
	    got < 0 && errno == ETIMEDOUT ? POP3D_TIMEOUT : POP3D_GONE);
}

/* Reads a command into pop3d->line; of one that is too long nothing is left. */
static void
read_command(struct pop3d *pop3d)
{
	int64_t deadline = clock_monotonic() + POP3D_COMMAND_SECONDS * MS;

	if (deadline > pop3d->session_end)
		deadline = pop3d->session_end;
	in_set_deadline(&pop3d->in, deadline);
	set_reply_deadline(pop3d, 0);
	if (read_line(pop3d))
		return;
	while (!read_line(pop3d))
		;
	str_reset(&pop3d->line);
}

void
pop3d_serve(struct pop3d *pop3d)
{
	struct popcommand command;

	in_before_wait(&pop3d->in, send_replies, pop3d);
	reply(pop3d, "+OK");
	do {
		read_command(pop3d);
		popcommand_parse(str_span(&pop3d->line), &command);
		if (commands[command.verb])
			commands[command.verb](pop3d, command.argument);
		else
			reply(pop3d, "-ERR no such command");
	} while (command.verb != POP_QUIT);
}
