/*
 * remote_end.c - how a delivery ends, and what is told of it.
 * Input: hostile; what servers say goes into logs and bounces.
 */
#include "remote_end.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "mail/diagnosis.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/out.h"

#define MEMORY_TEXT "out of memory"
#define MEMORY_CODE "4.3.0"
#define MEMORY_SAID MEMORY_TEXT ". (#" MEMORY_CODE ")\n"

#define WRITE_BUFFER 4096

enum mention {
	NOBODY,
	HOST,
	PEER
};

/*
 * All ways in which a delivery ends: the letter of the report on the message,
 * whom the text begins with, the text, and the code unless the server's reply
 * is there to say why.
 */
static const struct {
	char letter;
	enum mention mention;
	const char *text, *code;
} endings[REMOTE_ENDINGS] = {
	[REMOTE_ACCEPTED] = { 'K', PEER, "accepted the message", NULL },
	[REMOTE_USAGE] = { 'D', NOBODY,
	    "qmail-remote needs host, sender and recipients", "5.3.5" },
	[REMOTE_HOME] = { 'Z', NOBODY, "cannot enter the home folder",
	    "4.3.0" },
	[REMOTE_CONTROL] = { 'Z', NOBODY,
	    "cannot read the control files: qmail-showctl tells which",
	    "4.3.0" },
	[REMOTE_ROUTE_PORT] = { 'Z', HOST,
	    "has a route, in control/smtproutes or control/qmtproutes, whose "
	    "port is no number",
	    "4.3.0" },
	[REMOTE_BIND_ROUTE] = { 'Z', NOBODY,
	    "what control/bindroutes has for the sender is no address and name",
	    "4.3.0" },
	[REMOTE_BIND_ADDRESS] = { 'Z', NOBODY,
	    "the address that control/bindroutes has for the sender cannot be "
	    "used on this machine",
	    "4.3.0" },
	[REMOTE_MEMORY] = { 'Z', NOBODY, MEMORY_TEXT, MEMORY_CODE },
	[REMOTE_SYSTEM] = { 'Z', NOBODY,
	    "this machine allows no further connection now", "4.3.0" },
	[REMOTE_BAD_SENDER] = { 'D', NOBODY,
	    "SMTP cannot carry the address of the sender", "5.1.7" },
	[REMOTE_BAD_RECIPIENT] = { 'D', NOBODY,
	    "SMTP cannot carry the address of the recipient", "5.1.3" },
	[REMOTE_DNS] = { 'Z', HOST,
	    "could not be looked up: no proper answer from DNS", "4.1.2" },
	[REMOTE_NO_NAME] = { 'D', HOST, "does not exist in DNS", "5.1.2" },
	[REMOTE_NO_ADDRESS] = { 'D', HOST,
	    "has no host that takes its mail: none with an address", "5.4.4" },
	[REMOTE_NO_MAIL] = { 'D', HOST, "takes no mail: so says its null MX",
	    "5.1.10" },
	[REMOTE_OWN] = { 'D', HOST,
	    "has this machine as its best mail host, but is not in "
	    "control/locals or control/virtualdomains",
	    "5.4.6" },
	[REMOTE_NOT_CONNECTED] = { 'Z', HOST,
	    "cannot be reached: no connection to any of its mail hosts",
	    "4.4.1" },
	[REMOTE_LEFT_ALONE] = { 'Z', HOST,
	    "was not tried: a moment ago its mail host", "4.4.1" },
	[REMOTE_TOO_LONG] = { 'Z', HOST,
	    "cannot be served in the time that control/timeoutdelivery "
	    "gives to a delivery",
	    "4.4.2" },
	[REMOTE_LOST] = { 'Z', PEER, "was connected, but the connection broke",
	    "4.4.2" },
	[REMOTE_LOST_AT_END] = { 'Z', PEER,
	    "was sent the whole message, but the connection broke before "
	    "the answer; the message may arrive twice",
	    "4.4.2" },
	[REMOTE_PROTOCOL] = { 'Z', PEER, "does not keep to SMTP", "4.5.0" },
	[REMOTE_QMTP] = { 'Z', PEER, "does not keep to QMTP", "4.5.0" },
	[REMOTE_GREETING] = { 'Z', PEER, "takes no mail now", NULL },
	[REMOTE_HELO] = { 'Z', PEER, "does not want our name", NULL },
	[REMOTE_MAIL_LATER] = { 'Z', PEER, "does not take the sender now",
	    NULL },
	[REMOTE_MAIL_NEVER] = { 'D', PEER, "refused the sender", NULL },
	[REMOTE_NO_RECIPIENT] = { 'D', PEER, "accepted no recipient", NULL },
	[REMOTE_DATA_LATER] = { 'Z', PEER,
	    "does not want to see the message now", NULL },
	[REMOTE_DATA_NEVER] = { 'D', PEER, "does not want to see the message",
	    NULL },
	[REMOTE_READ] = { 'Z', NOBODY, "cannot read the message", "4.3.0" },
	[REMOTE_UNSIGNED] = { 'Z', NOBODY, "cannot have the message signed",
	    "4.7.0" },
	[REMOTE_NO_FILE] = { 'Z', NOBODY,
	    "the message is no file, and QMTP has to know its size", "4.3.0" },
	[REMOTE_TOO_LARGE] = { 'D', PEER,
	    "does not take a message as large as this one", "5.3.4" },
	[REMOTE_NEEDS_8BITMIME] = { 'D', PEER,
	    "does not offer 8BITMIME, which the message needs: it has 8-bit "
	    "text, and control/send8bit is strict",
	    "5.6.3" },
	[REMOTE_NEEDS_SMTPUTF8] = { 'D', PEER,
	    "does not offer SMTPUTF8, which the address needs", "5.6.7" },
	[REMOTE_END_LATER] = { 'Z', PEER, "does not take the message now",
	    NULL },
	[REMOTE_END_NEVER] = { 'D', PEER, "refused the message", NULL },
	[REMOTE_TLS_POLICY] = { 'Z', HOST,
	    "has a line in control/tlspolicy that says nothing", "4.3.5" },
	[REMOTE_TLS_STRAY] = { 'Z', NOBODY,
	    "control/tlspolicy has a line without a colon, or with a blank "
	    "before it, which may be about this domain",
	    "4.3.5" },
	[REMOTE_TLS_QMTP] = { 'Z', HOST,
	    "has a route in control/qmtproutes, and a line in control/tlspolicy "
	    "that asks for TLS, which QMTP has not",
	    "4.3.5" },
	[REMOTE_TLS_MISSING] = { 'Z', PEER,
	    "does not offer TLS, without which nothing may be sent to it",
	    "4.7.4" },
	[REMOTE_TLS_FAILED] = { 'Z', PEER,
	    "cannot be sent to over TLS, as it has to be", "4.7.5" },
	[REMOTE_TLS_WANTED] = { 'Z', PEER,
	    "may want TLS, which it offers, but which did not come about",
	    NULL },
	[REMOTE_LOGIN] = { 'Z', PEER,
	    "does not take the login of control/smtpauth", NULL },
	[REMOTE_REQUIRETLS_QMTP] = { 'D', HOST,
	    "has a route in control/qmtproutes, and QMTP has no TLS, without "
	    "which the sender does not want the message to be sent",
	    "5.7.30" },
	[REMOTE_REQUIRETLS] = { 'D', PEER,
	    "cannot keep the promise of TLS all the way, without which the sender "
	    "does not want the message to be sent",
	    "5.7.30" },
	[REMOTE_REQUIRETLS_LATER] = { 'Z', PEER,
	    "cannot keep the promise of TLS all the way, without which the sender "
	    "does not want the message to be sent; another host of the domain "
	    "may, but does not take mail now",
	    "4.7.30" },
};

