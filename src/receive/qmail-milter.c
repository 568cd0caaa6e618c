/*
 * qmail-milter.c - a filter of qmail-filters: shows a message to a milter, and does
 * what that wants.
 * Runs as   the caller: qmaild; or a user who submits a message.
 * Reads     message and envelope on descriptors 0 and 3, hostile; what tcpserver and
 *           qmail-smtpd say in the environment; what a milter says.
 * Writes    message and envelope on descriptors 1 and 4 if they are changed; words on 6;
 *           a file that has no name; what goes wrong on descriptor 2.
 * Execs     nothing.
 * Source    qmail-milter(8), qmail-filters(8), net/milter.h.
 *
 * What is changed is written when the milter has said all, and nothing before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "config/control.h"
#include "config/home.h"
#include "mail/header.h"
#include "milter_message.h"
#include "milter_talk.h"
#include "mail/quote.h"
#include "net/ip.h"
#include "queue/envelope.h"
#include "queue/verdict.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"

#define NAME "qmail-milter"
#define USAGE \
	"usage: " NAME " [-a accept|reject|tempfail] [-t seconds] socket\n"
#define SECONDS	     60
#define SECONDS_MAX  3600
#define PORT_MAX     65535
#define ENVELOPE_IN  3
#define ENVELOPE_OUT 4
#define REMARK_FD    6

/* The exit codes of filters: qmail-filters(8). */
enum {
	GO_ON = 0,
	CANNOT = 111,
	DISCARD = 99,
	IN_WORDS = VERDICT_CUSTOM_EXIT
};

/* What is done if the milter cannot be asked. */
enum fallback {
	FALLBACK_TEMPFAIL,
	FALLBACK_ACCEPT,
	FALLBACK_REJECT
};

struct filter {
	const char *socket;
	enum fallback fallback;
	struct milter_talk talk;
	struct milter_message message;
};

static struct filter filter = { .message = MILTER_MESSAGE_INIT };

/* ---- ends ---- */

NORETURN static void
end_in_words(enum verdict_letter letter, struct span text)
{
	struct str words = STR_INIT;

	str_add_byte(&words, (char)letter);
	str_add(&words, span_upto(text, VERDICT_CUSTOM_MAX - 1));
	(void)!fd_write_all(REMARK_FD, str_span(&words));
	_exit(IN_WORDS);
}

/* The milter cannot be asked, or speaks another language. */
NORETURN static void
fail(const char *why)
{
	static const char *const ends[] = { [FALLBACK_TEMPFAIL] =
						"the message has to wait",
		[FALLBACK_ACCEPT] = "the message goes on without it",
		[FALLBACK_REJECT] = "the message is refused" };

	fprintf(stderr, "%s: %s: %s; %s\n", NAME, filter.socket, why,
	    ends[filter.fallback]);
	switch (filter.fallback) {
	case FALLBACK_ACCEPT:
		_exit(GO_ON);
	case FALLBACK_REJECT:
		end_in_words(VERDICT_PERMANENT,
		    SPAN("a mail filter cannot be asked (#5.3.0)"));
	case FALLBACK_TEMPFAIL:
		break;
	}
	end_in_words(
	    VERDICT_TEMPORARY, SPAN("a mail filter cannot be asked (#4.3.0)"));
}

NORETURN static void
fail_errno(void)
{
	bool has_left =
	    errno == EPROTO || errno == EPIPE || errno == ECONNRESET;

	fail(has_left ? "it broke off, or is no milter" : error_text(errno));
}

/* "5.7.1 text" becomes "text (#5.7.1)", as all answers of the suite have it. */
NORETURN static void
end_with_reply(struct span reply)
{
	struct str text = STR_INIT, words = STR_INIT;
	struct milter_words packet;
	bool is_permanent;
	struct span status;

	if (!milter_parse_words(MILTER_REPLY_CODE, reply, 0, &packet) ||
	    !milter_parse_reply(packet.first, &is_permanent, &text))
		fail("its reply is none");
	status = span_upto(str_span(&text), span_find(str_span(&text), ' '));
	if (status.len >= 5 && status.s[1] == '.' &&
	    status.s[0] == (is_permanent ? '5' : '4')) {
		str_add(&words, span_from(str_span(&text), status.len + 1));
	} else {
		str_add(&words, str_span(&text));
		status = is_permanent ? SPAN("5.7.1") : SPAN("4.7.1");
	}
	if (words.len == 0)
		str_add_z(&words, "a mail filter says so");
	str_cut(&words, words.len < 200 ? words.len : 200);
	str_add_z(&words, " (#");
	str_add(&words, span_upto(status, 11));
	str_add_byte(&words, ')');
	end_in_words(is_permanent ? VERDICT_PERMANENT : VERDICT_TEMPORARY,
	    str_span(&words));
}

