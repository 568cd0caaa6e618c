/*
 * counting.c - what a line of a log counts as.
 * Input: hostile
 */
#include "counting.h"

#include "base/ascii.h"
#include "base/scan.h"
#include "mail/diagnosis.h"
#include "queue/path.h"

#define REPLY_CODE 4 /* "250 " */

/* ---- words ---- */

/* The word of a list, with blanks between, that the value is; "other" if it is none of
 * them, "none" if it is empty. */
static void
add_one_of(struct str *words, struct span value, const char *list)
{
	if (words->len)
		str_add_byte(words, ' ');
	if (!value.len)
		value = SPAN("none");
	else if (!span_is_one_of(value, list))
		value = SPAN("other");
	str_add(words, value);
}

static void
count(struct tally *tally, enum tally_family family, const struct str *words)
{
	tally_add(tally, family, str_z(words), 1);
}

/* ---- codes ---- */

/* The last detail that is registered, of each subject (RFC 3463, RFC 7372 and others). */
static const unsigned char details[] = { 0, 10, 4, 7, 7, 7, 10, 30 };

/* A code at the start of the text.  Returns its class; 0: there is none. */
static unsigned
parse_code(struct span text, uint64_t *subject, uint64_t *detail)
{
	size_t len;

	if (text.len < 5 ||
	    (text.s[0] != '2' && text.s[0] != '4' && text.s[0] != '5') ||
	    text.s[1] != '.')
		return 0;
	len = 2 + scan_u64_prefix(span_from(text, 2), UINT64_MAX, subject);
	if (len == 2 || len == text.len || text.s[len] != '.' ||
	    !scan_u64_prefix(span_from(text, len + 1), UINT64_MAX, detail))
		return 0;
	return (unsigned)(text.s[0] - '0');
}

static void
add_code(struct str *text, struct span code, unsigned class)
{
	uint64_t subject, detail;
	unsigned told = parse_code(code, &subject, &detail);

	/* What has been tried too long fails with a code of a deferral. */
	if (class && told != class && !(class == 5 && told == 4))
		told = 0; /* it is about something else */
	if (told)
		class = told;
	if (!class) {
		str_add_z(text, "none");
		return;
	}
	str_add_u64(text, class);
	if (!told || subject >= sizeof(details) || detail > details[subject]) {
		str_add_z(text, ".x.x");
		return;
	}
	str_add_byte(text, '.');
	str_add_u64(text, subject);
	str_add_byte(text, '.');
	str_add_u64(text, detail);
}

static bool
is_reply(struct span text)
{
	return text.len >= REPLY_CODE && ascii_is_digit(text.s[0]) &&
	    ascii_is_digit(text.s[1]) && ascii_is_digit(text.s[2]) &&
	    (text.s[3] == ' ' || text.s[3] == '-');
}

/* What the first digit of a reply, or the letter of one of QMTP, says. */
static unsigned
class_of(struct span words)
{
	switch (words.len ? words.s[0] : '\0') {
	case '2':
	case 'K':
		return 2;
	case '4':
	case 'Z':
		return 4;
	case '5':
	case 'D':
		return 5;
	default:
		return 0;
	}
}

void
counting_add_code(struct str *text, struct span words, unsigned class)
{
	struct diagnosis found = diagnosis_of(words);
	struct span reply = is_reply(words) ? words : found.reply;
	uint64_t subject, detail;

	if (is_reply(reply) &&
	    parse_code(span_from(reply, REPLY_CODE), &subject, &detail))
		found.status = span_from(reply, REPLY_CODE);
	add_code(text, found.status, class);
}

/* ---- qmail-send ---- */

#define MS_PER_SECOND 1000
#define US_PER_MS     1000
#define NS_PER_MS     1000000

