/*
 * serialqmtp.c - sends messages by QMTP, one after the other, over a connection
 * that is open.
 * Runs as   whoever runs maildirserial.
 * Reads     names of files on fd 0, from maildirserial; replies on fd 6, which
 *           are hostile; the files.
 * Writes    messages on fd 7; a result for each on fd 1.
 * Source    serialqmtp(1); D. J. Bernstein, QMTP.
 *
 * Messages are sent without waiting for replies; those that have come are read
 * between two of them, so that neither side waits for the other to read.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/vec.h"
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
#define WRITE_TIMEOUT  73   /* seconds for each write */
#define REPLY_TIMEOUT  1200 /* seconds for a whole reply */
#define REPLY_MAX      5000 /* bytes of a reply */
#define LAST_WORDS     5000 /* milliseconds for replies when the line is dead */

/* A message that waits for its reply. */
struct sent {
	struct str name;
	uint64_t end; /* so many bytes of the output reach to its end */
};

struct client {
	struct in names, in;
	struct out out;
	bool is_socket; /* what has come can be told from what will come */
	struct span prefix;
	VEC(struct sent) sent;
	size_t next_reply;
	struct str reply; /* the last one */
	char names_buffer[4096], in_buffer[4096], out_buffer[16384];
};

NORETURN static void
fail(const char *what)
{
	fprintf(stderr, "serialqmtp: fatal: %s\n", what);
	_exit(TEMPORARY_EXIT);
}

static void
out_of_memory(void)
{
	fail("out of memory");
}

/* ---- replies: each a netstring of a letter and words ---- */

static char
next_byte(struct client *client)
{
	char byte;

	if (in_read_byte(&client->in, &byte) <= 0)
		fail("the server is gone, or too slow");
	return byte;
}

static size_t
read_length(struct client *client)
{
	size_t length = 0, digits = 0;
	char c;

	while ((c = next_byte(client)) != ':') {
		if (!ascii_is_digit(c) || ++digits > 4)
			fail("the server does not keep to QMTP");
		length = length * 10 + (size_t)(c - '0');
	}
	if (digits == 0 || length == 0 || length > REPLY_MAX)
		fail("the server does not keep to QMTP");
	return length;
}

/* Reads one reply.  It needs no memory. */
static void
take_reply(struct client *client)
{
	struct str *reply = &client->reply;
	size_t length;

	str_reset(reply);
	length = read_length(client);
	while (reply->len < length)
		str_add_byte(reply, next_byte(client));
	if (next_byte(client) != ',' || !span_has(SPAN("KZD"), reply->s[0]))
		fail("the server does not keep to QMTP");
	serial_result_write(
	    str_span(&client->sent.at[client->next_reply++].name), reply->s[0],
	    span_from(str_span(reply), 1));
}

/* Nothing more can be sent.  What the server has said of messages that it has
 * still counts, or they would be sent again. */
NORETURN static void
fail_broken(struct client *client)
{
	in_set_deadline(&client->in, clock_monotonic() + LAST_WORDS);
	while (client->next_reply < client->sent.len &&
	    client->sent.at[client->next_reply].end <= client->out.total)
		take_reply(client);
	fail("the connection broke, or the server is too slow");
}

static void
flush(struct client *client)
{
	if (out_flush(&client->out) < 0)
		fail_broken(client);
}

static void
read_reply(struct client *client)
{
	flush(client);
	in_set_deadline(&client->in, clock_monotonic() + REPLY_TIMEOUT * 1000);
	take_reply(client);
}

/* A message cannot be sent; the replies on those before it still count. */
NORETURN static void
fail_late(struct client *client, const char *what)
{
	while (client->next_reply < client->sent.len)
		read_reply(client);
	fail(what);
}

/* Whether something has come. */
static bool
is_heard(const struct client *client)
{
	return in_is_waiting(&client->in) || sock_has_input(SERVER_IN_FD);
}

/* Reads the replies that have come.  What is said of a message that the server
 * does not have yet is no reply. */
static void
read_replies(struct client *client)
{
	while (client->next_reply < client->sent.len && is_heard(client))
		read_reply(client);
}

