/*
 * smtpd_policy.c - who may send to whom.
 * Input: addresses hostile, configuration trusted
 */
#include "smtpd.h"

#include <stdlib.h>

#include "base/must.h"
#include "config/control.h"
#include "net/ipme.h"

int
smtpd_policy_read(struct smtpd_policy *policy, struct span me)
{
	str_set(&policy->me, me);
	if (control_read_set(
		"control/badmailfrom", '\0', &policy->bad_senders) < 0)
		return -1;
	policy->relay_suffix = getenv("RELAYCLIENT");
	if (policy->relay_suffix) /* it may send to any domain */
		return 0;
	return hosts_read(
	    &policy->hosts, "control/rcpthosts", "control/morercpthosts.cdb");
}

/* Puts what stands for our address behind the @. */
static int
add_local_ip_host(const struct smtpd_policy *policy, struct str *address)
{
	struct str host = STR_INIT;
	int result;

	str_set(&host, str_span(&policy->me));
	result = control_read_line("control/localiphost", &host);
	if (result >= 0)
		str_add(address, str_span(&host));
	str_free(&host);
	return result < 0 ? -1 : 0;
}

int
smtpd_policy_rewrite(const struct smtpd_policy *policy, struct str *address)
{
	size_t at = span_find_last(str_span(address), '@');
	struct span domain = span_from(str_span(address), at + 1);
	struct ip_address ip;
	int result;

	if (!ip_parse_literal(domain, &ip))
		return 0;
	result = ipme_has(&ip);
	if (result <= 0)
		return result;
	str_cut(address, at + 1);
	return add_local_ip_host(policy, address);
}

bool
smtpd_policy_is_bad_sender(
    const struct smtpd_policy *policy, struct span sender)
{
	const struct wordset *bad = &policy->bad_senders;
	struct span domain = span_from(sender, span_find_last(sender, '@'));

	return wordset_find(bad, sender, NULL) ||
	    (domain.len && wordset_find(bad, domain, NULL));
}

int
smtpd_policy_accept(struct smtpd_policy *policy, struct str *recipient)
{
	if (policy->relay_suffix) {
		str_add_z(recipient, policy->relay_suffix);
		return 1;
	}
	return hosts_accept(&policy->hosts, str_span(recipient));
}