/* A message number is the time of its acceptance, but for those of another suite. */
static void
count_delay(struct tally *tally, const struct entry *entry,
    const struct open_entry *delivery)
{
	uint64_t ended, began = delivery->message / US_PER_MS;

	if (!entry->has_time || !queue_number_is_time(delivery->message))
		return;
	ended = (uint64_t)entry->time.seconds * MS_PER_SECOND +
	    entry->time.nanoseconds / NS_PER_MS;
	tally_add_delay(
	    tally, str_z(&delivery->who), ended > began ? ended - began : 0);
}

static void
take_starting(struct open *deliveries, const struct entry *entry)
{
	struct span channel = entry_value(entry, "channel");
	struct open_entry *added;

	if (!span_is_one_of(channel, "local remote"))
		return;
	/* So many never run at a time: their ends are missing. */
	if (deliveries->count >= COUNTING_OPEN_MAX)
		open_end_all(deliveries);
	added = open_add(deliveries, entry_number(entry, "delivery"));
	added->message = entry_number(entry, "message");
	str_set(&added->who, channel);
}

/* The log has other bytes in place of blanks and ends of lines. */
static void
add_reason(struct str *words, struct span reason)
{
	for (size_t i = 0; i < reason.len; i++)
		str_add_byte(words,
		    reason.s[i] == '_'	     ? ' '
			: reason.s[i] == '/' ? '\n'
					     : reason.s[i]);
}

static void
take_delivery(
    struct tally *tally, struct open *deliveries, const struct entry *entry)
{
	uint64_t number = entry_number(entry, "delivery");
	struct open_entry *delivery = open_find(deliveries, number);
	struct span result = entry_value(entry, "result");
	bool is_success = span_equal(result, SPAN("success"));
	struct str words = STR_INIT, reason = STR_INIT;
	unsigned class = 4;

	if (is_success)
		class = 2;
	else if (span_equal(result, SPAN("failure")))
		class = 5;
	if (delivery && is_success)
		count_delay(tally, entry, delivery);
	str_add_z(&words, delivery ? str_z(&delivery->who) : "unknown");
	add_one_of(&words, result, "success deferral failure mangled");
	str_add_byte(&words, ' ');
	add_reason(&reason, entry_value(entry, "reason"));
	counting_add_code(&words, str_span(&reason), class);
	count(tally, TALLY_DELIVERIES, &words);
	open_end(deliveries, number);
	str_free(&words);
	str_free(&reason);
}

static void
take_tls(struct tally *tally, const struct entry *entry)
{
	struct str words = STR_INIT;

	if (!entry_find(entry, "policy") || !entry_find(entry, "result"))
		return;
	add_one_of(&words, entry_value(entry, "policy"),
	    "none may encrypt verify fingerprint dane sts sts-testing login "
	    "requiretls");
	add_one_of(&words, entry_value(entry, "result"),
	    "ok starttls-not-supported starttls-refused certificate-expired "
	    "certificate-host-mismatch certificate-not-trusted tlsa-invalid "
	    "validation-failure dnssec-invalid dane-required "
	    "sts-policy-fetch-error sts-policy-invalid sts-webpki-invalid "
	    "left-alone requiretls login-refused login-failed no-service");
	add_one_of(&words, entry_value(entry, "protocol"),
	    "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3");
	count(tally, TALLY_TLS, &words);
	str_free(&words);
}

bool
counting_is_restart(const struct entry *entry)
{
	return span_equal(entry->event, SPAN("running")) ||
	    span_equal(entry->event, SPAN("exiting")) ||
	    (span_equal(entry->event, SPAN("status")) &&
		span_equal(entry_value(entry, "words"), SPAN("exiting")));
}

static void
take_send(
    struct tally *tally, struct open *deliveries, const struct entry *entry)
{
	struct span event = entry->event;

