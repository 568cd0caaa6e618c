/*
 * remote_tls_policy.c - what TLS with a host has to be like.
 * Input: hostile; what name servers say
 *
 * The administrator's word, control/tlspolicy, goes first where it says who the
 * server has to be; else what the domain itself wants makes it stricter: TLSA
 * records of the host, and, where none of them can be used, MTA-STS.  A message
 * may say that its sender would rather have it arrive (RFC 8689 5): then what the
 * domain wants is not asked.
 */
#include <unistd.h>

#include "config/home.h"
#include "config/routes.h"
#include "net/dane.h"
#include "net/secretdoor.h"
#include "net/tlsdemand.h"
#include "net/tlsdoor.h"
#include "remote.h"
#include "remote_tls.h"
#include "sys/fd.h"

void
remote_tls_fail(struct remote_tls *tls, const char *result, const char *reason)
{
	tls->result = result;
	str_set(&tls->reason, span_of(reason));
}

void
remote_tls_read(struct remote *remote, struct span relay)
{
	struct routes lines = ROUTES_INIT;
	struct span text;

	if (routes_read_file(&lines, TLSPOLICY_FILE) < 0)
		remote_end(&remote->told, REMOTE_CONTROL, SPAN(""));
	/* It may be the one that was to protect this domain. */
	if (lines.has_stray_line)
		remote_end(&remote->told, REMOTE_TLS_STRAY, SPAN(""));
	if ((routes_find_text(&lines, remote->told.host, &text) ||
		(relay.len && routes_find_text(&lines, relay, &text))) &&
	    text.len && tlspolicy_parse(text, &remote->tls.policy) < 0)
		remote_end(&remote->told, REMOTE_TLS_POLICY, SPAN(""));
	routes_free(&lines);
}

bool
remote_tls_is_waived(const struct remote *remote)
{
	return remote->message.is_tls_free && !remote->needs_tls;
}