/* Ends the program if the last packet is the milter's last word. */
static void
obey(void)
{
	switch (filter.talk.letter) {
	case MILTER_CONTINUE:
	case MILTER_SKIP:
		return;
	case MILTER_ACCEPT:
		_exit(GO_ON);
	case MILTER_DISCARD:
		_exit(DISCARD);
	case MILTER_REJECT:
		end_in_words(VERDICT_PERMANENT,
		    SPAN("a mail filter refuses it (#5.7.1)"));
	case MILTER_TEMPFAIL:
	case MILTER_CONNECTION_FAILS:
	case MILTER_SHUTDOWN:
		end_in_words(VERDICT_TEMPORARY,
		    SPAN("a mail filter does not want it now (#4.7.1)"));
	case MILTER_REPLY_CODE:
		end_with_reply(str_span(&filter.talk.answer));
	default:
		fail("it says what is not known");
	}
}

/* ---- what the milter is told ---- */

static struct span
setting(const char *name, struct span otherwise)
{
	const char *value = getenv(name);

	return value && *value ? span_of(value) : otherwise;
}

/* What stands between < and >. */
static void
tell_address(struct span address)
{
	struct str text = STR_INIT;

	str_add_byte(&text, '<');
	quote_add_address(&text, address);
	str_add_byte(&text, '>');
	milter_talk_word(&filter.talk, str_span(&text));
	str_free(&text);
}

/* A command was said: whether more of its kind is wanted. */
static bool
say(enum milter_step quiet)
{
	milter_talk_send(&filter.talk);
	if (filter.talk.terms.steps & (uint32_t)quiet)
		return true;
	if (milter_talk_hear(&filter.talk) < 0)
		fail_errno();
	obey();
	return filter.talk.letter != MILTER_SKIP;
}

static bool
is_wanted(enum milter_step not_wanted)
{
	return !(filter.talk.terms.steps & (uint32_t)not_wanted);
}

static void
begin_macros(enum milter_command command)
{
	char letter = (char)command;

	milter_talk_begin(&filter.talk, MILTER_MACROS);
	milter_talk_bytes(&filter.talk, span_make(&letter, 1));
}

static void
tell_macro(const char *name, struct span value)
{
	if (value.len == 0)
		return;
	milter_talk_word(&filter.talk, span_of(name));
	milter_talk_word(&filter.talk, value);
}

/* Quoted, as SMTP has it: else a stranger could end it where he likes. */
static void
tell_address_macro(const char *name, struct span address)
{
	struct str text = STR_INIT;

	quote_add_address(&text, address);
	tell_macro(name, str_span(&text));
	str_free(&text);
}

static void
tell_number(const char *name)
{
	static int64_t begin; /* one name in all of it */
	struct str text = STR_INIT;

	if (begin == 0)
		begin = clock_seconds();
	str_add_u64(&text, (uint64_t)begin);
	str_add_byte(&text, '.');
	str_add_u64(&text, (uint64_t)getppid()); /* as qmail-filters is known */
	tell_macro(name, str_span(&text));
	str_free(&text);
}

/* "[192.0.2.1]", where there is no name. */
static void
find_host(struct str *host, struct span address)
{
	str_set(host, setting("TCPREMOTEHOST", SPAN("")));
	if (host->len)
		return;
	str_add_byte(host, '[');
	str_add(host, address);
	str_add_byte(host, ']');
}

static void
tell_connection(struct span host, struct span address)
{
	struct ip_address ip = { 0 };
	uint64_t port = 0;
	struct str me = STR_INIT;

	if (control_read_line("control/me", &me) < 0 ||
	    !scan_u64(setting("TCPREMOTEPORT", SPAN("0")), PORT_MAX, &port))
		_exit(CANNOT);
	begin_macros(MILTER_CONNECT);
	tell_macro("j", str_span(&me));
	tell_macro("{daemon_name}", setting("FILTERCLASS", SPAN("outside")));
	tell_macro("v", SPAN("Angarium"));
	tell_macro("{client_addr}", address);
	tell_macro("{client_name}", host);
	str_set(&me, host);
	str_add_z(&me, " [");
	str_add(&me, address);
	str_add_byte(&me, ']');
	tell_macro("_", str_span(&me));
	milter_talk_send(&filter.talk);
	milter_talk_begin(&filter.talk, MILTER_CONNECT);
	milter_talk_word(&filter.talk, host);
	if (ip_parse(address, &ip)) {
		char begin[] = { (char)('0' + ip.family), (char)(port >> 8),
			(char)(port & 0xff) };

		milter_talk_bytes(
		    &filter.talk, span_make(begin, sizeof(begin)));
		if (ip.family == 6)
			milter_talk_bytes(&filter.talk, SPAN("IPv6:"));
		milter_talk_word(&filter.talk, address);
	} else {
		milter_talk_bytes(&filter.talk, SPAN("U"));
	}
	(void)say(MILTER_QUIET_CONNECT);
	str_free(&me);
}