	if (span_equal(event, SPAN("starting")))
		take_starting(deliveries, entry);
	else if (span_equal(event, SPAN("delivery")))
		take_delivery(tally, deliveries, entry);
	else if (span_equal(event, SPAN("new")))
		tally_add(tally, TALLY_MESSAGES, "", 1);
	else if (span_equal(event, SPAN("info")))
		tally_add(tally, TALLY_BYTES, "", entry_number(entry, "bytes"));
	else if (span_equal(event, SPAN("end")))
		tally_add(tally, TALLY_ENDED, "", 1);
	else if (span_equal(event, SPAN("tls")))
		take_tls(tally, entry);
	else if (span_equal(event, SPAN("bounce")))
		tally_add(tally, TALLY_NOTICES, "bounce", 1);
	else if (span_equal(event, SPAN("notice")))
		tally_add(tally, TALLY_NOTICES, "notice", 1);
	else if (span_equal(event, SPAN("triple")))
		tally_add(tally, TALLY_NOTICES, "triple", 1);
	else if (span_equal(event, SPAN("warning")))
		tally_add(tally, TALLY_TROUBLE, "warning", 1);
	else if (span_equal(event, SPAN("alert")))
		tally_add(tally, TALLY_TROUBLE, "alert", 1);
	else if (counting_is_restart(entry))
		open_end_all(deliveries);
}

/* ---- services that take mail ---- */

/* What it refused, and why: by the code of the reply, or a word of ours. */
static void
count_refusal(
    struct tally *tally, const struct entry *entry, const char *reason)
{
	struct str words = STR_INIT, reply = STR_INIT;
	const struct entry_field *field = entry_find(entry, "reply");

	str_add(&words, entry->service);
	str_add_byte(&words, ' ');
	if (field && !reason) {
		logfield_add_value(&reply, &field->field);
		counting_add_code(
		    &words, str_span(&reply), class_of(str_span(&reply)));
	} else {
		str_add_z(&words, reason ? reason : "none");
	}
	count(tally, TALLY_REFUSED, &words);
	str_free(&words);
	str_free(&reply);
}

static void
take_receiver(struct tally *tally, const struct entry *entry)
{
	struct str words = STR_INIT;

	str_add(&words, entry->service);
	if (span_equal(entry->event, SPAN("accepted"))) {
		count(tally, TALLY_ACCEPTED, &words);
		tally_add(tally, TALLY_ACCEPTED_BYTES, str_z(&words),
		    entry_number(entry, "size"));
		tally_add(tally, TALLY_ACCEPTED_RECIPIENTS, str_z(&words),
		    entry_number(entry, "recipients"));
	} else if (span_equal(entry->event, SPAN("closed"))) {
		add_one_of(&words, entry_value(entry, "end"),
		    "quit over gone timeout lone-lf errors unknown logins "
		    "control handshake memory protocol too-long");
		count(tally, TALLY_SESSIONS, &words);
	} else if (span_equal(entry->event, SPAN("refused"))) {
		count_refusal(tally, entry, NULL);
	}
	str_free(&words);
}

static void
take_greeter(struct tally *tally, const struct entry *entry)
{
	if (span_equal(entry->event, SPAN("refused")))
		count_refusal(tally, entry, NULL);
}

static void
take_dnsbl(struct tally *tally, const struct entry *entry)
{
	if (span_equal(entry->event, SPAN("refused")))
		count_refusal(tally, entry, "listed");
}

static void
take_greyd(struct tally *tally, const struct entry *entry)
{
	struct span by = entry_value(entry, "by");

	if (span_equal(entry->event, SPAN("deferred")))
		count_refusal(tally, entry, "grey");
	else if (span_equal(entry->event, SPAN("limited")))
		count_refusal(tally, entry,
		    span_equal(by, SPAN("client")) ? "client" : "network");
}

static void
take_popup(struct tally *tally, const struct entry *entry)
{
	if (span_equal(entry->event, SPAN("refused")))
		count_refusal(tally, entry, "login");
}

/* ---- other services ---- */

static void
take_authd(struct tally *tally, const struct entry *entry)
{
	bool is_refused = span_equal(entry->event, SPAN("refused"));
	struct span result = entry->event;
	struct str words = STR_INIT;

	if (is_refused)
		result = span_equal(entry_value(entry, "reason"),
			     SPAN("wrong name or password"))
		    ? SPAN("wrong")
		    : SPAN("too-often");
	if (span_is_one_of(result, "accepted wrong too-often failed limited")) {
		add_one_of(&words, entry_value(entry, "service"), "smtp pop3");
		str_add_byte(&words, ' ');
		str_add(&words, result);
		count(tally, TALLY_LOGINS, &words);
	}
	str_free(&words);
}

