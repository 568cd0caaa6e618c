/*
 * remote_tls.c - TLS with the next hop.
 * Input: hostile; what the server says of itself
 *
 * qmail-remote speaks no TLS: qmail-tlsc does, on its connection, and looks at
 * certificates.  Here is decided what it has to ask for, and what follows when
 * it is not there.
 */
#include "remote_tls.h"

#include <errno.h>
#include <unistd.h>

#include "base/ascii.h"
#include "config/home.h"
#include "config/routes.h"
#include "net/dane.h"
#include "net/secretdoor.h"
#include "net/tlsdemand.h"
#include "net/tlsdoor.h"
#include "remote.h"
#include "sys/clock.h"
#include "sys/fd.h"

#define MS		1000
#define LOG_MAX		4000 /* bytes of lines for the log */
#define NAME_MAX_LOGGED 255

void
remote_tls_fail(struct remote_tls *tls, const char *result, const char *reason)
{
	tls->result = result;
	str_set(&tls->reason, span_of(reason));
}

/* ---- policy ---- */

void
remote_tls_read(struct remote *remote, struct span relay)
{
	struct routes lines = ROUTES_INIT;
	struct span text;

	if (routes_read_file(&lines, TLSPOLICY_FILE) < 0)
		remote_end(&remote->told, REMOTE_CONTROL, SPAN(""));
	if ((routes_find_text(&lines, remote->told.host, &text) ||
		(relay.len && routes_find_text(&lines, relay, &text))) &&
	    text.len && tlspolicy_parse(text, &remote->tls.policy) < 0)
		remote_end(&remote->told, REMOTE_TLS_POLICY, SPAN(""));
	routes_free(&lines);
}

bool
remote_tls_is_implicit(const struct remote *remote)
{
	return remote->peer.port == REMOTE_TLS_PORT;
}

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

/* The names that a certificate may have where the policy has none: the relay's,
 * or the domain's and those below it.  A name that DNS told is nobody's word. */
static void
add_names(
    const struct remote *remote, struct tlsdemand *demand, struct str *dot)
{
	for (size_t i = 0; i < remote->tls.policy.values.len; i++)
		vec_push(&demand->names, remote->tls.policy.values.at[i]);
	if (demand->names.len)
		return;
	vec_push(&demand->names, str_span(&remote->next_hop));
	if (remote->mx.is_relay)
		return;
	str_add_byte(dot, '.');
	str_add(dot, str_span(&remote->next_hop));
	vec_push(&demand->names, str_span(dot));
}

/* A name for SNI; an address is none (RFC 6066 3). */
static struct span
name_of_server(const struct remote *remote)
{
	struct span name = str_span(&remote->next_hop);
	struct ip_address address;

	return ip_parse(name, &address) || ip_parse_literal(name, &address)
	    ? SPAN("")
	    : name;
}

/* Makes the record for qmail-tlsc, and frees the demand. */
static void
set_demand(struct remote_tls *tls, struct tlsdemand *demand)
{
	str_reset(&tls->demand);
	str_add_byte(&tls->demand, TLSDOOR_VERDICT);
	tlsdemand_add(&tls->demand, demand);
	tlsdemand_free(demand);
}

static void
demand_by_policy(struct remote *remote)
{
	const struct tlspolicy *policy = &remote->tls.policy;
	struct tlsdemand demand = TLSDEMAND_INIT;
	struct str dot = STR_INIT;

	demand.server = name_of_server(remote);
	if (policy->kind == TLSPOLICY_VERIFY) {
		demand.level = TLSDEMAND_VERIFY;
		add_names(remote, &demand, &dot);
	} else if (policy->kind == TLSPOLICY_FINGERPRINT) {
		demand.level = TLSDEMAND_FINGERPRINT;
		for (size_t i = 0; i < policy->values.len; i++)
			vec_push(&demand.fingerprints, policy->values.at[i]);
	}
	set_demand(&remote->tls, &demand);
	str_free(&dot);
}

/* Whether there is a login for the relay, without which it takes nothing. */
static void
ask_for_login(struct remote *remote)
{
	struct remote_tls *tls = &remote->tls;
	size_t at = span_find_last(remote->sender, '@');
	int found;

	fd_close(tls->login);
	found = secretdoor_ask(home_dir, str_span(&remote->next_hop),
	    span_from(remote->sender, at + 1), &tls->login);
	if (found == SECRETDOOR_NO)
		return;
	tls->source = "login";
	tls->wish = REMOTE_TLS_MUST;
	if (found < 0)
		remote_tls_fail(
		    tls, "no-service", "qmail-secretd does not answer");
}