static void
check_silence(struct client *client)
{
	if (client->is_socket && client->next_reply == client->sent.len &&
	    is_heard(client))
		fail("the server answers what it was not sent");
}

/* ---- messages ---- */

static void
add(struct client *client, struct span bytes)
{
	if (out_add(&client->out, bytes) < 0)
		fail_broken(client);
}

/* The length and colon that begin a netstring. */
static void
add_length(struct client *client, uint64_t length)
{
	struct str text = STR_INIT;

	str_add_u64(&text, length);
	str_add_byte(&text, ':');
	add(client, str_span(&text));
	str_free(&text);
}

static void
add_netstring(struct client *client, struct span bytes)
{
	add_length(client, bytes.len);
	add(client, bytes);
	add(client, SPAN(","));
}

/* The text, in lines that end in LF, which its first byte says. */
static void
add_text(
    struct client *client, struct in *file, struct span kept, uint64_t length)
{
	struct span bytes;

	add_length(client, length + 1);
	add(client, SPAN("\n"));
	add(client, kept);
	length -= kept.len;
	while (length) {
		if (in_peek(file, &bytes) <= 0)
			fail_late(client, "a message cannot be read");
		bytes = span_upto(
		    bytes, length < bytes.len ? (size_t)length : bytes.len);
		add(client, bytes);
		in_consume(file, bytes.len);
		length -= bytes.len;
	}
	add(client, SPAN(","));
}

static void
add_recipient(struct client *client, struct span recipient)
{
	struct str inner = STR_INIT;

	str_add_u64(&inner, recipient.len);
	str_add_byte(&inner, ':');
	str_add(&inner, recipient);
	str_add_byte(&inner, ',');
	add_netstring(client, str_span(&inner));
	str_free(&inner);
}

static void
send_message(struct client *client, const struct str *name)
{
	static char buffer[65536];
	struct serial_message message = { STR_INIT, STR_INIT, STR_INIT, 0 };
	struct sent sent = { STR_INIT, 0 };
	struct stat status;
	struct in file;
	int fd = file_open(str_z(name)), got;

	if (fd < 0 || fstat(fd, &status) < 0)
		fail_late(client, "a message cannot be opened");
	in_init(&file, fd, buffer, sizeof(buffer));
	got = serial_message_read(&message, &file, client->prefix);
	if (got < 0)
		fail_late(client, "a message cannot be read");
	if (got > 0) {
		check_silence(client);
		add_text(client, &file, str_span(&message.kept),
		    (uint64_t)status.st_size - message.head);
		add_netstring(client, str_span(&message.sender));
		if (client->is_socket)
			read_replies(client);
		check_silence(client);
		add_recipient(client, str_span(&message.recipient));
		str_set(&sent.name, str_span(name));
		sent.end = client->out.total + client->out.len;
		vec_push(&client->sent, sent);
	}
	serial_message_free(&message);
	fd_close(fd);
}

int
main(int argc, char **argv)
{
	static struct client client;
	struct str name = STR_INIT;

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	signal_ignore(SIGPIPE);
	if (argc != 2) {
		fputs("usage: serialqmtp prefix\n", stderr);
		return USAGE_EXIT;
	}
	client.prefix = span_of(argv[1]);
	in_init(
	    &client.names, 0, client.names_buffer, sizeof(client.names_buffer));
	in_init(&client.in, SERVER_IN_FD, client.in_buffer,
	    sizeof(client.in_buffer));
	out_init(&client.out, SERVER_OUT_FD, client.out_buffer,
	    sizeof(client.out_buffer));
	in_set_timeout(&client.in, REPLY_TIMEOUT);
	out_set_timeout(&client.out, WRITE_TIMEOUT);
	client.is_socket = client.in.is_socket_timed;
	/* Once a server has a message, nothing may hinder us to hear so. */
	str_reserve(&client.reply, REPLY_MAX);
	while (serial_result_next_name(&client.names, &name)) {
		send_message(&client, &name);
		read_replies(&client);
	}
	flush(&client);
	while (client.next_reply < client.sent.len)
		read_reply(&client);
	return 0;
}
