/*
 * policy.c - who may send to whom.
 * Input: addresses hostile, configuration trusted
 */
#include "policy.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "config/control.h"
#include "config/home.h"

#define REFUSAL_MAX 400 /* bytes: a reply has 512 */

/*
 * The domains that anybody may send to.  Without a list of them those of this
 * machine, which nobody can use to reach others.
 */
static int
read_hosts(struct policy *policy)
{
	struct hosts *hosts = &policy->hosts;
	struct str me = STR_INIT;
	int found;

	if (hosts_read(
		hosts, "control/rcpthosts", "control/morercpthosts.cdb") < 0)
		return -1;
	if (!hosts->accept_all)
		return 0;
	found = control_read_set("control/locals", '\0', &hosts->names);
	if (found == 0)
		found = control_read_line("control/me", &me);
	if (me.len)
		wordset_add(&hosts->names, str_span(&me), SPAN(""));
	str_free(&me);
	hosts->accept_all = false;
	hosts->more = "control/morercpthosts.cdb";
	return found < 0 ? -1 : 0;
}

static int
read_recipient_check(struct policy *policy)
{
	struct str value = STR_INIT;
	int found = control_read_line("control/rcptcheck", &value);

	policy->checks_recipients =
	    !span_equal_nocase(str_span(&value), SPAN("off"));
	str_free(&value);
	return found;
}

static bool
is_printable(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_printable(text.s[i]) && text.s[i] != ' ')
			return false;
	return true;
}

/* A limit that cannot be understood was to protect somebody. */
static int
read_limit(const char *name, struct greydoor_limit *limit)
{
	const char *value = getenv(name);

	if (!value || greydoor_limit_parse(span_of(value), limit))
		return 0;
	errno = EINVAL;
	return -1;
}

static int
read_delays(struct greydoor_question *delay)
{
	delay->client = span_of(getenv("TCPREMOTEIP"));
	delay->is_grey = getenv("GREYLIST") != NULL;
	return read_limit("RATELIMIT", &delay->of_client) < 0
	    ? -1
	    : read_limit("NETRATELIMIT", &delay->of_network);
}

int
policy_read(struct policy *policy)
{
	if (blocklist_read(&policy->bad_senders, "control/badmailfrom",
		"control/morebadmailfrom.cdb") < 0 ||
	    blocklist_read(&policy->bad_recipients, "control/badrcptto",
		"control/morebadrcptto.cdb") < 0 ||
	    read_recipient_check(policy) < 0 || read_delays(&policy->delay) < 0)
		return -1;
	policy->relay_suffix = getenv("RELAYCLIENT");
	policy->refusal =
	    span_upto(span_of(getenv("REFUSECLIENT")), REFUSAL_MAX);
	if (!is_printable(policy->refusal))
		policy->refusal = SPAN("your address is not welcome here");
	if (policy->relay_suffix) /* it may send to any domain */
		return 0;
	return read_hosts(policy);
}

int
policy_end_relaying(struct policy *policy)
{
	if (!policy->relay_suffix)
		return 0;
	policy->relay_suffix = NULL;
	/* Programs in the place of qmail-queue look there. */
	return unsetenv("RELAYCLIENT") < 0 ? -1 : read_hosts(policy);
}

/* He hears everybody (RFC 5321 4.5.1), of a wrong listing too. */
static bool
is_postmaster(struct span recipient)
{
	return span_equal_nocase(
	    span_upto(recipient, span_find(recipient, '@')),
	    SPAN("postmaster"));
}

/* Whether it is taken now, or when it comes again; who may relay is not asked. */
static enum policy_verdict
judge_time(
    const struct policy *policy, struct span sender, struct span recipient)
{
	struct greydoor_question question = policy->delay;
	uint64_t seconds;

	if (policy->relay_suffix || is_postmaster(recipient) ||
	    (!question.is_grey && question.of_client.count == 0 &&
		question.of_network.count == 0))
		return POLICY_ACCEPTED;
	question.sender = sender;
	question.recipient = recipient;
	switch (greydoor_ask(home_dir, &question, &seconds)) {
	case GREYDOOR_GREY:
		return POLICY_GREY;
	case GREYDOOR_CLIENT:
		return POLICY_CLIENT_FULL;
	case GREYDOOR_NETWORK:
		return POLICY_NETWORK_FULL;
	case GREYDOOR_GO:
		break;
	}
	return POLICY_ACCEPTED;
}

/* Whether anybody here has the name. */
static enum policy_verdict
judge_name(struct policy *policy, struct span recipient)
{
	if (!policy->checks_recipients)
		return POLICY_ACCEPTED;
	switch (rcptcheck_ask(&policy->check, recipient)) {
	case RCPTCHECK_KNOWN:
		break;
	case RCPTCHECK_UNKNOWN:
		return POLICY_UNKNOWN;
	case RCPTCHECK_LATER:
		return POLICY_LATER;
	}
	return POLICY_ACCEPTED;
}

enum policy_verdict
policy_judge(struct policy *policy, struct span sender, struct str *recipient)
{
	enum policy_verdict verdict;
	int is_bad =
	    blocklist_has(&policy->bad_recipients, str_span(recipient));
	int is_ours = 1;

	if (policy->refusal.len && !policy->relay_suffix &&
	    !is_postmaster(str_span(recipient)))
		return POLICY_BAD_CLIENT;
	if (is_bad)
		return is_bad < 0 ? POLICY_TROUBLE : POLICY_BAD_RECIPIENT;
	if (policy->relay_suffix)
		str_add_z(recipient, policy->relay_suffix);
	else
		is_ours = hosts_accept(&policy->hosts, str_span(recipient));
	if (is_ours <= 0)
		return is_ours < 0 ? POLICY_TROUBLE : POLICY_NOT_OURS;
	verdict = judge_name(policy, str_span(recipient));
	return verdict == POLICY_ACCEPTED
	    ? judge_time(policy, sender, str_span(recipient))
	    : verdict;
}

struct answer
policy_answer(const struct policy *policy, enum policy_verdict verdict)
{
	switch (verdict) {
	case POLICY_BAD_CLIENT:
		return (struct answer){ 554, SPAN("5.7.1"), policy->refusal };
	case POLICY_ACCEPTED:
		return ANSWER(250, "2.1.5", "ok");
	case POLICY_BAD_RECIPIENT:
		return ANSWER(553, "5.7.1", "this recipient gets no mail");
	case POLICY_NOT_OURS:
		return ANSWER(553, "5.7.1", "we take no mail for that domain");
	case POLICY_UNKNOWN:
		return ANSWER(550, "5.1.1", "nobody here has this name");
	case POLICY_LATER:
		return ANSWER(
		    451, "4.3.0", "cannot tell now whether that is anybody");
	case POLICY_GREY:
		return ANSWER(451, "4.7.1",
		    "you are new here; come again in some minutes");
	case POLICY_CLIENT_FULL:
		return ANSWER(451, "4.7.1",
		    "too many recipients from your address; come again later");
	case POLICY_NETWORK_FULL:
		return ANSWER(451, "4.7.1",
		    "too many recipients from your network; come again later");
	case POLICY_TROUBLE:
		break;
	}
	return ANSWER(421, "4.3.0", "cannot read the configuration");
}
