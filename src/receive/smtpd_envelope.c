/*
 * smtpd_envelope.c - MAIL and RCPT.
 * Input: hostile
 */
#include "smtpd.h"

#include "base/ascii.h"
#include "base/scan.h"
#include "config/control.h"
#include "mail/address.h"
#include "mail/dsn.h"
#include "net/ipme.h"
#include "smtpd_reply.h"

void
smtpd_forget(struct smtpd *smtpd)
{
	receipt_drop(&smtpd->receipt);
	smtpd->is_begun = smtpd->is_refused = false;
	smtpd->has_sender = smtpd->is_utf8 = false;
	smtpd->recipient_count = 0;
	str_reset(&smtpd->parameters);
	str_reset(&smtpd->recipients);
	str_reset(&smtpd->wishes);
	rcptcheck_close(&smtpd->policy.check);
}

/* ---- what follows a path ---- */

/* What the parameters of one MAIL or RCPT say. */
struct parameters {
	uint64_t size;
	bool is_utf8;
	struct dsn_envelope envelope;
	struct dsn_recipient recipient;
};

/* One parameter of MAIL.  Each returns NULL, or the reply if it cannot be
 * taken. */

static const char *
take_size(
    const struct smtpd *smtpd, struct span value, struct parameters *parameters)
{
	uint64_t *size = &parameters->size;

	if (!scan_u64(value, UINT64_MAX, size))
		return "501 5.5.4 SIZE wants a number";
	if (smtpd->receipt.limits.data_max &&
	    *size > smtpd->receipt.limits.data_max)
		return "552 5.3.4 larger than we take";
	return NULL;
}

static const char *
take_body(
    const struct smtpd *smtpd, struct span value, struct parameters *parameters)
{
	(void)smtpd;
	(void)parameters;
	return span_equal_nocase(value, SPAN("7BIT")) ||
		span_equal_nocase(value, SPAN("8BITMIME"))
	    ? NULL
	    : "501 5.5.4 no such BODY";
}

static const char *
take_utf8(
    const struct smtpd *smtpd, struct span value, struct parameters *parameters)
{
	(void)smtpd;
	parameters->is_utf8 = true;
	return value.len ? "501 5.5.4 SMTPUTF8 has no value" : NULL;
}

/* Who sent it first, which we need not believe (RFC 4954 5). */
static const char *
take_auth(
    const struct smtpd *smtpd, struct span value, struct parameters *parameters)
{
	(void)smtpd;
	(void)value;
	(void)parameters;
	return NULL;
}

static const struct {
	const char *name;
	const char *(*take)(
	    const struct smtpd *, struct span, struct parameters *);
} mail_parameters[] = {
	{ "SIZE", take_size },
	{ "BODY", take_body },
	{ "SMTPUTF8", take_utf8 },
	{ "AUTH", take_auth },
};

static const char not_offered[] = "555 5.5.4 this parameter was not offered";

static const char *
answer_dsn(enum dsn_taken taken)
{
	switch (taken) {
	case DSN_TAKEN:
		return NULL;
	case DSN_BROKEN:
		return "501 5.5.4 this parameter cannot be so";
	case DSN_OTHER:
		break;
	}
	return not_offered;
}

bool
smtpd_takes_requiretls(const struct smtpd *smtpd)
{
	return smtpd->tls.is_on && smtpd->has_dsn;
}

static const char *
take_mail_parameter(
    const struct smtpd *smtpd, struct span word, struct parameters *parameters)
{
	size_t equals = span_find(word, '=');
	struct span name = span_upto(word, equals);

	for (size_t i = 0;
	     i < sizeof(mail_parameters) / sizeof(*mail_parameters); i++)
		if (span_equal_nocase(name, span_of(mail_parameters[i].name)))
			return mail_parameters[i].take(
			    smtpd, span_from(word, equals + 1), parameters);
	if (!smtpd_takes_requiretls(smtpd) &&
	    span_equal_nocase(word, SPAN("REQUIRETLS")))
		return not_offered;
	return answer_dsn(smtpd->has_dsn
		? dsn_take_envelope(&parameters->envelope, word)
		: DSN_OTHER);
}

