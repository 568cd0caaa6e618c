/*
 * remote_tls.c - TLS with the next hop, spoken by others.
 * Input: hostile; what the server says of itself
 *
 * qmail-remote speaks no TLS: qmail-tlsc does, on its connection, and looks at
 * certificates; where there is a login, qmail-secretd asks it to, and logs in.
 */
#include "remote_tls.h"

#include <errno.h>

#include "base/ascii.h"
#include "config/home.h"
#include "net/secretdoor.h"
#include "net/tlsdoor.h"
#include "remote.h"
#include "sys/clock.h"
#include "sys/fd.h"

#define MS		1000
#define LOG_MAX		4000 /* bytes of lines for the log */
#define NAME_MAX_LOGGED 255

#if REMOTE_HELLO_TIMEOUT * REMOTE_REPLY_TIMEOUTS >= TLSDOOR_CLIENT_SECONDS
#error "qmail-tlsc has to wait until the server has answered STARTTLS"
#endif

/* The place of the host in the table of those in trouble where its TLS has
 * one. */
static struct tcpto_host
place_of_tls(const struct remote *remote)
{
	return (struct tcpto_host){ remote->peer.address, TCPTO_TLS_PORT };
}

void
remote_tls_note(struct remote *remote)
{
	struct tcpto_host host = place_of_tls(remote);

	tcpto_note(&host, TCPTO_TLS, clock_seconds());
}

void
remote_tls_hurry(const struct remote *remote)
{
	struct tcpto_host host = place_of_tls(remote);

	(void)tcpto_clear(&host); /* only a hint */
}

/* Nobody speaks TLS for us. */
static void
lack_service(struct remote_tls *tls, const char *reason)
{
	remote_tls_fail(tls, "no-service", reason);
	tls->is_our_fault = true;
}

bool
remote_tls_open(struct remote *remote)
{
	struct tcpto_host host = place_of_tls(remote);
	struct remote_tls *tls = &remote->tls;
	bool is_installed;

	if (tls->login >= 0)
		return true;
	if (tls->wish == REMOTE_TLS_TRY &&
	    tcpto_ask(&remote->tcpto, &host, clock_seconds(),
		REMOTE_TLS_SECONDS) == TCPTO_SKIP) {
		tls->result = "left-alone";
		return false;
	}
	tls->door = tlsdoor_open(home_dir, TLSDOOR_CLIENT);
	if (tls->door >= 0)
		return true;
	is_installed = errno != ENOENT;
	lack_service(tls, "qmail-tlsc does not run");
	if (!is_installed)
		tls->result = ""; /* as ever here: nothing for the log */
	return false;
}

void
remote_tls_close(struct remote_tls *tls)
{
	fd_close(tls->door);
	fd_close(tls->login);
	tls->door = tls->login = -1;
}

/* What went wrong, in the words of the report. */
static void
take_failure(struct remote_tls *tls)
{
	struct span word =
	    tlsdoor_value(str_span(&tls->report), SPAN("TLS_FAILURE="));

	if (word.len == 0) {
		lack_service(tls, "qmail-tlsc did not say how it went");
		return;
	}
	tls->result = word.s; /* ends in NUL */
	str_set(&tls->reason,
	    tlsdoor_value(str_span(&tls->report), SPAN("TLS_REASON=")));
}

static void
clear_host(struct remote *remote)
{
	struct tcpto_host host = place_of_tls(remote);

	if (tcpto_trouble(&remote->tcpto, &host) != TCPTO_NO_TROUBLE)
		remote_tls_hurry(remote);
}

/* By way of qmail-tlsc.  Returns the plain text, or -1. */
static int
ask_for_tls(struct remote *remote, int fd, int64_t deadline)
{
	struct remote_tls *tls = &remote->tls;
	int control = -1, text = -1;

	if (tlsdoor_pass(
		tls->door, str_span(&tls->demand), fd, &control, &text) < 0)
		lack_service(tls, "qmail-tlsc is not there any more");
	else if (tlsdoor_read_report(control, deadline, &tls->report) < 0)
		lack_service(tls,
		    errno == ETIMEDOUT ? "qmail-tlsc did not answer in time"
				       : "qmail-tlsc has ended");
	else if (tlsdoor_value(str_span(&tls->report), SPAN("SSL_PROTOCOL="))
		     .len == 0)
		take_failure(tls);
	else
		tls->is_on = true;
	remote_tls_close(tls);
	fd_close(control);
	if (!tls->is_on)
		fd_close(text);
	return tls->is_on ? text : -1;
}

