/*
 * smtpd_session.c - commands and replies.
 * Input: hostile
 */
#include "smtpd.h"

#include <errno.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "mail/address.h"
#include "smtpd_reply.h"
#include "sys/clock.h"

#define MS 1000

/* So many seconds from now, but not beyond the session. */
static void
set_deadline(struct smtpd *smtpd, int64_t seconds)
{
	int64_t deadline = clock_monotonic() + seconds * MS;

	if (deadline > smtpd->session_end)
		deadline = smtpd->session_end;
	in_set_deadline(&smtpd->in, deadline);
}

static void
forget_transaction(struct smtpd *smtpd)
{
	smtpd->has_sender = false;
	str_reset(&smtpd->recipients);
}

/* ---- what follows a path ---- */

/* Whether the value of SIZE= can be taken; replies if not. */
static bool
accept_size(struct smtpd *smtpd, struct span value)
{
	uint64_t size;

	if (!scan_u64(value, UINT64_MAX, &size)) {
		smtpd_reply(&smtpd->out, "501 SIZE wants a number (#5.5.4)");
		return false;
	}
	if (smtpd->data_max && size > smtpd->data_max) {
		smtpd_reply(&smtpd->out, "552 larger than we take (#5.3.4)");
		return false;
	}
	return true;
}

/*
 * Whether one parameter of MAIL can be taken; replies if not.  AUTH= tells
 * who sent it first, which we need not believe (RFC 4954 5), so it is taken.
 */
static bool
accept_parameter(struct smtpd *smtpd, struct span parameter)
{
	size_t equals = span_find(parameter, '=');
	struct span name = span_upto(parameter, equals);
	struct span value = span_from(parameter, equals + 1);

	if (span_equal_nocase(name, SPAN("SIZE")))
		return accept_size(smtpd, value);
	if (span_equal_nocase(name, SPAN("AUTH")))
		return true;
	if (span_equal_nocase(name, SPAN("BODY"))) {
		if (span_equal_nocase(value, SPAN("7BIT")) ||
		    span_equal_nocase(value, SPAN("8BITMIME")))
			return true;
		smtpd_reply(&smtpd->out, "501 no such BODY (#5.5.4)");
		return false;
	}
	smtpd_reply(&smtpd->out, "555 this parameter was not offered (#5.5.4)");
	return false;
}

/*
 * Whether all that follows a path can be taken; replies if not.  A word that
 * cannot be a parameter (RFC 5321 4.1.2: they begin with a letter or digit),
 * such as a comment, is passed over.
 */
static bool
accept_parameters(struct smtpd *smtpd, struct span rest, bool is_mail)
{
	struct span word;

	while (span_cut_next(&rest, ' ', &word)) {
		if (word.len == 0 || !ascii_is_alnum(word.s[0]))
			continue;
		if (is_mail) {
			if (!accept_parameter(smtpd, word))
				return false;
		} else {
			smtpd_reply(&smtpd->out,
			    "555 this parameter was not offered (#5.5.4)");
			return false;
		}
	}
	return true;
}

/* Takes the path into smtpd->address; replies if that fails. */
static bool
accept_path(struct smtpd *smtpd, struct span argument, bool is_mail)
{
	enum address_result result;
	struct span rest = SPAN("");

	if (smtpd->line.len > SMTPD_COMMAND_MAX)
		result = ADDRESS_TOO_LONG;
	else
		result = address_parse_path(argument, &smtpd->address, &rest);
	if (result == ADDRESS_TAKEN) {
		if (smtpd_policy_rewrite(&smtpd->policy, &smtpd->address) < 0)
			smtpd_end(&smtpd->out, SMTPD_CONTROL);
		if (smtpd->address.len > ADDRESS_MAX)
			result = ADDRESS_TOO_LONG;
	}
	switch (result) {
	case ADDRESS_TAKEN:
		return accept_parameters(smtpd, rest, is_mail);
	case ADDRESS_TOO_LONG:
		smtpd_reply(
		    &smtpd->out, "555 this address is too long (#5.5.4)");
		break;
	case ADDRESS_MISSING:
	case ADDRESS_BROKEN:
		smtpd_reply(&smtpd->out, "501 this is not an address (#5.5.4)");
		break;
	}
	return false;
}

/* ---- commands: each gets what follows the verb ---- */

static void
do_helo(struct smtpd *smtpd, struct span argument)
{
	forget_transaction(smtpd);
	str_set(&smtpd->helo, argument);
	smtpd->has_helo = true;
	smtpd->is_extended = false;
	(void)out_add_z(&smtpd->out, "250 ");
	(void)out_add(&smtpd->out, str_span(&smtpd->greeting));
	(void)out_add_z(&smtpd->out, "\r\n");
}

static void
do_ehlo(struct smtpd *smtpd, struct span argument)
{
	struct str *reply = &smtpd->line; /* the argument dies here */

	forget_transaction(smtpd);
	str_set(&smtpd->helo, argument);
	smtpd->has_helo = smtpd->is_extended = true;
	str_reset(reply);
	str_add_z(reply, "250-");
	str_add(reply, str_span(&smtpd->greeting));
	str_add_z(reply, "\r\n250-PIPELINING\r\n250-SIZE ");
	str_add_u64(reply, smtpd->data_max);
	str_add_z(reply, "\r\n250 8BITMIME\r\n");
	(void)out_add(&smtpd->out, str_span(reply));
}