/* Whether the system did not allow us to do it: no try of the destination. */
static bool
is_untried(enum remote_ending ending)
{
	return ending == REMOTE_HOME || ending == REMOTE_CONTROL ||
	    ending == REMOTE_MEMORY || ending == REMOTE_SYSTEM ||
	    ending == REMOTE_READ || ending == REMOTE_UNSIGNED;
}

bool
remote_is_tls_ending(enum remote_ending ending)
{
	return ending == REMOTE_TLS_MISSING || ending == REMOTE_TLS_FAILED ||
	    ending == REMOTE_LOGIN || ending == REMOTE_REQUIRETLS;
}

/* Bytes of a reply that a report has place for. */
static size_t
said_max(const struct remote_told *told)
{
	size_t share =
	    REMOTE_SAID_ALL / (told->recipients.len ? told->recipients.len : 1);

	if (share > REMOTE_SAID_MAX)
		return REMOTE_SAID_MAX;
	return share < REMOTE_SAID_LEAST ? REMOTE_SAID_LEAST : share;
}

/* Appends text in which every byte is printable ASCII, a blank, or a newline
 * that ends a line which is not empty. */
static void
add_clean(struct str *report, struct span text, size_t max)
{
	text = span_upto(text, max);
	str_reserve(report, text.len);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (c == '\n') {
			/* An empty line would end a paragraph of a bounce. */
			if (report->len && report->s[report->len - 1] != '\n')
				str_add_byte(report, c);
		} else if (c == '\t')
			str_add_byte(report, ' ');
		else
			str_add_byte(report,
			    ascii_is_printable(c) ? c
				: c == '\0'	  ? '?'
						  : '_');
	}
}

