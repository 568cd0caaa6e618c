/*
 * smtpd_policy.c - who may send to whom.
 * Input: addresses hostile, configuration trusted
 */
#include "smtpd.h"

#include <stdlib.h>

#include "base/must.h"
#include "config/control.h"
#include "net/ipme.h"

/*
 * The domains that anybody may send to.  Without a list of them those of this
 * machine, which nobody can use to reach others.
 */
static int
read_hosts(struct smtpd_policy *policy)
{
	struct hosts *hosts = &policy->hosts;
	int found;

	if (hosts_read(
		hosts, "control/rcpthosts", "control/morercpthosts.cdb") < 0)
		return -1;
	if (!hosts->accept_all)
		return 0;
	found = control_read_set("control/locals", '\0', &hosts->names);
	if (found == 0)
		wordset_add(&hosts->names, str_span(&policy->me), SPAN(""));
	hosts->accept_all = false;
	hosts->more = "control/morercpthosts.cdb";
	return found < 0 ? -1 : 0;
}

/* Whether control/xclient lists the client. */
static int
read_proxies(struct smtpd_policy *policy, struct span ip)
{
	struct wordset proxies = WORDSET_INIT;
	int found = control_read_set("control/xclient", '\0', &proxies);

	policy->is_proxy = found > 0 && wordset_find(&proxies, ip, NULL);
	wordset_free(&proxies);
	return found;
}

static int
read_recipient_check(struct smtpd_policy *policy)
{
	struct str value = STR_INIT;
	int found = control_read_line("control/rcptcheck", &value);

	policy->checks_recipients =
	    !span_equal_nocase(str_span(&value), SPAN("off"));
	str_free(&value);
	return found;
}

int
smtpd_policy_read(struct smtpd_policy *policy, struct span me, struct span ip)
{
	str_set(&policy->me, me);
	if (blocklist_read(&policy->bad_senders, "control/badmailfrom",
		"control/morebadmailfrom.cdb") < 0 ||
	    blocklist_read(&policy->bad_recipients, "control/badrcptto",
		"control/morebadrcptto.cdb") < 0 ||
	    read_proxies(policy, ip) < 0 || read_recipient_check(policy) < 0)
		return -1;
	policy->relay_suffix = getenv("RELAYCLIENT");
	if (policy->relay_suffix) /* it may send to any domain */
		return 0;
	return read_hosts(policy);
}

int
smtpd_policy_end_relaying(struct smtpd_policy *policy)
{
	if (!policy->relay_suffix)
		return 0;
	policy->relay_suffix = NULL;
	return read_hosts(policy);
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

enum smtpd_verdict
smtpd_policy_judge(struct smtpd_policy *policy, struct str *recipient)
{
	int is_bad =
	    blocklist_has(&policy->bad_recipients, str_span(recipient));
	int is_ours = 1;

	if (is_bad)
		return is_bad < 0 ? SMTPD_TROUBLE : SMTPD_BAD_RECIPIENT;
	if (policy->relay_suffix)
		str_add_z(recipient, policy->relay_suffix);
	else
		is_ours = hosts_accept(&policy->hosts, str_span(recipient));
	if (is_ours <= 0)
		return is_ours < 0 ? SMTPD_TROUBLE : SMTPD_NOT_OURS;
	if (!policy->checks_recipients)
		return SMTPD_ACCEPTED;
	switch (rcptcheck_ask(&policy->check, str_span(recipient))) {
	case RCPTCHECK_KNOWN:
		break;
	case RCPTCHECK_UNKNOWN:
		return SMTPD_UNKNOWN;
	case RCPTCHECK_LATER:
		return SMTPD_LATER;
	}
	return SMTPD_ACCEPTED;
}
