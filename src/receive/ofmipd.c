/*
 * ofmipd.c - takes new messages from the mail programs of users by SMTP,
 * completes their addresses and headers, and sends them anywhere.
 * Runs as   qmaild, one process a connection, started by tcpserver, which lets
 *           only those in that may send.
 * Reads     commands and messages on fd 0; the client may relay, but is NOT
 *           trusted to keep to SMTP; control files; a database of names.
 * Writes    replies on fd 1; each message goes to a new qmail-queue.
 * Source    ofmipd(8).
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "config/cdb.h"
#include "config/home.h"
#include "config/hostnames.h"
#include "mail/address.h"
#include "ofmip.h"
#include "sys/clock.h"
#include "sys/signal.h"

#define BUG_EXIT	1
#define SESSION_SECONDS 86400

static struct ofmip session;

/* Replies that wait go first: unheard, they would let the client send a message
 * again. */
static void
out_of_memory(void)
{
	(void)out_flush(&session.out);
	ofmip_end(NULL, OFMIP_MEMORY);
}

static void
forget(struct ofmip *ofmip)
{
	ofmip->has_sender = ofmip->has_name = false;
	str_reset(&ofmip->sender);
	str_reset(&ofmip->recipients);
}

/* ---- MAIL and RCPT ---- */

/* The address in an argument, completed; empty if there is none.  Returns
 * NULL, or the reply if it cannot be one. */
static const char *
take_address(struct ofmip *ofmip, struct span argument, struct span keyword,
    struct str *address)
{
	enum address_result result;
	struct span parameters;

	result = address_parse_path(argument, keyword, address, &parameters);
	if (result == ADDRESS_MISSING)
		str_reset(address);
	if (result == ADDRESS_BROKEN)
		return "501 5.1.3 this is no address";
	hostrules_apply_to_address(str_span(&ofmip->names.rules), address);
	return result == ADDRESS_TOO_LONG || address->len > ADDRESS_MAX
	    ? "555 5.1.3 this address is too long"
	    : NULL;
}

/* Looks the sender up in the database of names.  0, -1 with errno. */
static int
look_up_name(struct ofmip *ofmip)
{
	struct str record = STR_INIT;
	int found;
	size_t end;

	if (ofmip->database.fd == -1)
		return 0;
	found = cdb_find(&ofmip->database, str_span(&ofmip->sender), &record);
	ofmip->has_name = found > 0;
	if (found > 0) {
		end = span_find(str_span(&record), '\0');
		str_set(&ofmip->name, span_upto(str_span(&record), end));
		str_set(&ofmip->sender, span_from(str_span(&record), end + 1));
	}
	str_free(&record);
	return found < 0 ? -1 : 0;
}

static void
do_mail(struct ofmip *ofmip, struct span argument)
{
	const char *fault;

	forget(ofmip);
	fault = take_address(ofmip, argument, SPAN("FROM:"), &ofmip->sender);
	if (!fault && look_up_name(ofmip) < 0)
		fault = "451 4.3.0 the database of names cannot be read";
	ofmip->has_sender = !fault;
	ofmip_reply(ofmip, fault ? fault : "250 2.1.0 ok");
}

static void
do_rcpt(struct ofmip *ofmip, struct span argument)
{
	struct str address = STR_INIT;
	const char *fault = "503 5.5.1 MAIL comes first";

	if (ofmip->has_sender)
		fault = take_address(ofmip, argument, SPAN("TO:"), &address);
	if (!fault && address.len == 0)
		fault = "501 5.1.3 nobody has no name";
	if (!fault && ofmip->recipients.len > OFMIP_RECIPIENTS_MAX)
		fault = "452 4.5.3 too many recipients";
	if (!fault)
		str_add_field(&ofmip->recipients, str_span(&address));
	ofmip_reply(ofmip, fault ? fault : "250 2.1.5 ok");
	str_free(&address);
}

/* ---- the other commands ---- */

static void
do_data(struct ofmip *ofmip, struct span argument)
{
	(void)argument;
	if (!ofmip->has_sender || ofmip->recipients.len == 0) {
		ofmip_reply(ofmip,
		    ofmip->has_sender ? "503 5.5.1 RCPT comes first"
				      : "503 5.5.1 MAIL comes first");
		return;
	}
	ofmip_receive(ofmip);
	forget(ofmip);
}

static void
do_helo(struct ofmip *ofmip, struct span argument)
{
	(void)argument;
	forget(ofmip);
	ofmip_reply(ofmip, "250 ofmipd");
}