static void
end_line(struct str *report)
{
	if (report->s[report->len - 1] != '\n')
		str_add_byte(report, '\n');
}

static void
add_port(struct str *report, const struct remote_told *told)
{
	str_add_z(report, " port ");
	str_add_u64(report, told->port);
}

static void
add_peer(struct str *report, const struct remote_told *told)
{
	str_add(report, str_span(&told->peer));
	add_port(report, told);
}

/* Appends what the system says of a connection. */
static void
add_cause(struct str *report, int cause)
{
	if (cause == 0) {
		str_add_z(report, "the server closed it");
		return;
	}
	str_add_z(report, error_text(cause));
	str_add_z(report, " (errno ");
	str_add_u64(report, (uint64_t)cause);
	str_add_byte(report, ')');
}

/* Appends what the server replied.  The last line is for programs, which find
 * the server there. */
static void
add_reply(struct str *report, const struct remote_told *told, struct span said)
{
	str_add_z(report, DIAGNOSIS_REPLY);
	add_clean(report, said, said_max(told));
	end_line(report);
	str_add_z(report, "Giving up on ");
	str_add(report, str_span(&told->peer));
	str_add_z(report, ".\n");
}

void
remote_note_host(
    struct remote_told *told, const struct ip_address *address, int cause)
{
	if (told->tried.len > REMOTE_TRIED_MAX)
		return;
	ip_format(&told->tried, address);
	add_port(&told->tried, told);
	str_add_z(&told->tried, ": ");
	if (cause)
		add_cause(&told->tried, cause);
	else
		str_add_z(&told->tried, "not tried");
	str_add_byte(&told->tried, '\n');
}

void
remote_add_recipient(struct remote_told *told)
{
	struct remote_report none = { REMOTE_UNTOLD, false, STR_INIT };

	vec_push(&told->recipients, none);
}

void
remote_tell_recipient(struct remote_told *told, size_t index,
    enum remote_letter letter, struct span said)
{
	struct remote_report *report = &told->recipients.at[index];
	struct str *text = &report->text;

	report->letter = letter;
	str_reset(text);
	if (letter == REMOTE_TAKEN)
		return;
	add_peer(text, told);
	if (said.len) {
		str_add_z(text, " refused the recipient.\n");
		add_reply(text, told, said);
	} else
		str_add_z(text,
		    " takes no more recipients at once, and the delivery "
		    "ended before the turn of this one. (#4.5.3)");
	end_line(text);
}

void
remote_tell_unsendable(
    struct remote_told *told, size_t index, struct span address, bool is_utf8)
{
	struct remote_report *report = &told->recipients.at[index];
	struct str *text = &report->text;

