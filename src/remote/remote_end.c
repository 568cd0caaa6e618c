/*
 * remote_end.c - how a delivery ends, and what is told of it.
 * Input: hostile; what servers say goes into logs and bounces.
 */
#include "remote_end.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "mail/diagnosis.h"
#include "sys/fd.h"

#define MEMORY_TEXT "out of memory"
#define MEMORY_CODE "4.3.0"

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
	[REMOTE_CONTROL] = { 'Z', NOBODY, "cannot read the control files",
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
};

/* Whether the system did not allow us to do it: no try of the destination. */
static bool
is_untried(enum remote_ending ending)
{
	return ending == REMOTE_HOME || ending == REMOTE_CONTROL ||
	    ending == REMOTE_MEMORY || ending == REMOTE_SYSTEM ||
	    ending == REMOTE_READ;
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

void
remote_add_recipient(struct remote_told *told)
{
	struct remote_report none = { REMOTE_UNTOLD, STR_INIT };

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
	str_add(text, str_span(&told->peer));
	if (said.len) {
		str_add_z(text, " refused the recipient.\n" DIAGNOSIS_REPLY);
		add_clean(text, said, said_max(told));
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
		str_add(text, str_span(&told->peer));
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

/* Appends the text of an ending. */
static void
add_text(struct str *report, const struct remote_told *told,
    enum remote_ending ending, struct span said)
{
	if (endings[ending].mention == HOST) {
		add_clean(report, told->host, REMOTE_NAME_MAX);
		str_add_byte(report, ' ');
	} else if (endings[ending].mention == PEER) {
		str_add(report, str_span(&told->peer));
		str_add_byte(report, ' ');
	}
	str_add_z(report, endings[ending].text);
	if (ending == REMOTE_LEFT_ALONE) {
		str_add_byte(report, ' ');
		str_add_z(report, tcpto_words(told->trouble));
	}
	str_add_byte(report, '.');
	if (endings[ending].code) {
		str_add_z(report, " (#");
		str_add_z(report, endings[ending].code);
		str_add_byte(report, ')');
	}
	if (said.len) {
		str_add_z(report, "\n" DIAGNOSIS_REPLY);
		add_clean(report, said, said_max(told));
	}
	end_line(report);
}

static enum remote_letter
letter_of_recipient(char letter)
{
	return letter == 'K' ? REMOTE_TAKEN
	    : letter == 'Z'  ? REMOTE_LATER
			     : REMOTE_NEVER;
}

/* Gives the result of a transaction to those whom it was for. */
static void
settle(struct remote_told *told, char letter, struct span text)
{
	for (size_t i = 0; i < told->recipients.len; i++) {
		struct remote_report *report = &told->recipients.at[i];

		if (report->letter != REMOTE_TAKEN || report->text.len)
			continue;
		report->letter = letter_of_recipient(letter);
		str_set(&report->text, text);
	}
}

void
remote_settle(struct remote_told *told, struct span said)
{
	struct str text = STR_INIT;

	add_text(&text, told, REMOTE_ACCEPTED, said);
	settle(told, 'K', str_span(&text));
	if (told->accepted.len == 0)
		str_set(&told->accepted, str_span(&text));
	str_free(&text);
}

void
remote_settle_recipient(struct remote_told *told, size_t index,
    enum remote_ending ending, struct span said)
{
	struct remote_report *report = &told->recipients.at[index];

	str_reset(&report->text);
	add_text(&report->text, told, ending, said);
	report->letter = letter_of_recipient(endings[ending].letter);
	if (ending == REMOTE_ACCEPTED && told->accepted.len == 0)
		str_set(&told->accepted, str_span(&report->text));
}

/* Recipients of whom nothing is known come last. */
static void
add_recipients(struct str *output, const struct remote_told *told)
{
	for (size_t i = 0; i < told->recipients.len; i++) {
		const struct remote_report *report = &told->recipients.at[i];

		if (report->letter == REMOTE_UNTOLD)
			break;
		str_add_byte(output, (char)report->letter);
		str_add_field(output, str_span(&report->text));
	}
}

static void
add_hop(struct str *output, const struct remote_told *told,
    enum remote_ending ending)
{
	enum delivery_hop hop =
	    is_untried(ending) ? DELIVERY_HOP_UNTRIED : told->hop;

	str_add_byte(output, 'n');
	if (hop != DELIVERY_HOP_UNTOLD)
		str_add_byte(output, (char)hop);
	str_add_byte(output, '\0');
	if (told->is_passed_on)
		str_add_field(output, SPAN("p"));
}

void
remote_end(
    struct remote_told *told, enum remote_ending ending, struct span said)
{
	struct str text = STR_INIT, output = STR_INIT;
	char letter = endings[ending].letter;

	add_text(&text, told, ending, said);
	if (told->accepted.len) {
		settle(told, letter, str_span(&text));
		str_set(&text, str_span(&told->accepted));
		letter = endings[REMOTE_ACCEPTED].letter;
	}
	add_recipients(&output, told);
	str_add_byte(&output, letter);
	str_add_field(&output, str_span(&text));
	if (told->has_hop)
		add_hop(&output, told, ending);
	/* Without its report qmail-rspawn tries again later. */
	if (fd_write_all(1, str_span(&output)) == 0 && told->quit_fd >= 0)
		(void)!fd_write(told->quit_fd, SPAN("QUIT\r\n"));
	_exit(0);
}

void
remote_end_without_memory(void)
{
	(void)!fd_write_all(1,
	    getenv("NEXTHOPREPORT")
		? SPAN("Z" MEMORY_TEXT ". (#" MEMORY_CODE ")\n\0nu\0")
		: SPAN("Z" MEMORY_TEXT ". (#" MEMORY_CODE ")\n\0"));
	_exit(0);
}