static void
tell_helo(struct span name)
{
	begin_macros(MILTER_HELO);
	tell_macro("{tls_version}", setting("SSL_PROTOCOL", SPAN("")));
	tell_macro("{cipher}", setting("SSL_CIPHER", SPAN("")));
	milter_talk_send(&filter.talk);
	milter_talk_begin(&filter.talk, MILTER_HELO);
	milter_talk_word(&filter.talk, name);
	(void)say(MILTER_QUIET_HELO);
}

/* A user of this machine is shown as a client that is this machine. */
static void
tell_client(void)
{
	struct span address = setting("TCPREMOTEIP", SPAN("127.0.0.1"));
	struct str host = STR_INIT;

	if (getenv("TCPREMOTEIP"))
		find_host(&host, address);
	else
		str_add_z(&host, "localhost");
	if (is_wanted(MILTER_NO_CONNECT))
		tell_connection(str_span(&host), address);
	if (is_wanted(MILTER_NO_HELO))
		tell_helo(setting("SMTPHELO", str_span(&host)));
	str_free(&host);
}

static void
tell_sender(void)
{
	struct span user = setting("SMTPAUTHUSER", SPAN(""));

	if (!is_wanted(MILTER_NO_MAIL))
		return;
	begin_macros(MILTER_MAIL);
	tell_number("i");
	tell_address_macro(
	    "{mail_addr}", str_span(&filter.message.envelope.sender));
	tell_macro("{auth_authen}", user);
	tell_macro("{auth_type}", user.len ? SPAN("PLAIN") : SPAN(""));
	milter_talk_send(&filter.talk);
	milter_talk_begin(&filter.talk, MILTER_MAIL);
	tell_address(str_span(&filter.message.envelope.sender));
	(void)say(MILTER_QUIET_MAIL);
}

/* Who refuses one refuses the message: it is too late for a part of it. */
static void
tell_recipients(void)
{
	struct span rest = str_span(&filter.message.envelope.records), record;
	bool has_more = is_wanted(MILTER_NO_RCPT);

	while (has_more && span_cut_next(&rest, '\0', &record)) {
		if (record.s[0] != ENVELOPE_RECIPIENT)
			continue;
		begin_macros(MILTER_RCPT);
		tell_address_macro("{rcpt_addr}", span_from(record, 1));
		milter_talk_send(&filter.talk);
		milter_talk_begin(&filter.talk, MILTER_RCPT);
		tell_address(span_from(record, 1));
		has_more = say(MILTER_QUIET_RCPT);
	}
	if (is_wanted(MILTER_NO_DATA) && filter.talk.terms.version > 3) {
		begin_macros(MILTER_DATA);
		milter_talk_send(&filter.talk);
		milter_talk_begin(&filter.talk, MILTER_DATA);
		(void)say(MILTER_QUIET_DATA);
	}
}

static void
tell_header(void)
{
	bool has_more = is_wanted(MILTER_NO_HEADERS), is_hidden;
	struct span field;
	size_t place = 0;

	while (has_more &&
	    headeredit_next(&filter.message.edit, &place, &field, &is_hidden)) {
		size_t colon;
		struct span name = header_name(field, &colon);
		struct span value = span_from(field, colon + 1);

		if (is_hidden)
			continue;
		if (value.len && value.s[value.len - 1] == '\n')
			value.len--;
		if (filter.message.has_bare_values && value.len &&
		    value.s[0] == ' ')
			value = span_from(value, 1);
		milter_talk_begin(&filter.talk, MILTER_HEADER);
		milter_talk_word(&filter.talk, name);
		milter_talk_word(&filter.talk, value);
		has_more = say(MILTER_QUIET_HEADERS);
	}
	if (is_wanted(MILTER_NO_HEADER_END)) {
		begin_macros(MILTER_HEADER_END);
		milter_talk_send(&filter.talk);
		milter_talk_begin(&filter.talk, MILTER_HEADER_END);
		(void)say(MILTER_QUIET_HEADER_END);
	}
}

