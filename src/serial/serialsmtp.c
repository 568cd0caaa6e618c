/*
 * serialsmtp.c - sends messages by SMTP, one after the other, over a
 * connection that is open.
 * Runs as   whoever runs maildirserial.
 * Reads     names of files on fd 0, from maildirserial; replies on fd 6, which
 *           are hostile; the files.
 * Writes    commands and messages on fd 7; a result for each on fd 1.
 * Source    serialsmtp(1), RFC 5321.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/must.h"
#include "mail/address.h"
#include "mail/quote.h"
#include "net/smtpdata.h"
#include "net/smtpline.h"
#include "serial_message.h"
#include "serial_result.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/in.h"
#include "sys/out.h"
#include "sys/signal.h"
#include "sys/sock.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111
#define SERVER_IN_FD   6
#define SERVER_OUT_FD  7
#define GO_AHEAD       354
#define TIMEOUT	       1200 /* seconds for each read and write */
#define REPLY_TIMEOUT  300  /* ... and for a whole reply, beyond that */

struct client {
	struct in names, in;
	struct out out;
	struct smtpreply reply;
	bool is_pipelining;
	bool is_socket; /* what has come can be told from what will come */
	struct span prefix;
	char names_buffer[4096], in_buffer[4096], out_buffer[16384];
};

/* ---- ways to end ---- */

NORETURN static void
fail(const char *what)
{
	fprintf(stderr, "serialsmtp: fatal: %s\n", what);
	_exit(TEMPORARY_EXIT);
}

NORETURN static void
fail_protocol(void)
{
	fail("the server does not keep to SMTP");
}

static void
out_of_memory(void)
{
	fail("out of memory");
}

/* ---- the dialogue ---- */

static void
send_all(struct client *client)
{
	if (out_flush(&client->out) < 0)
		fail("the connection broke");
}

/* Reads one reply.  Returns its code. */
static int
read_reply(struct client *client)
{
	struct smtpreply *reply = &client->reply;

	in_set_deadline(
	    &client->in, clock_monotonic() + (TIMEOUT + REPLY_TIMEOUT) * 1000);
	smtpreply_reset(reply);
	while (reply->state == SMTPREPLY_MORE) {
		struct span bytes;

		if (in_peek(&client->in, &bytes) <= 0)
			fail("the server is gone, or too slow");
		in_consume(&client->in, smtpreply_feed(reply, bytes));
	}
	if (reply->state == SMTPREPLY_BROKEN)
		fail_protocol();
	return reply->code;
}

static void
add_command(struct client *client, const char *verb, const char *rest)
{
	(void)out_add_z(&client->out, verb); /* send_all tells */
	(void)out_add_z(&client->out, rest);
	(void)out_add_z(&client->out, "\r\n");
}

static void
add_path(struct client *client, const char *verb, struct span address)
{
	struct str path = STR_INIT;

	str_add_z(&path, verb);
	str_add_byte(&path, '<');
	quote_add_address(&path, address);
	str_add_z(&path, ">\r\n");
	(void)out_add(&client->out, str_span(&path)); /* send_all tells */
	str_free(&path);
}

NORETURN static void
quit(struct client *client, const char *complaint)
{
	add_command(client, "QUIT", "");
	send_all(client);
	if (complaint)
		fail(complaint);
	(void)read_reply(client);
	_exit(0);
}

static void
say_hello(struct client *client, const char *helo)
{
	if (read_reply(client) >= 300)
		quit(client, "the server greets nobody now");
	add_command(client, "EHLO ", helo);
	send_all(client);
	if (read_reply(client) < 300) {
		client->is_pipelining =
		    client->reply.offers & SMTPREPLY_PIPELINING;
		return;
	}
	add_command(client, "HELO ", helo);
	send_all(client);
	if (read_reply(client) >= 300)
		quit(client, "the server does not want our name");
}

/* ---- a message ---- */

/* Where a command got a reply that refuses, that reply is the result; a reply
 * that neither refuses nor accepts is none. */
static bool
is_refused(struct client *client, const struct str *name)
{
	int code = client->reply.code;

	if (code < 300)
		return false;
	if (code < 400)
		fail_protocol();
	serial_result_write(str_span(name), code >= 500 ? 'D' : 'Z',
	    str_span(&client->reply.text));
	return true;
}

/* Sends a command by itself.  Returns whether it was taken. */
static bool
is_heard(struct client *client, const struct str *name)
{
	send_all(client);
	(void)read_reply(client);
	return !is_refused(client, name);
}

/* Whether commands can hold the addresses; tells the result if not. */
static bool
can_send(const struct str *name, const struct serial_message *message)
{
	const char *fault = NULL;

	if (!address_is_sendable(str_span(&message->sender)))
		fault = "SMTP cannot carry the address of the sender (#5.1.7)";
	else if (!address_is_sendable(str_span(&message->recipient)))
		fault = "SMTP cannot carry the address of the recipient "
			"(#5.1.3)";
	if (fault)
		serial_result_write(str_span(name), 'D', span_of(fault));
	return !fault;
}

