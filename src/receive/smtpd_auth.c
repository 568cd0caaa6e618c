/*
 * smtpd_auth.c - AUTH (RFC 4954): PLAIN (RFC 4616) and LOGIN.
 * Input: hostile
 */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/secret.h"
#include "config/control.h"
#include "net/ip.h"
#include "queue/logincheck.h"
#include "smtpd.h"
#include "smtpd_reply.h"

#define MX_PORT "25"

/* ---- what is offered ---- */

/* Among mail servers nobody logs in, unless the administrator wants it. */
static int
is_wanted_on_port(bool *is_wanted)
{
	const char *port = getenv("TCPLOCALPORT");
	struct str value = STR_INIT;
	int found = 0;

	*is_wanted = true;
	if (port && strcmp(port, MX_PORT) == 0) {
		found = control_read_line("control/auth25", &value);
		*is_wanted = span_equal_nocase(str_span(&value), SPAN("on"));
	}
	str_free(&value);
	return found < 0 ? -1 : 0;
}

int
smtpd_auth_read(struct smtpd *smtpd)
{
	const char *value = getenv("SMTPAUTH");
	bool is_set = value && strcmp(value, "-") != 0;
	struct smtpd_login *login = &smtpd->login;
	struct str hide = STR_INIT;
	int found;

	if (!is_set && !getenv("SUBMISSION")) /* nobody logs in */
		return 0;
	found = control_read_line("control/hideclient", &hide);
	login->hides_client = span_equal_nocase(str_span(&hide), SPAN("on"));
	str_free(&hide);
	if (found < 0)
		return -1;
	if (!is_set)
		return 0;
	login->is_required = strcmp(value, "!") == 0;
	return is_wanted_on_port(&login->is_wanted);
}

static bool
is_of_this_machine(struct span address)
{
	struct ip_address ip;

	if (!ip_parse(address, &ip))
		return false;
	ip = ip_unmapped(&ip);
	return ip_is_loopback(&ip);
}

/* Whether nobody but the two of us hears a password.  Where a proxy tells of
 * its client, both have to be here. */
static bool
is_private(const struct smtpd *smtpd)
{
	return smtpd->tls.is_on ||
	    (is_of_this_machine(smtpd->peer) && is_of_this_machine(smtpd->ip));
}

bool
smtpd_auth_is_offered(const struct smtpd *smtpd)
{
	return smtpd->login.is_wanted && !smtpd_auth_is_on(smtpd) &&
	    is_private(smtpd);
}

bool
smtpd_auth_is_on(const struct smtpd *smtpd)
{
	return smtpd->login.name.len > 0;
}

bool
smtpd_auth_is_missing(const struct smtpd *smtpd)
{
	return smtpd->login.is_required && !smtpd_auth_is_on(smtpd);
}

/* ---- who it is ---- */

void
smtpd_set_variable(struct smtpd *smtpd, const char *name, const char *value)
{
	if ((value ? setenv(name, value, 1) : unsetenv(name)) < 0)
		smtpd_end(smtpd, SMTPD_MEMORY);
}

/* From now on he may send to anybody; what reads the environment, as a program
 * in the place of qmail-queue, sees who it is. */
static void
let_in(struct smtpd *smtpd, struct span name)
{
	struct smtpd_login *login = &smtpd->login;

	str_set(&login->name, name);
	login->user_before = smtpd->user;
	login->suffix_before = smtpd->policy.relay_suffix;
	smtpd->user = str_span(&login->name);
	smtpd->policy.relay_suffix = "";
	smtpd_set_variable(smtpd, "TCPREMOTEINFO", str_z(&login->name));
	smtpd_set_variable(smtpd, "SMTPAUTHUSER", str_z(&login->name));
	smtpd_set_variable(smtpd, "RELAYCLIENT", "");
}

void
smtpd_auth_forget(struct smtpd *smtpd)
{
	struct smtpd_login *login = &smtpd->login;

	if (!smtpd_auth_is_on(smtpd))
		return;
	smtpd->user = login->user_before;
	smtpd->policy.relay_suffix = login->suffix_before;
	smtpd_set_variable(smtpd, "TCPREMOTEINFO",
	    login->user_before.len ? login->user_before.s : NULL);
	smtpd_set_variable(smtpd, "SMTPAUTHUSER", NULL);
	smtpd_set_variable(smtpd, "RELAYCLIENT", login->suffix_before);
	str_reset(&login->name);
}

/* Asks, and replies. */
static void
check(struct smtpd *smtpd, struct span name, struct span password)
{
	struct smtpd_login *login = &smtpd->login;

	switch (logincheck_ask(&(struct logincheck){ .address = smtpd->ip,
	    .service = SPAN("smtp"),
	    .name = name,
	    .password = password })) {
	case LOGINCHECK_RIGHT:
		let_in(smtpd, name);
		smtpd_reply(smtpd, "235 2.7.0 welcome");
		return;
	case LOGINCHECK_WRONG:
		smtpd_reply(smtpd, "535 5.7.8 wrong name or password");
		break;
	case LOGINCHECK_TOO_OFTEN:
		smtpd_reply(smtpd, "454 4.7.0 too many tries; come later");
		break;
	case LOGINCHECK_LATER:
		smtpd_reply(
		    smtpd, "454 4.7.0 nobody can tell passwords now; later");
		break;
	}
	login->failures++;
}