bool
remote_tls_is_implicit(const struct remote *remote)
{
	return remote->peer.port == REMOTE_TLS_PORT;
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

/* The name of the host, as SNI has it; empty where it was given as an address,
 * which is no name (RFC 6066 3). */
static void
add_host_name(const struct remote *remote, struct str *name)
{
	const struct mx_host *host = mx_host(&remote->mx);

	if (host)
		dnsname_format(name, &host->name);
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
	struct str dot = STR_INIT, name = STR_INIT;

	add_host_name(remote, &name);
	demand.server = str_span(&name);
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
	str_free(&name);
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

	tls->is_on = tls->is_heard = tls->is_our_fault = tls->is_login_refused =
	    false;
	tls->is_greeted = tls->is_known = tls->is_unfit = false;
	tls->result = tls->observed = "";
	str_reset(&tls->report);
	str_reset(&tls->reason);
	tls->source = sources[tls->policy.kind];
	tls->wish = tls->policy.kind == TLSPOLICY_NONE ? REMOTE_TLS_NOT
	    : tls->policy.kind == TLSPOLICY_MAY	       ? REMOTE_TLS_TRY
						       : REMOTE_TLS_MUST;
	if (remote_tls_is_implicit(remote) || remote->needs_tls)
		tls->wish = REMOTE_TLS_MUST;
	tls->is_missed = tls->wish == REMOTE_TLS_TRY && tls->is_clear_next;
	if (tls->is_missed)
		tls->wish = REMOTE_TLS_NOT; /* it is logged already */
	tls->is_clear_next = false;
	if (tls->wish != REMOTE_TLS_NOT)
		demand_by_policy(remote);
	if (remote->mx.is_relay)
		ask_for_login(remote);
}

bool
remote_tls_is_served(void)
{
	return access(TLSDOOR_CLIENT, F_OK) == 0;
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

/* Returns whether DANE says who the host is, or would, if it could be told.  That
 * it is to have TLS, with whomever, is less than what MTA-STS may ask for. */
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
	tls->is_known = outcome == DANE_RECORDS;
	if (tls->is_known)
		demand_by_records(remote, &answer);
	if (outcome == DANE_FAILED)
		remote_tls_fail(tls, "dnssec-invalid",
		    "what DNS says of its certificate cannot be believed");
	dane_answer_free(&answer);
	return outcome == DANE_RECORDS || outcome == DANE_FAILED;
}

/* ---- MTA-STS ---- */

/* The host has to have its own name, which is one that the policy means. */
static void
demand_by_name(
    struct remote *remote, enum tlsdemand_level level, struct span name)
{
	struct tlsdemand demand = TLSDEMAND_INIT;

	demand.level = level;
	demand.server = name;
	vec_push(&demand.names, name);
	set_demand(&remote->tls, &demand);
}

static void
follow_sts(struct remote *remote)
{
	struct remote_tls *tls = &remote->tls;
	const struct sts_policy *policy = &tls->sts.policy;
	struct str name = STR_INIT;
	bool is_meant;

	add_host_name(remote, &name);
	is_meant = sts_matches(str_span(&policy->hosts), str_span(&name));
	if (policy->mode == STS_TESTING) {
		tls->source = "sts-testing";
		demand_by_name(remote, TLSDEMAND_OBSERVE, str_span(&name));
		if (!is_meant)
			tls->observed = "validation-failure";
	} else if (policy->mode == STS_ENFORCE) {
		tls->source = "sts";
		tls->wish = REMOTE_TLS_MUST;
		tls->is_known = true;
		demand_by_name(remote, TLSDEMAND_VERIFY, str_span(&name));
		if (!is_meant)
			remote_tls_fail(tls, "validation-failure",
			    "it is none of the hosts that the policy of the "
			    "domain (MTA-STS) means");
	}
	str_free(&name);
}

static void
ask_sts(struct remote *remote)
{
	struct remote_tls *tls = &remote->tls;

	if (!tls->is_sts_asked)
		tls->has_sts = stsdoor_ask(
		    home_dir, remote->told.host, remote->deadline, &tls->sts);
	tls->is_sts_asked = true;
	if (tls->has_sts == STSDOOR_POLICY)
		follow_sts(remote);
	if (tls->has_sts == STSDOOR_FAILED)
		tls->observed = str_z(&tls->sts.reason);
	if (tls->has_sts == STSDOOR_LATER) {
		tls->source = "sts";
		tls->wish = REMOTE_TLS_MUST;
		remote_tls_fail(
		    tls, "no-service", "qmail-mtasts does not answer");
	}
}

/* ---- REQUIRETLS ---- */

/*
 * The sender wants to be sure who gets the message (RFC 8689 4.2.1): a relay's name
 * is the administrator's word, and a host's that of DNSSEC or of MTA-STS; then it
 * needs a certificate for it.
 */
static void
demand_for_sender(struct remote *remote)
{
	struct remote_tls *tls = &remote->tls;
	const struct mx_host *host = mx_host(&remote->mx);
	struct str name = STR_INIT;

	if (tls->is_known || tls->login >= 0 ||
	    tls->policy.kind > TLSPOLICY_ENCRYPT)
		return;
	tls->source = "requiretls";
	if (remote->mx.is_relay || (host && host->is_secure))
		add_host_name(remote, &name);
	if (name.len) {
		demand_by_name(remote, TLSDEMAND_VERIFY, str_span(&name));
	} else if (tls->has_sts == STSDOOR_FAILED) {
		remote_tls_fail(tls, "sts-policy-fetch-error",
		    "the policy of the domain (MTA-STS), which may tell who it "
		    "is, cannot be got now");
	} else {
		tls->is_unfit = true;
		remote_tls_fail(tls, "requiretls",
		    "neither DNSSEC nor MTA-STS tells who it is");
	}
	str_free(&name);
}

bool
remote_tls_decide(struct remote *remote)
{
	struct remote_tls *tls = &remote->tls;

	if (tls->result[0] != '\0')
		return false;
	/* A line that says who it has to be is the last word; so is one for clear
	 * text, but not against the sender. */
	if (!remote_tls_is_waived(remote) && tls->login < 0 &&
	    tls->policy.kind <= TLSPOLICY_ENCRYPT &&
	    tls->wish != REMOTE_TLS_NOT && remote_tls_is_served() &&
	    !ask_dane(remote) && !remote->mx.is_relay)
		ask_sts(remote);
	if (remote->needs_tls && tls->result[0] == '\0')
		demand_for_sender(remote);
	return tls->result[0] == '\0';
}