void
remote_tls_plan(struct remote *remote)
{
	static const char *const sources[] = { [TLSPOLICY_NONE] = "none",
		[TLSPOLICY_MAY] = "may",
		[TLSPOLICY_ENCRYPT] = "encrypt",
		[TLSPOLICY_VERIFY] = "verify",
		[TLSPOLICY_FINGERPRINT] = "fingerprint" };
	struct remote_tls *tls = &remote->tls;

	tls->is_on = tls->is_our_fault = tls->is_login_refused = false;
	tls->is_greeted = false;
	tls->result = "";
	str_reset(&tls->report);
	str_reset(&tls->reason);
	tls->source = sources[tls->policy.kind];
	tls->wish = tls->policy.kind == TLSPOLICY_NONE ? REMOTE_TLS_NOT
	    : tls->policy.kind == TLSPOLICY_MAY	       ? REMOTE_TLS_TRY
						       : REMOTE_TLS_MUST;
	if (remote_tls_is_implicit(remote))
		tls->wish = REMOTE_TLS_MUST;
	if (tls->wish == REMOTE_TLS_TRY && tls->is_clear_next)
		tls->wish = REMOTE_TLS_NOT; /* it is logged already */
	tls->is_clear_next = false;
	if (tls->wish != REMOTE_TLS_NOT)
		demand_by_policy(remote);
	if (remote->mx.is_relay)
		ask_for_login(remote);
}

/* ---- DANE ---- */

static void
add_digits(struct str *text, struct span bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.len; i++) {
		str_add_byte(text, digits[(unsigned char)bytes.s[i] >> 4]);
		str_add_byte(text, digits[bytes.s[i] & 15]);
	}
}

/* The records as a demand; the host has to have one of the names, RFC 7672
 * 3.2.2. */
static void
demand_by_records(struct remote *remote, const struct dane_answer *answer)
{
	struct tlsdemand demand = TLSDEMAND_INIT;
	struct str base = STR_INIT, digits = STR_INIT;
	size_t start = 0;

	dnsname_format(&base, &answer->base);
	demand.level = TLSDEMAND_DANE;
	demand.server = str_span(&base);
	vec_push(&demand.names, demand.server);
	vec_push(&demand.names, str_span(&remote->next_hop));
	for (size_t i = 0; i < answer->records.len; i++)
		add_digits(&digits, answer->records.at[i].data);
	for (size_t i = 0; i < answer->records.len; i++) {
		const struct tlsa *tlsa = &answer->records.at[i];
		size_t len = 2 * tlsa->data.len;

		vec_push(&demand.records,
		    ((struct tlsdemand_tlsa){ tlsa->usage, tlsa->selector,
			tlsa->matching, span_make(digits.s + start, len) }));
		start += len;
	}
	set_demand(&remote->tls, &demand);
	str_free(&base);
	str_free(&digits);
}

/* Returns whether DANE says something of the host. */
static bool
ask_dane(struct remote *remote)
{
	struct dane_answer answer = DANE_ANSWER_INIT;
	enum dane_outcome outcome = dane_ask(
	    &remote->dns, mx_host(&remote->mx), remote->peer.port, &answer);
	struct remote_tls *tls = &remote->tls;

	if (outcome != DANE_NONE) {
		tls->source = "dane";
		tls->wish = REMOTE_TLS_MUST;
	}
	if (outcome == DANE_RECORDS)
		demand_by_records(remote, &answer);
	if (outcome == DANE_FAILED)
		remote_tls_fail(tls, "dnssec-invalid",
		    "what DNS says of its certificate cannot be believed");
	dane_answer_free(&answer);
	return outcome != DANE_NONE;
}

bool
remote_tls_decide(struct remote *remote)
{
	struct remote_tls *tls = &remote->tls;

	if (tls->result[0] != '\0')
		return false;
	/* A line that says who it has to be, or clear text, is the last word. */
	if (tls->login >= 0 || tls->policy.kind > TLSPOLICY_ENCRYPT ||
	    tls->wish == REMOTE_TLS_NOT || !remote_tls_is_served())
		return true;
	(void)ask_dane(remote);
	return tls->result[0] == '\0';
}

/* ---- the handshake ---- */

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
	lack_service(tls, "qmail-tlsc does not run");
	if (errno == ENOENT)
		tls->result = ""; /* as ever here: nothing for the log */
	return false;
}

bool
remote_tls_is_served(void)
{
	return access(TLSDOOR_CLIENT, F_OK) == 0;
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
		(void)tcpto_clear(&host); /* only a hint */
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
	fd_close(tls->door);
	tls->door = -1;
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
		tls->is_on = true;
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
		tls->result = "ok";
		clear_host(remote);
	}
	return text;
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
	str_add_byte(line, '\n');
}