static const char *
take_rcpt_parameter(
    const struct smtpd *smtpd, struct span word, struct parameters *parameters)
{
	return answer_dsn(smtpd->has_dsn
		? dsn_take_recipient(&parameters->recipient, word)
		: DSN_OTHER);
}

/*
 * Takes all that follows a path.  A word that cannot be a parameter (RFC 5321
 * 4.1.2: they begin with a letter or digit), such as a comment, is passed
 * over.
 *   take   one parameter of MAIL, or of RCPT
 * Returns NULL, or the reply if something cannot be taken.
 */
static const char *
take_parameters(const struct smtpd *smtpd, struct span rest,
    const char *(*take)(const struct smtpd *, struct span, struct parameters *),
    struct parameters *parameters)
{
	const char *fault = NULL;
	struct span word;

	while (!fault && span_cut_next(&rest, ' ', &word))
		if (word.len && ascii_is_alnum(word.s[0]))
			fault = take(smtpd, word, parameters);
	return fault;
}

/* Puts what stands for our address behind the @. */
static int
add_local_ip_host(const struct smtpd *smtpd, struct str *address)
{
	struct str host = STR_INIT;
	int result;

	str_set(&host, str_span(&smtpd->me));
	result = control_read_line("control/localiphost", &host);
	if (result >= 0)
		str_add(address, str_span(&host));
	str_free(&host);
	return result < 0 ? -1 : 0;
}

/*
 * Looks at the domain.  What is in brackets has to be an Internet address;
 * user@[our address] becomes user@localiphost.
 */
static enum address_result
take_domain(struct smtpd *smtpd, struct str *address)
{
	struct span domain = address_domain(str_span(address));
	struct ip_address ip;
	int is_ours;

	if (!span_has(str_span(address), '@'))
		return ADDRESS_TAKEN;
	if (!address_is_domain(domain))
		return ADDRESS_BROKEN;
	if (domain.s[0] != '[')
		return ADDRESS_TAKEN;
	if (!ip_parse_literal(domain, &ip))
		return ADDRESS_BROKEN;
	is_ours = ipme_has(&ip);
	if (is_ours == 0)
		return ADDRESS_TAKEN;
	str_cut(address, address->len - domain.len);
	if (is_ours < 0 || add_local_ip_host(smtpd, address) < 0)
		smtpd_end(smtpd, SMTPD_CONTROL);
	return address->len > ADDRESS_MAX ? ADDRESS_TOO_LONG : ADDRESS_TAKEN;
}

/* Takes a path into smtpd->address.  Returns NULL, or the reply. */
static const char *
take_path(struct smtpd *smtpd, struct span argument, struct span keyword,
    struct span *rest)
{
	enum address_result result = ADDRESS_TOO_LONG;

	*rest = SPAN("");
	if (smtpd->line.len <= SMTPD_COMMAND_MAX)
		result = address_parse_path(
		    argument, keyword, &smtpd->address, rest);
	if (result == ADDRESS_TAKEN) {
		smtpd_submit_complete(smtpd, &smtpd->address);
		if (smtpd->address.len > ADDRESS_MAX)
			result = ADDRESS_TOO_LONG;
	}
	if (result == ADDRESS_TAKEN)
		result = take_domain(smtpd, &smtpd->address);
	switch (result) {
	case ADDRESS_TAKEN:
		return NULL;
	case ADDRESS_TOO_LONG:
		return "555 5.5.4 this address is too long";
	case ADDRESS_MISSING:
	case ADDRESS_BROKEN:
		break;
	}
	return "501 5.5.4 this is not an address";
}

/* ---- the commands ---- */