static void
take_tlsd(struct tally *tally, const struct entry *entry)
{
	if (span_equal(entry->event, SPAN("failed")))
		tally_add(tally, TALLY_TLS_FAILED, "", 1);
}

static void
take_verifyd(struct tally *tally, const struct entry *entry)
{
	struct str words = STR_INIT, result = STR_INIT;

	if (span_equal(entry->event, SPAN("checked"))) {
		add_one_of(&words, entry_value(entry, "dkim"), "pass fail");
		add_one_of(&words, entry_value(entry, "spf"), "pass fail");
		add_one_of(&words, entry_value(entry, "disposition"),
		    "pass none quarantine reject");
		count(tally, TALLY_DMARC, &words);
		add_one_of(&result, entry_value(entry, "result"),
		    "none neutral pass fail softfail temperror permerror");
		count(tally, TALLY_SPF, &result);
	}
	str_free(&words);
	str_free(&result);
}

static void
take_mtasts(struct tally *tally, const struct entry *entry)
{
	struct str words = STR_INIT;

	if (span_equal(entry->event, SPAN("policy"))) {
		tally_add(tally, TALLY_STS, "policy", 1);
	} else if (span_equal(entry->event, SPAN("failed"))) {
		add_one_of(&words, entry_value(entry, "type"),
		    "sts-policy-fetch-error sts-policy-invalid "
		    "sts-webpki-invalid");
		count(tally, TALLY_STS, &words);
	}
	str_free(&words);
}

static const struct {
	const char *service;
	void (*take)(struct tally *tally, const struct entry *entry);
} services[] = {
	{ "smtpd", take_receiver },
	{ "qmtpd", take_receiver },
	{ "qmqpd", take_receiver },
	{ "greetdelay", take_greeter },
	{ "proxyin", take_greeter },
	{ "dnsbl", take_dnsbl },
	{ "greyd", take_greyd },
	{ "qmail-popup", take_popup },
	{ "authd", take_authd },
	{ "tlsd", take_tlsd },
	{ "verifyd", take_verifyd },
	{ "mtasts", take_mtasts },
};

static void
take_tcpserver(struct tally *tally, const char *log, const struct entry *entry)
{
	struct str words = STR_INIT;

	if (span_is_one_of(entry->event, "ok deny")) {
		str_add_z(&words, log);
		str_add_byte(&words, ' ');
		str_add(&words, entry->event);
		count(tally, TALLY_CONNECTIONS, &words);
	}
	str_free(&words);
}

void
counting_take_entry(struct tally *tally, const char *log,
    struct open *deliveries, const struct entry *entry)
{
	bool is_known = entry->service.len > 0;
	struct str words = STR_INIT;

	str_add_z(&words, log);
	str_add_z(&words, is_known ? " known" : " other");
	count(tally, TALLY_LINES, &words);
	str_free(&words);
	if (!is_known)
		return;
	if (span_equal(entry->service, SPAN("qmail-send")))
		take_send(tally, deliveries, entry);
	else if (span_equal(entry->service, SPAN("tcpserver")))
		take_tcpserver(tally, log, entry);
	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++)
		if (span_equal(entry->service, span_of(services[i].service)))
			services[i].take(tally, entry);
}

void
counting_take(struct tally *tally, const char *log, struct open *deliveries,
    struct span line)
{
	struct entry entry;

	(void)entry_parse(line, &entry);
	counting_take_entry(tally, log, deliveries, &entry);
}

void
counting_name(struct str *name, struct span text)
{
	str_reset(name);
	text = span_upto(text, COUNTING_NAME_MAX);
	for (size_t i = 0; i < text.len; i++)
		str_add_byte(name,
		    text.s[i] > ' ' && text.s[i] <= '~' ? text.s[i] : '_');
}