/* By way of qmail-secretd, which logs in as well. */
static int
log_in(struct remote *remote, int fd, int64_t deadline)
{
	struct remote_tls *tls = &remote->tls;
	int64_t left = (deadline - clock_monotonic()) / MS;
	bool is_first = remote_tls_is_implicit(remote);
	struct str said = STR_INIT;
	int text;
	int end = secretdoor_begin(tls->login,
	    is_first ? SECRETDOOR_BEGIN_FIRST : SECRETDOOR_BEGIN,
	    str_span(&remote->helo), fd, left > 0 ? (unsigned)left + 1 : 1,
	    &text, &said);

	tls->login = -1;
	tls->is_login_refused = end == SECRETDOOR_REFUSED;
	if (end == SECRETDOOR_DONE || end == SECRETDOOR_NO_TLS)
		str_set(&tls->report, str_span(&said));
	if (end == SECRETDOOR_DONE) {
		tls->is_on = tls->is_heard = true;
		tls->is_greeted = is_first;
	} else if (end == SECRETDOOR_NO_TLS) {
		take_failure(tls);
	} else if (end == SECRETDOOR_REFUSED || end == SECRETDOOR_BROKEN) {
		tls->result = end == SECRETDOOR_REFUSED ? "login-refused"
							: "login-failed";
		str_set(&tls->reason, str_span(&said));
	} else {
		lack_service(tls, "qmail-secretd does not answer");
	}
	str_free(&said);
	return text;
}

int
remote_tls_begin(struct remote *remote, int fd)
{
	struct remote_tls *tls = &remote->tls;
	bool has_login = tls->login >= 0;
	int64_t deadline = clock_monotonic() +
	    (has_login ? REMOTE_LOGIN_SECONDS : REMOTE_TLS_SECONDS) * MS;
	int text;

	if (deadline > remote->deadline)
		deadline = remote->deadline;
	text = has_login ? log_in(remote, fd, deadline)
			 : ask_for_tls(remote, fd, deadline);
	fd_close(fd);
	if (tls->is_on) {
		struct span observed =
		    tlsdoor_value(str_span(&tls->report), SPAN("TLS_FAILURE="));

		tls->result = observed.len ? observed.s
		    : tls->observed[0]	   ? tls->observed
					   : "ok";
	}
	return text;
}

void
remote_tls_keep(struct remote *remote)
{
	clear_host(remote);
	remote_tls_log(remote);
}

/* ---- the log ---- */

/* Appends " name=value", where the value may be anything. */
static void
add_word(struct str *line, const char *name, struct span value)
{
	value = span_upto(value, NAME_MAX_LOGGED);
	if (value.len == 0)
		return;
	if (line->len && line->s[line->len - 1] != '\n')
		str_add_byte(line, ' ');
	str_add_z(line, name);
	str_add_byte(line, '=');
	for (size_t i = 0; i < value.len; i++) {
		char c = value.s[i];

		str_add_byte(line, ascii_is_printable(c) && c != ' ' ? c : '?');
	}
}

static void
add_host(struct str *line, const struct remote *remote)
{
	const struct mx_host *host = mx_host(&remote->mx);
	struct str name = STR_INIT;

	if (host)
		dnsname_format(&name, &host->name);
	add_word(
	    line, "host", host ? str_span(&name) : str_span(&remote->next_hop));
	str_free(&name);
}

void
remote_tls_log(struct remote *remote)
{
	const struct remote_tls *tls = &remote->tls;
	struct str *line = &remote->told.sessions;
	struct span report = str_span(&tls->report);

	if (tls->result[0] == '\0' || line->len > LOG_MAX)
		return;
	add_word(line, "domain", remote->told.host);
	add_host(line, remote);
	add_word(line, "address", str_span(&remote->told.peer));
	add_word(line, "policy", span_of(tls->source));
	add_word(line, "result", span_of(tls->result));
	add_word(
	    line, "protocol", tlsdoor_value(report, SPAN("SSL_PROTOCOL=")));
	add_word(line, "cipher", tlsdoor_value(report, SPAN("SSL_CIPHER=")));
	/* The domain has nothing to do with either. */
	if (remote->mx.is_relay)
		add_word(line, "relay", str_span(&remote->next_hop));
	if (remote_tls_is_waived(remote))
		add_word(line, "tls-required", SPAN("no"));
	str_add_byte(line, '\n');
}