static void
do_ehlo(struct ofmip *ofmip, struct span argument)
{
	(void)argument;
	forget(ofmip);
	ofmip_reply(ofmip, "250-ofmipd");
	ofmip_reply(ofmip, "250-PIPELINING");
	ofmip_reply(ofmip, "250-ENHANCEDSTATUSCODES");
	ofmip_reply(ofmip, "250 8BITMIME");
}

static void
do_rset(struct ofmip *ofmip, struct span argument)
{
	(void)argument;
	forget(ofmip);
	ofmip_reply(ofmip, "250 2.0.0 ok");
}

static void
do_noop(struct ofmip *ofmip, struct span argument)
{
	(void)argument;
	ofmip_reply(ofmip, "250 2.0.0 ok");
}

static void
do_vrfy(struct ofmip *ofmip, struct span argument)
{
	(void)argument;
	ofmip_reply(ofmip, "252 2.5.0 send, and you will see");
}

static void
do_help(struct ofmip *ofmip, struct span argument)
{
	(void)argument;
	ofmip_reply(ofmip, "214 2.0.0 Angarium's ofmipd");
}

static const struct {
	const char *verb;
	void (*run)(struct ofmip *, struct span);
} commands[] = {
	{ "MAIL", do_mail },
	{ "RCPT", do_rcpt },
	{ "DATA", do_data },
	{ "HELO", do_helo },
	{ "EHLO", do_ehlo },
	{ "RSET", do_rset },
	{ "NOOP", do_noop },
	{ "VRFY", do_vrfy },
	{ "HELP", do_help },
};

/* Reads a command, without its end. */
static void
read_command(struct ofmip *ofmip, struct str *line)
{
	int got;

	str_reset(line);
	got = in_read_until(&ofmip->in, '\n', line, OFMIP_COMMAND_MAX);
	if (got <= 0)
		ofmip_end(ofmip,
		    got < 0 && errno == ETIMEDOUT ? OFMIP_TIMEOUT : OFMIP_GONE);
	str_cut(line, line->len - 1);
	if (span_ends(str_span(line), SPAN("\r")))
		str_cut(line, line->len - 1);
}

/* Returns false at QUIT. */
static bool
run_command(struct ofmip *ofmip, struct span line)
{
	struct span verb = span_upto(line, span_find(line, ' '));
	struct span argument = span_trim(span_from(line, verb.len));

	if (span_equal_nocase(verb, SPAN("QUIT")))
		return false;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (span_equal_nocase(verb, span_of(commands[i].verb))) {
			commands[i].run(ofmip, argument);
			return true;
		}
	ofmip_reply(ofmip, "502 5.5.1 no such command");
	return true;
}

/* ---- start ---- */

static void
send_replies(void *argument)
{
	struct ofmip *ofmip = argument;

	if (out_flush(&ofmip->out) < 0)
		ofmip_end(ofmip, OFMIP_GONE);
}

/* Before the working folder changes: the argument is relative to it. */
static int
open_database(struct ofmip *ofmip, const char *path)
{
	return path ? cdb_open(&ofmip->database, path) : 0;
}

int
main(int argc, char **argv)
{
	static char in_buffer[OFMIP_IN_BUFFER], out_buffer[4096];
	struct str line = STR_INIT;
	int64_t end = clock_monotonic() + SESSION_SECONDS * 1000;
	bool fine;

	must_hooks(BUG_EXIT, out_of_memory);
	signal_ignore(SIGPIPE);
	session.database.fd = -1;
	in_init(&session.in, 0, in_buffer, sizeof(in_buffer));
	out_init(&session.out, 1, out_buffer, sizeof(out_buffer));
	in_set_timeout(&session.in, OFMIP_TIMEOUT_SECONDS);
	out_set_timeout(&session.out, OFMIP_TIMEOUT_SECONDS);
	in_set_deadline(&session.in, end);
	fine = open_database(&session, argc > 1 ? argv[1] : NULL) == 0;
	if (!fine || chdir(home_dir) < 0 ||
	    hostnames_read(&session.names, NULL) <= 0)
		ofmip_end(&session, OFMIP_CONTROL);
	in_before_wait(&session.in, send_replies, &session);
	ofmip_reply(&session, "220 ofmipd ESMTP");
	do
		read_command(&session, &line);
	while (run_command(&session, str_span(&line)));
	ofmip_end(&session, OFMIP_QUIT);
}
