/*
 * smtpd_session.c - the loop, and the simple commands.
 * Input: hostile
 */
#include "smtpd.h"

#include "smtpd_reply.h"

/* ---- commands: each gets what follows the verb ---- */

static void
greet_back(struct smtpd *smtpd, struct span name, bool is_extended)
{
	smtpd_forget(smtpd);
	str_set(&smtpd->helo, name);
	smtpd->has_helo = true;
	smtpd->is_extended = is_extended;
}

static void
do_helo(struct smtpd *smtpd, struct span argument)
{
	greet_back(smtpd, argument, false);
	(void)out_add_z(&smtpd->out, "250 ");
	(void)out_add(&smtpd->out, str_span(&smtpd->greeting));
	(void)out_add_z(&smtpd->out, "\r\n");
}

static void
do_ehlo(struct smtpd *smtpd, struct span argument)
{
	const struct smtpd_limits *limits = &smtpd->limits;
	struct str *reply = &smtpd->line; /* the argument dies here */

	greet_back(smtpd, argument, true);
	str_reset(reply);
	str_add_z(reply, "250-");
	str_add(reply, str_span(&smtpd->greeting));
	str_add_z(reply,
	    "\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
	    "250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n");
	if (smtpd->has_dsn)
		str_add_z(reply, "250-DSN\r\n");
	if (smtpd_tls_is_offered(smtpd))
		str_add_z(reply, "250-STARTTLS\r\n");
	if (smtpd_auth_is_offered(smtpd))
		str_add_z(reply, "250-AUTH PLAIN LOGIN\r\n");
	if (smtpd->is_proxy)
		str_add_z(reply, "250-XCLIENT " SMTPD_XCLIENT_NAMES "\r\n");
	if (smtpd_takes_requiretls(smtpd))
		str_add_z(reply, "250-REQUIRETLS\r\n");
	if (limits->recipients || limits->messages)
		str_add_z(reply, "250-LIMITS");
	if (limits->recipients) {
		str_add_z(reply, " RCPTMAX=");
		str_add_u64(reply, limits->recipients);
	}
	if (limits->messages) {
		str_add_z(reply, " MAILMAX=");
		str_add_u64(reply, limits->messages);
	}
	if (limits->recipients || limits->messages)
		str_add_z(reply, "\r\n");
	str_add_z(reply, "250 SIZE ");
	str_add_u64(reply, smtpd->receipt.limits.data_max);
	str_add_z(reply, "\r\n");
	(void)out_add(&smtpd->out, str_span(reply));
}

static void
do_rset(struct smtpd *smtpd, struct span argument)
{
	(void)argument;
	smtpd_forget(smtpd);
	smtpd_reply(smtpd, "250 2.0.0 ok");
}

static void
do_noop(struct smtpd *smtpd, struct span argument)
{
	(void)argument;
	smtpd_reply(smtpd, "250 2.0.0 ok");
}

static void
do_vrfy(struct smtpd *smtpd, struct span argument)
{
	(void)argument;
	smtpd_reply(smtpd, "252 2.5.0 send, and you will see");
}

static void
do_help(struct smtpd *smtpd, struct span argument)
{
	(void)argument;
	smtpd_reply(smtpd, "214 2.0.0 Angarium speaks SMTP as of RFC 5321");
}

static const struct {
	const char *verb;
	void (*run)(struct smtpd *, struct span);
	bool is_harmless; /* also where TLS or a login has to come first */
} commands[] = {
	{ "MAIL", smtpd_mail, false },
	{ "RCPT", smtpd_rcpt, false },
	{ "DATA", smtpd_data, false },
	{ "BDAT", smtpd_bdat, false },
	{ "HELO", do_helo, true },
	{ "EHLO", do_ehlo, true },
	{ "RSET", do_rset, true },
	{ "NOOP", do_noop, true },
	{ "VRFY", do_vrfy, false },
	{ "HELP", do_help, true },
	{ "STARTTLS", smtpd_starttls, true },
	{ "AUTH", smtpd_auth, true },
	{ "XCLIENT", smtpd_xclient, true },
};

/* ---- the loop ---- */

static void
read_command(struct smtpd *smtpd)
{
	str_reset(&smtpd->address);
	if (smtpd->login.is_wanted) /* it may be a password */
		str_reserve(&smtpd->line, SMTPD_SECRET_ROOM);
	smtpd_read_line(smtpd, &smtpd->line, SMTPD_COMMAND_MAX);
}

/* What has to be done first, as a reply; NULL: nothing. */
static const char *
find_missing(const struct smtpd *smtpd)
{
	if (smtpd_tls_is_missing(smtpd))
		return "530 5.7.0 STARTTLS comes first";
	if (smtpd_auth_is_missing(smtpd))
		return "530 5.7.0 AUTH comes first";
	return NULL;
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
			const char *fault = commands[i].is_harmless
			    ? NULL
			    : find_missing(smtpd);

			if (fault)
				smtpd_reply(smtpd, fault);
			else
				commands[i].run(smtpd, argument);
			return true;
		}
	smtpd_reply(smtpd, "502 5.5.1 no such command");
	return true;
}

/* Ends the session of a client that goes too far. */
static void
judge_client(struct smtpd *smtpd)
{
	const struct smtpd_limits *limits = &smtpd->limits;

	if (limits->errors && smtpd->counts.errors > limits->errors)
		smtpd_end(smtpd, SMTPD_ERRORS);
	if (limits->unknown && smtpd->counts.unknown > limits->unknown)
		smtpd_end(smtpd, SMTPD_STRANGE);
}

void
smtpd_serve(struct smtpd *smtpd)
{
	bool goes_on;

	(void)out_add_z(&smtpd->out, "220 ");
	(void)out_add(&smtpd->out, str_span(&smtpd->greeting));
	(void)out_add_z(&smtpd->out, " ESMTP\r\n");
	do {
		read_command(smtpd);
		goes_on = run_command(smtpd);
		judge_client(smtpd);
	} while (goes_on);
}