/* A part of the body; lines end in CR LF there. */
static bool
tell_part(struct str *part, struct span bytes, bool *is_after_cr)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.s[i] == '\n' && !*is_after_cr)
			str_add_byte(part, '\r');
		str_add_byte(part, bytes.s[i]);
		*is_after_cr = bytes.s[i] == '\r';
	}
	milter_talk_begin(&filter.talk, MILTER_BODY);
	milter_talk_bytes(&filter.talk, str_span(part));
	str_reset(part);
	return say(MILTER_QUIET_BODY);
}

static void
tell_body(void)
{
	bool has_more = is_wanted(MILTER_NO_BODY), is_after_cr = false;
	static char buffer[MILTER_CHUNK_MAX / 2];
	struct str part = STR_INIT;
	ssize_t got;

	if (has_more && milter_message_begin_body(&filter.message) < 0)
		_exit(CANNOT);
	/* At most twice as many bytes leave as are read. */
	while (has_more && (got = fd_read(0, buffer, sizeof(buffer))) != 0) {
		if (got < 0)
			_exit(CANNOT);
		has_more = tell_part(
		    &part, span_make(buffer, (size_t)got), &is_after_cr);
	}
	str_free(&part);
	begin_macros(MILTER_END);
	tell_number("i");
	milter_talk_send(&filter.talk);
	milter_talk_begin(&filter.talk, MILTER_END);
	milter_talk_send(&filter.talk);
}

/* ---- what the milter changes ---- */

/* All that it wants, up to its last word. */
static void
hear_changes(void)
{
	struct milter_words words;
	const char *trouble;

	for (;;) {
		struct span answer;

		if (milter_talk_hear(&filter.talk) < 0)
			fail_errno();
		answer = str_span(&filter.talk.answer);
		if (!span_has(SPAN("+2-bhmieq"), filter.talk.letter))
			break;
		if (!milter_parse_words(filter.talk.letter, answer,
			filter.talk.terms.actions, &words))
			fail("it wants a change that is none");
		trouble = milter_message_change(&filter.message,
		    (enum milter_change)filter.talk.letter, &words);
		if (trouble)
			fail(trouble);
	}
	/* Here it means: with these changes. */
	if (filter.talk.letter != MILTER_ACCEPT)
		obey();
}

static void
read_message(void)
{
	if (milter_message_read(&filter.message, 0, ENVELOPE_IN,
		getenv("TCPREMOTEIP") != NULL) == 0)
		return;
	if (errno != EMSGSIZE)
		_exit(CANNOT);
	end_in_words(VERDICT_PERMANENT,
	    SPAN("its header is larger than 1048576 bytes (#5.3.4)"));
}

static void
write_changes(void)
{
	if (milter_message_write(&filter.message, 1, ENVELOPE_OUT) < 0)
		_exit(CANNOT);
	/* All recipients were deleted: nobody is to get it. */
	if (!milter_message_has_recipients(&filter.message))
		_exit(DISCARD);
}

/* ---- all of it ---- */

/* A slip in control/queuefilters must have mail wait, not be refused. */
NORETURN static void
end_usage(void)
{
	(void)!fd_write_all(2, SPAN(USAGE));
	_exit(CANNOT);
}

static enum fallback
take_fallback(struct span word)
{
	if (span_equal(word, SPAN("accept")))
		return FALLBACK_ACCEPT;
	if (span_equal(word, SPAN("reject")))
		return FALLBACK_REJECT;
	if (!span_equal(word, SPAN("tempfail")))
		end_usage();
	return FALLBACK_TEMPFAIL;
}

int
main(int argc, char **argv)
{
	uint64_t seconds = SECONDS;
	int option;

	must_hooks(CANNOT, NULL);
	signal_ignore(SIGPIPE);
	while ((option = getopt(argc, argv, "+a:t:")) != -1)
		if (option == 'a')
			filter.fallback = take_fallback(span_of(optarg));
		else if (option != 't' ||
		    !scan_u64(span_of(optarg), SECONDS_MAX, &seconds) ||
		    seconds == 0)
			end_usage();
	if (optind + 1 != argc)
		end_usage();
	filter.socket = argv[optind];
	if (chdir(home_dir) < 0)
		_exit(CANNOT);
	read_message();
	if (milter_talk_open(
		&filter.talk, span_of(filter.socket), (unsigned)seconds) < 0)
		fail_errno();
	filter.message.has_bare_values = is_wanted(MILTER_LEADING_SPACE);
	tell_client();
	tell_sender();
	tell_recipients();
	tell_header();
	tell_body();
	hear_changes();
	milter_talk_close(&filter.talk);
	write_changes();
	return GO_ON;
}