/* Sends MAIL, RCPT and DATA.  Returns false if one is refused, and then told
 * the result. */
static bool
send_envelope(struct client *client, const struct str *name,
    const struct serial_message *message)
{
	bool is_told = false;

	add_path(client, "MAIL FROM:", str_span(&message->sender));
	if (!client->is_pipelining && !is_heard(client, name))
		return false;
	add_path(client, "RCPT TO:", str_span(&message->recipient));
	if (!client->is_pipelining && !is_heard(client, name))
		return false;
	add_command(client, "DATA", "");
	send_all(client);
	for (int i = client->is_pipelining ? 0 : 2; i < 2; i++) {
		(void)read_reply(client);
		if (!is_told)
			is_told = is_refused(client, name);
	}
	if (read_reply(client) == GO_AHEAD) {
		if (is_told)
			fail("the server wants a message that has no "
			     "recipient");
		return true;
	}
	if (!is_told && !is_refused(client, name))
		fail_protocol();
	return false;
}

/*
 * The server has spoken, or gone, before it had the whole message, which it
 * cannot have accepted.  That it refuses may be.
 */
NORETURN static void
end_early(struct client *client, const struct str *name)
{
	if (read_reply(client) >= 400)
		(void)is_refused(client, name);
	fail("the server did not wait for the end of a message");
}

static void
send_piece(struct client *client, const struct str *name, struct str *wire)
{
	if (out_add(&client->out, str_span(wire)) < 0) {
		if (errno == ETIMEDOUT)
			fail("the server is too slow");
		end_early(client, name);
	}
	str_reset(wire);
}

/* Sends what is left of the file, and the end. */
static void
send_text(struct client *client, const struct str *name, struct in *file,
    struct span kept)
{
	struct smtpdata data = SMTPDATA_INIT;
	struct str wire = STR_INIT;
	struct span bytes;
	int got;

	out_watch(&client->out, client->is_socket);
	smtpdata_encode(&data, kept, &wire);
	while ((got = in_peek(file, &bytes)) > 0) {
		smtpdata_encode(&data, bytes, &wire);
		in_consume(file, bytes.len);
		send_piece(client, name, &wire);
	}
	if (got < 0)
		fail("a message cannot be read");
	smtpdata_finish(&data, &wire);
	send_piece(client, name, &wire);
	/* Once the server has it all, nothing may hinder us to hear so. */
	smtpreply_make_room(&client->reply);
	if (client->is_socket &&
	    (in_is_waiting(&client->in) || sock_has_input(SERVER_IN_FD)))
		end_early(client, name);
	str_add_z(&wire, ".\r\n");
	send_piece(client, name, &wire);
	out_watch(&client->out, false);
	send_all(client);
	str_free(&wire);
}

/* Sends a message that is for us.  Returns whether anything was said. */
static bool
send_message(struct client *client, const struct str *name, bool is_first)
{
	static char buffer[65536];
	struct serial_message message = { STR_INIT, STR_INIT, STR_INIT, 0 };
	struct in file;
	int fd = file_open(str_z(name)), got;

	if (fd < 0)
		fail("a message cannot be opened");
	in_init(&file, fd, buffer, sizeof(buffer));
	got = serial_message_read(&message, &file, client->prefix);
	if (got < 0)
		fail("a message cannot be read");
	if (got > 0 && !can_send(name, &message))
		got = 0;
	if (got > 0 && !is_first) {
		add_command(client, "RSET", "");
		send_all(client);
		(void)read_reply(client);
	}
	if (got > 0 && send_envelope(client, name, &message)) {
		send_text(client, name, &file, str_span(&message.kept));
		(void)read_reply(client);
		if (!is_refused(client, name))
			serial_result_write(
			    str_span(name), 'K', str_span(&client->reply.text));
	}
	serial_message_free(&message);
	fd_close(fd);
	return got > 0;
}

int
main(int argc, char **argv)
{
	static struct client client;
	struct str name = STR_INIT;
	bool is_first = true;

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	signal_ignore(SIGPIPE);
	if (argc != 3) {
		fputs("usage: serialsmtp prefix helo\n", stderr);
		return USAGE_EXIT;
	}
	client.prefix = span_of(argv[1]);
	in_init(
	    &client.names, 0, client.names_buffer, sizeof(client.names_buffer));
	in_init(&client.in, SERVER_IN_FD, client.in_buffer,
	    sizeof(client.in_buffer));
	out_init(&client.out, SERVER_OUT_FD, client.out_buffer,
	    sizeof(client.out_buffer));
	in_set_timeout(&client.in, TIMEOUT);
	out_set_timeout(&client.out, TIMEOUT);
	client.is_socket =
	    client.in.is_socket_timed && client.out.is_socket_timed;
	smtpreply_init(&client.reply);
	say_hello(&client, argv[2]);
	while (serial_result_next_name(&client.names, &name))
		if (send_message(&client, &name, is_first))
			is_first = false;
	quit(&client, NULL);
}