	report->letter = REMOTE_NEVER;
	str_reset(text);
	if (is_utf8) {
		add_peer(text, told);
		str_add_z(text,
		    " does not offer SMTPUTF8, which the address needs. "
		    "(#5.6.7)");
	} else {
		str_add_z(text, "SMTP cannot carry the address ");
		add_clean(text, address, REMOTE_NAME_MAX);
		str_add_z(text, ". (#5.1.3)");
	}
	end_line(text);
}

/* Whether the system's words belong to an ending. */
static bool
ends_by_cause(enum remote_ending ending)
{
	return ending == REMOTE_LOST || ending == REMOTE_LOST_AT_END ||
	    ending == REMOTE_SYSTEM || ending == REMOTE_BIND_ADDRESS;
}

/* Whether words of our own, said in place of a server's, belong to it. */
static bool
ends_by_reason(enum remote_ending ending)
{
	return ending == REMOTE_TLS_FAILED || ending == REMOTE_REQUIRETLS ||
	    ending == REMOTE_REQUIRETLS_LATER || ending == REMOTE_UNSIGNED;
}

/* Whether it tells of all hosts, not of one that was connected to. */
static bool
is_of_hosts(enum remote_ending ending)
{
	return ending == REMOTE_NOT_CONNECTED || ending == REMOTE_LEFT_ALONE ||
	    ending == REMOTE_TOO_LONG;
}

/* Appends the text of an ending. */
static void
add_text(struct str *report, const struct remote_told *told,
    enum remote_ending ending, struct span said)
{
	if (endings[ending].mention == HOST) {
		if (told->relay.len) {
			add_clean(report, told->relay, REMOTE_NAME_MAX);
			str_add_z(report, ", the relay for ");
		}
		add_clean(report, told->host, REMOTE_NAME_MAX);
		str_add_z(report, told->relay.len ? ", " : " ");
	} else if (ending == REMOTE_ACCEPTED) {
		str_add(report, str_span(&told->peer));
		str_add_byte(report, ' ');
	} else if (endings[ending].mention == PEER) {
		add_peer(report, told);
		str_add_byte(report, ' ');
	}
	str_add_z(report, endings[ending].text);
	if (ending == REMOTE_LEFT_ALONE) {
		str_add_byte(report, ' ');
		str_add_z(report, tcpto_words(told->trouble));
	}
	if (ends_by_cause(ending)) {
		str_add_z(report, ": ");
		add_cause(report, told->cause);
	}
	if (ends_by_reason(ending)) {
		str_add_z(report, ": ");
		add_clean(report, said, said_max(told));
		said = SPAN("");
	}
	str_add_byte(report, '.');
	if (endings[ending].code) {
		str_add_z(report, " (#");
		str_add_z(report, endings[ending].code);
		str_add_byte(report, ')');
	}
	if (said.len && ending == REMOTE_ACCEPTED) {
		str_add_z(report, "\n" DIAGNOSIS_REPLY);
		add_clean(report, said, said_max(told));
	} else if (said.len) {
		str_add_byte(report, '\n');
		add_reply(report, told, said);
	}
	end_line(report);
	if (is_of_hosts(ending))
		str_add(report, str_span(&told->tried));
}

static enum remote_letter
letter_of_recipient(char letter)
{
	return letter == 'K' ? REMOTE_TAKEN
	    : letter == 'Z'  ? REMOTE_LATER
			     : REMOTE_NEVER;
}

/* Gives the result of a transaction to those whom it was for.  The texts come
 * later: they need memory. */
static void
settle(struct remote_told *told, char letter)
{
	if (letter == 'K')
		told->is_accepted = true;
	for (size_t i = 0; i < told->recipients.len; i++) {
		struct remote_report *report = &told->recipients.at[i];

		if (report->letter != REMOTE_TAKEN || report->is_settled)
			continue;
		report->letter = letter_of_recipient(letter);
		report->is_settled = true;
	}
}

/* Gives those who are settled and have no text yet this one. */
static void
explain(struct remote_told *told, struct span text)
{
	for (size_t i = 0; i < told->recipients.len; i++) {
		struct remote_report *report = &told->recipients.at[i];

		if (report->is_settled && report->text.len == 0)
			str_set(&report->text, text);
	}
}