void
smtpd_mail(struct smtpd *smtpd, struct span argument)
{
	const struct smtpd_limits *limits = &smtpd->limits;
	struct parameters parameters = { .size = 0 };
	struct span rest;
	const char *fault = take_path(smtpd, argument, SPAN("FROM:"), &rest);
	int is_bad;

	if (!fault)
		fault = take_parameters(
		    smtpd, rest, take_mail_parameter, &parameters);
	if (!fault)
		fault =
		    smtpd_submit_find_fault(smtpd, str_span(&smtpd->address));
	if (!fault && limits->messages &&
	    smtpd->counts.messages >= limits->messages)
		fault = "452 4.5.3 too many messages; connect again";
	if (!fault &&
	    !receipt_has_room(&smtpd->receipt.limits, parameters.size))
		fault = "452 4.3.1 no room for it now";
	if (fault) {
		smtpd_reply(smtpd, fault);
		return;
	}
	smtpd_forget(smtpd);
	smtpd->has_sender = true;
	smtpd->is_utf8 = parameters.is_utf8;
	dsn_add_envelope(&smtpd->parameters, &parameters.envelope);
	str_set(&smtpd->sender, str_span(&smtpd->address));
	is_bad =
	    blocklist_has(&smtpd->policy.bad_senders, str_span(&smtpd->sender));
	if (is_bad < 0)
		smtpd_end(smtpd, SMTPD_CONTROL);
	smtpd->is_bad_sender = is_bad;
	smtpd_reply(smtpd, "250 2.1.0 ok");
}

/* What is told of a recipient; 250: it is taken. */
static struct answer
judge(struct smtpd *smtpd)
{
	static const struct answer too_many = { 452, { "4.5.3", 5 },
		{ "too many recipients", 19 } };
	struct str *recipient = &smtpd->address;
	enum policy_verdict verdict;

	if (recipient->len == 0)
		return ANSWER(501, "5.1.3", "nobody has no name");
	if (smtpd->is_bad_sender)
		return ANSWER(553, "5.7.1", "this sender is not welcome here");
	if (smtpd->limits.recipients &&
	    smtpd->recipient_count >= smtpd->limits.recipients)
		return too_many;
	verdict =
	    policy_judge(&smtpd->policy, str_span(&smtpd->sender), recipient);
	if (verdict == POLICY_TROUBLE)
		smtpd_end(smtpd, SMTPD_CONTROL);
	if (verdict == POLICY_UNKNOWN)
		smtpd->counts.unknown++;
	if (verdict == POLICY_ACCEPTED &&
	    (smtpd->recipients.len + recipient->len >= SMTPD_RECIPIENTS_MAX ||
		smtpd->wishes.len >= SMTPD_RECIPIENTS_MAX))
		return too_many;
	return policy_answer(&smtpd->policy, verdict);
}

/* What is asked of notifications.  Who may not relay may not have us write to
 * others either: of successes he is not told. */
static void
add_wishes(struct smtpd *smtpd, struct dsn_recipient *wishes)
{
	if (!smtpd->policy.relay_suffix)
		dsn_without_success(wishes);
	dsn_add_recipient(&smtpd->wishes, wishes);
	str_add_byte(&smtpd->wishes, '\0');
}

void
smtpd_rcpt(struct smtpd *smtpd, struct span argument)
{
	struct parameters parameters = { .size = 0 };
	struct answer answer;
	struct span rest;
	const char *fault = NULL;

	if (!smtpd->has_sender)
		fault = "503 5.5.1 MAIL comes first";
	else if (smtpd->is_begun)
		fault = "503 5.5.1 the message has begun";
	if (!fault)
		fault = take_path(smtpd, argument, SPAN("TO:"), &rest);
	if (!fault)
		fault = take_parameters(
		    smtpd, rest, take_rcpt_parameter, &parameters);
	if (fault) {
		smtpd_reply(smtpd, fault);
		return;
	}
	answer = judge(smtpd);
	if (answer.code == 250) {
		str_add_field(&smtpd->recipients, str_span(&smtpd->address));
		add_wishes(smtpd, &parameters.recipient);
		smtpd->recipient_count++;
	}
	smtpd_answer(smtpd, answer);
}