static void
do_mail(struct smtpd *smtpd, struct span argument)
{
	if (!accept_path(smtpd, argument, true))
		return;
	forget_transaction(smtpd);
	smtpd->has_sender = true;
	str_set(&smtpd->sender, str_span(&smtpd->address));
	smtpd->is_bad_sender = smtpd_policy_is_bad_sender(
	    &smtpd->policy, str_span(&smtpd->sender));
	smtpd_reply(&smtpd->out, "250 ok");
}

static void
do_rcpt(struct smtpd *smtpd, struct span argument)
{
	struct str *recipient = &smtpd->address;
	int accepted;

	if (!smtpd->has_sender) {
		smtpd_reply(&smtpd->out, "503 MAIL comes first (#5.5.1)");
		return;
	}
	if (!accept_path(smtpd, argument, false))
		return;
	if (recipient->len == 0) {
		smtpd_reply(&smtpd->out, "501 nobody has no name (#5.1.3)");
		return;
	}
	if (smtpd->is_bad_sender) {
		smtpd_reply(&smtpd->out,
		    "553 this sender is not welcome here (#5.7.1)");
		return;
	}
	accepted = smtpd_policy_accept(&smtpd->policy, recipient);
	if (accepted < 0)
		smtpd_end(&smtpd->out, SMTPD_CONTROL);
	if (accepted == 0) {
		smtpd_reply(&smtpd->out,
		    "553 we take no mail for that domain (#5.7.1)");
		return;
	}
	if (smtpd->recipients.len + recipient->len >= SMTPD_RECIPIENTS_MAX) {
		smtpd_reply(&smtpd->out, "452 too many recipients (#4.5.3)");
		return;
	}
	str_add_field(&smtpd->recipients, str_span(recipient));
	smtpd_reply(&smtpd->out, "250 ok");
}

static void
do_data(struct smtpd *smtpd, struct span argument)
{
	(void)argument;
	if (!smtpd->has_sender) {
		smtpd_reply(&smtpd->out, "503 MAIL comes first (#5.5.1)");
		return;
	}
	if (smtpd->recipients.len == 0) {
		smtpd_reply(&smtpd->out, "503 RCPT comes first (#5.5.1)");
		return;
	}
	smtpd_receive(smtpd);
	forget_transaction(smtpd);
}

static void
do_rset(struct smtpd *smtpd, struct span argument)
{
	(void)argument;
	forget_transaction(smtpd);
	smtpd_reply(&smtpd->out, "250 ok");
}

static void
do_noop(struct smtpd *smtpd, struct span argument)
{
	(void)argument;
	smtpd_reply(&smtpd->out, "250 ok");
}

static void
do_vrfy(struct smtpd *smtpd, struct span argument)
{
	(void)argument;
	smtpd_reply(&smtpd->out, "252 send, and you will see");
}

static void
do_help(struct smtpd *smtpd, struct span argument)
{
	(void)argument;
	smtpd_reply(&smtpd->out, "214 Angarium speaks SMTP as of RFC 5321");
}

static void
do_unknown(struct smtpd *smtpd)
{
	smtpd_reply(&smtpd->out, "502 no such command (#5.5.1)");
}

static const struct {
	const char *verb;
	void (*run)(struct smtpd *, struct span);
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

/* ---- the loop ---- */

/* Passes over what is left of a line that is too long. */
static void
skip_line(struct smtpd *smtpd)
{
	struct span bytes;
	size_t end;
	int got;

	do {
		got = in_peek(&smtpd->in, &bytes);
		if (got <= 0)
			smtpd_end_by_errno(&smtpd->out, got ? errno : 0);
		end = span_find(bytes, '\n');
		in_consume(&smtpd->in, end < bytes.len ? end + 1 : bytes.len);
	} while (end == bytes.len);
}

/*
 * Reads a command into smtpd->line, without its end.  Of a line that is too
 * long one byte more than SMTPD_COMMAND_MAX is kept.
 */
static void
read_command(struct smtpd *smtpd)
{
	struct str *line = &smtpd->line;
	int got;

	str_reset(line);
	set_deadline(smtpd, smtpd->timeout + SMTPD_COMMAND_SECONDS);
	got = in_read_until(&smtpd->in, '\n', line, SMTPD_COMMAND_MAX + 1);
	if (got < 0 && errno == EMSGSIZE) {
		skip_line(smtpd);
		return;
	}
	if (got <= 0)
		smtpd_end_by_errno(&smtpd->out, got ? errno : 0);
	str_cut(line, line->len - 1);
	if (span_ends(str_span(line), SPAN("\r")))
		str_cut(line, line->len - 1);
}

/* Runs the command in smtpd->line.  Returns false at QUIT. */
static bool
run_command(struct smtpd *smtpd)
{
	struct span argument = str_span(&smtpd->line);
	struct span verb = span_upto(argument, span_find(argument, ' '));

	argument = span_from(argument, verb.len);
	while (argument.len && argument.s[0] == ' ')
		argument = span_from(argument, 1);
	if (span_equal_nocase(verb, SPAN("QUIT")))
		return false;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (span_equal_nocase(verb, span_of(commands[i].verb))) {
			commands[i].run(smtpd, argument);
			return true;
		}
	do_unknown(smtpd);
	return true;
}

void
smtpd_serve(struct smtpd *smtpd)
{
	(void)out_add_z(&smtpd->out, "220 ");
	(void)out_add(&smtpd->out, str_span(&smtpd->greeting));
	(void)out_add_z(&smtpd->out, " ESMTP\r\n");
	do
		read_command(smtpd);
	while (run_command(smtpd));
}