void
remote_settle(struct remote_told *told, struct span said)
{
	struct str text = STR_INIT;

	settle(told, 'K');
	add_text(&text, told, REMOTE_ACCEPTED, said);
	explain(told, str_span(&text));
	if (told->accepted.len == 0)
		str_set(&told->accepted, str_span(&text));
	str_free(&text);
}

void
remote_settle_recipient(struct remote_told *told, size_t index,
    enum remote_ending ending, struct span said)
{
	struct remote_report *report = &told->recipients.at[index];

	report->letter = letter_of_recipient(endings[ending].letter);
	report->is_settled = true;
	if (ending == REMOTE_ACCEPTED)
		told->is_accepted = true;
	str_reset(&report->text);
	add_text(&report->text, told, ending, said);
	if (ending == REMOTE_ACCEPTED && told->accepted.len == 0)
		str_set(&told->accepted, str_span(&report->text));
}

/* ---- the reports, written without memory ---- */

static void
add_piece(struct out *out, char letter, struct span text)
{
	/* A failure shows at the end. */
	(void)out_add(out, span_make(&letter, 1));
	(void)out_add(out, text);
	(void)out_add(out, span_make("", 1));
}

/* The report on a recipient.  Where memory was out before one could be made,
 * only what is sure is told: else he is tried again. */
static void
add_recipient(struct out *out, const struct remote_told *told,
    const struct remote_report *report)
{
	bool is_sure = report->letter == REMOTE_TAKEN
	    ? report->is_settled || !told->is_accepted
	    : report->text.len > 0;

	if (is_sure)
		add_piece(out, (char)report->letter, str_span(&report->text));
	else
		add_piece(out, REMOTE_LATER, SPAN(MEMORY_SAID));
}

static void
add_hop(
    struct out *out, const struct remote_told *told, enum remote_ending ending)
{
	char hop = is_untried(ending) ? DELIVERY_HOP_UNTRIED : (char)told->hop;

	add_piece(out, 'n',
	    span_make(&hop, hop != (char)DELIVERY_HOP_UNTOLD ? 1 : 0));
	if (told->is_passed_on)
		add_piece(out, 'p', SPAN(""));
}

/* Recipients of whom nothing is known come last. */
NORETURN static void
write_and_exit(const struct remote_told *told, enum remote_ending ending,
    char letter, struct span text)
{
	char buffer[WRITE_BUFFER];
	struct out out;

	out_init(&out, 1, buffer, sizeof(buffer));
	for (size_t i = 0; i < told->recipients.len; i++) {
		if (told->recipients.at[i].letter == REMOTE_UNTOLD)
			break;
		add_recipient(&out, told, &told->recipients.at[i]);
	}
	add_piece(&out, letter, text);
	if (told->has_hop)
		add_hop(&out, told, ending);
	if (told->has_hop && told->sessions.len)
		add_piece(&out, 't', str_span(&told->sessions));
	/* Without its report qmail-rspawn tries again later. */
	if (out_flush(&out) == 0 && told->quit_fd >= 0)
		(void)!fd_write(told->quit_fd, SPAN("QUIT\r\n"));
	_exit(0);
}

void
remote_end(
    struct remote_told *told, enum remote_ending ending, struct span said)
{
	struct str text = STR_INIT;
	char letter = endings[ending].letter;
	bool is_first = !told->is_accepted;

	if (letter == 'K' || !is_first)
		settle(told, letter);
	add_text(&text, told, ending, said);
	if (!is_first) {
		explain(told, str_span(&text));
		str_set(&text, str_span(&told->accepted));
		letter = endings[REMOTE_ACCEPTED].letter;
	}
	write_and_exit(told, ending, letter, str_span(&text));
}

void
remote_end_without_memory(const struct remote_told *told)
{
	struct span accepted = told->accepted.len
	    ? str_span(&told->accepted)
	    : SPAN("The message was accepted.\n");

	if (told->is_accepted)
		write_and_exit(told, REMOTE_ACCEPTED, 'K', accepted);
	write_and_exit(told, REMOTE_MEMORY, 'Z', SPAN(MEMORY_SAID));
}