/* ---- what is said ---- */

/* No copy may be left behind when they grow, so far as anybody has such a long
 * password. */
static void
make_room(struct str *secret)
{
	str_reset(secret);
	str_reserve(secret, SMTPD_SECRET_ROOM);
}

static void
wipe(struct str *secret)
{
	secret_wipe(secret->s, secret->len);
	str_reset(secret);
}

/* Appends what a text of base64 stands for.  Returns whether it is one; replies
 * if not. */
static bool
decode(struct smtpd *smtpd, struct span text, struct str *bytes)
{
	if (base64_decode(bytes, text))
		return true;
	smtpd_reply(smtpd, "501 5.5.2 this is not base64");
	return false;
}

/* Asks for more, and appends what the answer stands for.  Returns false, and
 * has replied, if there is none. */
static bool
hear_more(struct smtpd *smtpd, const char *challenge, struct str *bytes)
{
	struct str *line = &smtpd->line;

	smtpd_reply(smtpd, challenge);
	make_room(line);
	smtpd_read_line(smtpd, line, SMTPD_RESPONSE_MAX);
	if (line->len > SMTPD_RESPONSE_MAX)
		smtpd_reply(smtpd, "500 5.5.6 this line is too long");
	else if (span_equal(str_span(line), SPAN("*")))
		smtpd_reply(smtpd, "501 5.7.0 as you like");
	else
		return decode(smtpd, str_span(line), bytes);
	return false;
}

/* The initial response, if there is one, or what the answer stands for. */
static bool
hear_first(struct smtpd *smtpd, struct span initial, const char *challenge,
    struct str *bytes)
{
	if (initial.len == 0)
		return hear_more(smtpd, challenge, bytes);
	/* "=" stands for an empty one. */
	return span_equal(initial, SPAN("=")) || decode(smtpd, initial, bytes);
}

/* [authorize-id] NUL name NUL password (RFC 4616) */
static void
log_in_plain(struct smtpd *smtpd, struct span initial)
{
	struct str *secret = &smtpd->login.secret;
	struct span other, name, password;
	size_t end;

	if (!hear_first(smtpd, initial, "334 ", secret))
		return;
	password = str_span(secret);
	end = span_find(password, '\0');
	other = span_upto(password, end);
	password = span_from(password, end + 1);
	end = span_find(password, '\0');
	name = span_upto(password, end);
	if (end == password.len) {
		smtpd_reply(smtpd, "501 5.5.2 PLAIN wants three fields");
		return;
	}
	password = span_from(password, end + 1);
	/* Nobody acts for another. */
	if (other.len && !span_equal(other, name)) {
		smtpd_reply(smtpd, "535 5.7.8 nobody acts for another here");
		smtpd->login.failures++;
	} else {
		check(smtpd, name, password);
	}
}

static void
log_in_login(struct smtpd *smtpd, struct span initial)
{
	struct str *secret = &smtpd->login.secret;
	struct span all;
	size_t end;

	/* "Username:", "Password:" */
	if (!hear_first(smtpd, initial, "334 VXNlcm5hbWU6", secret))
		return;
	end = secret->len;
	if (!hear_more(smtpd, "334 UGFzc3dvcmQ6", secret))
		return;
	all = str_span(secret);
	check(smtpd, span_upto(all, end), span_from(all, end));
}

static const struct {
	const char *name;
	void (*run)(struct smtpd *, struct span initial);
} mechanisms[] = {
	{ "PLAIN", log_in_plain },
	{ "LOGIN", log_in_login },
};

static void
run_mechanism(struct smtpd *smtpd, struct span argument)
{
	struct span name = span_upto(argument, span_find(argument, ' '));
	struct span initial = span_trim(span_from(argument, name.len));

	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++)
		if (span_equal_nocase(name, span_of(mechanisms[i].name))) {
			mechanisms[i].run(smtpd, initial);
			return;
		}
	smtpd_reply(smtpd, "504 5.5.4 we know PLAIN and LOGIN");
}

void
smtpd_auth(struct smtpd *smtpd, struct span argument)
{
	struct smtpd_login *login = &smtpd->login;

	if (!login->is_wanted) {
		smtpd_reply(smtpd, "502 5.5.1 no such command");
	} else if (smtpd_auth_is_on(smtpd)) {
		smtpd_reply(smtpd, "503 5.5.1 we know who you are");
	} else if (smtpd->has_sender) {
		smtpd_reply(smtpd, "503 5.5.1 not in a transaction");
	} else if (!is_private(smtpd)) {
		smtpd_reply(smtpd, "538 5.7.11 STARTTLS comes first");
	} else if (smtpd->line.len > SMTPD_COMMAND_MAX) {
		smtpd_reply(smtpd, "500 5.5.6 this line is too long");
	} else {
		make_room(&login->secret);
		run_mechanism(smtpd, argument);
	}
	wipe(&login->secret);
	wipe(&smtpd->line);
	in_wipe(&smtpd->in);
	if (login->failures >= SMTPD_LOGIN_FAILURES)
		smtpd_end(smtpd, SMTPD_LOGINS);
}
