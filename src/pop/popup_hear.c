/*
 * popup_hear.c - hears the stranger.
 * Input: hostile
 */
#include "popup_hear.h"

#include <errno.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/str.h"
#include "pop.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/in.h"
#include "sys/out.h"

#define MS	   1000
#define OUT_BUFFER 1024

struct hearing {
	struct in in;
	struct out out;
	int login;
	struct span timestamp;
	int64_t end;	 /* of the session, clock_monotonic */
	struct str line; /* the command */
	struct str name; /* from USER; empty: none yet */
	unsigned errors;
	bool is_over;
	enum starttls_offer offer;
	struct starttls *tls;
	bool is_tls;
};

/* Sent when we wait for input; a failure shows there. */
static void
reply(struct hearing *hearing, const char *text)
{
	(void)out_add_z(&hearing->out, text);
	(void)out_add_z(&hearing->out, "\r\n");
}

static void
refuse(struct hearing *hearing, const char *text)
{
	hearing->errors++;
	reply(hearing, text);
}

/* Says a last word, if there is one, and ends. */
NORETURN static void
end(struct hearing *hearing, const char *text)
{
	if (text)
		reply(hearing, text);
	out_set_deadline(
	    &hearing->out, clock_monotonic() + POPUP_LAST_WORD_SECONDS * MS);
	(void)out_flush(&hearing->out); /* it may have left */
	_exit(0);
}

/* All that was asked for is told; what follows is another's. */
static void
hand_over(struct hearing *hearing, struct span name, struct span secret)
{
	struct str login = STR_INIT;

	str_add_byte(&login, hearing->is_tls ? POPUP_TLS : POPUP_CLEAR);
	str_add_field(&login, name);
	str_add_field(&login, secret);
	if (out_flush(&hearing->out) < 0 ||
	    fd_write_all(hearing->login, str_span(&login)) < 0)
		end(hearing, NULL);
	secret_wipe(login.s, login.len);
	hearing->is_over = true;
}

static bool
may_start_tls(const struct hearing *hearing)
{
	return hearing->offer != STARTTLS_NOT && hearing->tls->control != -1 &&
	    !hearing->is_tls;
}

/* Whether nobody is to say who he is before TLS has begun; says so. */
static bool
is_too_early(struct hearing *hearing)
{
	if (hearing->offer != STARTTLS_REQUIRED || hearing->is_tls)
		return false;
	refuse(hearing, "-ERR STLS comes first");
	return true;
}

/* ---- commands ---- */

static void
do_apop(struct hearing *hearing, struct span argument)
{
	struct span name;

	if (is_too_early(hearing))
		return;
	if (hearing->timestamp.len == 0)
		refuse(hearing, "-ERR there is no APOP here");
	else if (!popcommand_cut_name(&argument, &name))
		refuse(hearing, "-ERR APOP wants a name and a digest");
	else
		hand_over(hearing, name, argument);
}

static void
do_capa(struct hearing *hearing, struct span argument)
{
	(void)argument;
	(void)out_add_z(&hearing->out, POP_CAPABILITIES);
	if (may_start_tls(hearing))
		(void)out_add_z(&hearing->out, "STLS\r\n");
	(void)out_add_z(&hearing->out, POP_CAPABILITIES_END);
}

static void
do_pass(struct hearing *hearing, struct span argument)
{
	if (is_too_early(hearing))
		return;
	if (hearing->name.len == 0)
		refuse(hearing, "-ERR USER comes first");
	else if (argument.len == 0)
		refuse(hearing, "-ERR PASS wants a password");
	else
		hand_over(hearing, str_span(&hearing->name), argument);
}

static void
do_quit(struct hearing *hearing, struct span argument)
{
	(void)argument;
	end(hearing, "+OK bye");
}

/* What was said in clear text may be anybody's (RFC 2595 4).  What came behind
 * the command is still to be read, and no handshake. */
static void
do_stls(struct hearing *hearing, struct span argument)
{
	struct str report = STR_INIT;

	if (!may_start_tls(hearing)) {
		refuse(hearing,
		    hearing->is_tls ? "-ERR we speak TLS already"
				    : "-ERR there is no TLS here");
		return;
	}
	if (argument.len) {
		refuse(hearing, "-ERR STLS wants nothing more");
		return;
	}
	reply(hearing, "+OK begin TLS");
	if (out_flush(&hearing->out) < 0 ||
	    starttls_finish(hearing->tls, &report) < 0)
		_exit(0);
	str_reset(&hearing->name);
	hearing->is_tls = true;
	str_free(&report);
}

static void
do_user(struct hearing *hearing, struct span argument)
{
	if (is_too_early(hearing))
		return;
	if (argument.len == 0) {
		refuse(hearing, "-ERR USER wants a name");
		return;
	}
	str_set(&hearing->name, argument);
	reply(hearing, "+OK and your password?");
}

static void (*const commands[POP_VERBS])(struct hearing *, struct span) = {
	[POP_APOP] = do_apop,
	[POP_CAPA] = do_capa,
	[POP_PASS] = do_pass,
	[POP_QUIT] = do_quit,
	[POP_STLS] = do_stls,
	[POP_USER] = do_user,
};

/* ---- the loop ---- */

static void
send_replies(void *argument)
{
	struct hearing *hearing = argument;

	if (out_flush(&hearing->out) < 0)
		end(hearing, NULL);
}

/* Reads the next command; ends when there is none, or not in time. */
static void
read_command(struct hearing *hearing)
{
	int64_t deadline = clock_monotonic() + POPUP_COMMAND_SECONDS * MS;
	int got;

	if (deadline > hearing->end)
		deadline = hearing->end;
	in_set_deadline(&hearing->in, deadline);
	out_set_deadline(&hearing->out, deadline);
	str_reset(&hearing->line);
	got = in_read_until(&hearing->in, '\n', &hearing->line, POPCOMMAND_MAX);
	if (got > 0)
		return;
	if (got < 0 && errno == ETIMEDOUT)
		end(hearing, "-ERR you are too slow");
	if (got < 0 && errno == EMSGSIZE)
		end(hearing, "-ERR nobody has such a long name");
	end(hearing, NULL);
}

static void
run_command(struct hearing *hearing)
{
	struct popcommand command;

	popcommand_parse(str_span(&hearing->line), &command);
	if (commands[command.verb])
		commands[command.verb](hearing, command.argument);
	else
		refuse(hearing, "-ERR who are you first?");
	/* In case it was a password. */
	secret_wipe(hearing->line.s, hearing->line.len);
}

void
popup_hear(int login, struct span timestamp, enum starttls_offer offer,
    struct starttls *tls)
{
	/* One byte, so that nothing is read that is not ours. */
	char in_buffer[1], out_buffer[OUT_BUFFER];
	struct hearing hearing = { .login = login,
		.timestamp = timestamp,
		.offer = offer,
		.tls = tls,
		.end = clock_monotonic() + POPUP_SESSION_SECONDS * MS };

	in_init(&hearing.in, 0, in_buffer, sizeof(in_buffer));
	out_init(&hearing.out, 1, out_buffer, sizeof(out_buffer));
	in_before_wait(&hearing.in, send_replies, &hearing);
	(void)out_add_z(&hearing.out, "+OK POP3 ");
	(void)out_add(&hearing.out, timestamp);
	reply(&hearing, "");
	for (unsigned count = 0; !hearing.is_over; count++) {
		if (count == POPUP_COMMANDS_MAX ||
		    hearing.errors > POPUP_ERRORS_MAX)
			end(&hearing, "-ERR enough of this");
		read_command(&hearing);
		run_command(&hearing);
	}
	_exit(0);
}
