/*
 * qmail-authfilter.c - in the place of qmail-queue, for mail from outside: has a
 * message checked (SPF, DKIM, DMARC), writes what was found on top of it, and refuses
 * it if control/authpolicy says so.
 * Runs as   the caller: qmaild.
 * Reads     message and envelope on descriptors 0 and 1, hostile; TCPREMOTEIP,
 *           SMTPHELO, RELAYCLIENT; control/authpolicy, authservid, me; what
 *           qmail-verifyd found.
 * Writes    a file in HOME/spool that has no name; message and envelope to qmail-queue;
 *           why a message is refused, or who has queued it, on descriptor 6; what goes
 *           wrong on descriptor 2.
 * Execs     qmail-queue.
 * Source    qmail-authfilter(8), qmail-queue(8).
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "config/control.h"
#include "config/home.h"
#include "mail/authresults.h"
#include "net/verifydoor.h"
#include "queue/handover.h"
#include "queue/headerin.h"
#include "queue/inject.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/in.h"
#include "sys/signal.h"

#define NAME	   "qmail-authfilter"
#define POLICY	   "control/authpolicy"
#define HEADER_MAX (1u << 20) /* bytes: qmail-verifyd looks at as many */
#define BLOCK	   65536

/* The exit codes of qmail-queue(8). */
enum {
	CANNOT_READ = 54,
	CANNOT_WRITE = 53,
	NO_MEMORY = 51,
	NO_CONTROLS = 55,
	REFUSED = VERDICT_CUSTOM_EXIT,
	NO_ANSWER = 71,
	CRASHED = 81,
	NO_QUEUE = 120,
	BAD_ENVELOPE = 91
};

NORETURN static void
refuse(const char *words, struct span domain)
{
	struct str text = STR_INIT;

	str_add_z(&text, words);
	str_add(&text, domain);
	/* Who does not listen hears the exit code. */
	(void)!fd_write_all(INJECT_REMARK_FD, str_span(&text));
	_exit(REFUSED);
}

/* Tells the log what failed, with errno. */
NORETURN static void
fail(const char *what, int code)
{
	error_warn(NAME, what);
	_exit(code);
}

/* ---- the message ---- */

static void
spool_message(struct handover_file *spool)
{
	int result;

	if (handover_make("spool", spool) < 0)
		fail("spool", CANNOT_WRITE);
	result = handover_copy(0, spool->fd);
	if (result < 0)
		fail("the message", CANNOT_READ);
	if (result > 0)
		fail("spool", CANNOT_WRITE);
}

/* Reads up to the empty line that ends the header, and that. */
static void
read_header(struct in *in, struct str *header)
{
	bool is_at_start = true;
	struct span bytes;
	int got;

	while ((got = in_peek(in, &bytes)) > 0) {
		size_t end = span_find(bytes, '\n');
		bool is_last = is_at_start && end == 0;

		end = end < bytes.len ? end + 1 : end;
		if (header->len + end > HEADER_MAX)
			refuse("Dits header is larger than 1048576 bytes "
			       "(#5.3.4)",
			    SPAN(""));
		str_add(header, span_upto(bytes, end));
		is_at_start = bytes.s[end - 1] == '\n';
		in_consume(in, end);
		if (is_last)
			return;
	}
	if (got < 0)
		_exit(CANNOT_WRITE);
}

static void
pass_on(
    struct inject *inject, const struct handover_file *spool, struct span id)
{
	static char buffer[BLOCK];
	struct str header = STR_INIT;
	struct span rest, bytes, field;
	struct in in;
	int got;

	if (lseek(spool->fd, 0, SEEK_SET) < 0)
		_exit(CANNOT_WRITE);
	in_init(&in, spool->fd, buffer, sizeof(buffer));
	read_header(&in, &header);
	rest = str_span(&header);
	while (headerin_next(&rest, &field))
		if (!authresults_pretends(field, id))
			inject_message(inject, field);
	while ((got = in_peek(&in, &bytes)) > 0) {
		inject_message(inject, bytes);
		in_consume(&in, bytes.len);
	}
	if (got < 0)
		inject_break(inject);
	str_free(&header);
}

/* ---- the policy ---- */

/* Whether what domains wish is done.  Another word is no policy: it may have been
 * meant as either. */
static bool
is_enforced(void)
{
	struct str policy = STR_INIT;
	int found = control_read_line(POLICY, &policy);
	bool result;

	if (found < 0)
		fail(POLICY, NO_CONTROLS);
	result = span_equal(str_span(&policy), SPAN("enforce"));
	if (found > 0 && !result &&
	    !span_equal(str_span(&policy), SPAN("report"))) {
		errno = EINVAL;
		fail(POLICY " is neither report nor enforce", NO_CONTROLS);
	}
	str_free(&policy);
	return result;
}

static void
obey(struct verifydoor_answer *answer, bool is_strict)
{
	if (answer->wish == VERIFYDOOR_NOTHING || !is_strict)
		return;
	if (answer->wish == VERIFYDOOR_REJECT)
		refuse("Drefused by the DMARC policy of the author's domain "
		       "(#5.7.1) ",
		    str_span(&answer->domain));
	/* A silent server is not to open what the domain wants shut. */
	if (answer->wish == VERIFYDOOR_UNSURE)
		refuse("Zthe DNS does not tell whether it is from the author's "
		       "domain (#4.7.0) ",
		    str_span(&answer->domain));
	if (answer->wish == VERIFYDOOR_NO_FROM)
		refuse("Dit has no field From (#5.7.1)", SPAN(""));
	if (answer->wish == VERIFYDOOR_SEVERAL_FROM)
		refuse("Dit has several fields From (#5.7.1)", SPAN(""));
	if (answer->wish == VERIFYDOOR_NO_AUTHOR)
		refuse("Dits field From is no address, or has several domains, "
		       "or may be read in several ways (#5.7.1)",
		    SPAN(""));
	if (answer->wish == VERIFYDOOR_NO_HEADER)
		refuse("Da line of its header is no field, or has a CR that "
		       "ends no line, or there are too many (#5.6.0)",
		    SPAN(""));
	if (answer->wish == VERIFYDOOR_QUARANTINE) {
		str_add_z(&answer->fields, "X-Quarantine: DMARC policy of ");
		authresults_add_value(
		    &answer->fields, str_span(&answer->domain));
		str_add_byte(&answer->fields, '\n');
	}
}

/* ---- all of it ---- */

static struct span
setting(const char *name)
{
	const char *value = getenv(name);

	return span_of(value ? value : "");
}

/* Own clients, who may send as whom is known of: nothing to be checked. */
static void
leave_own_mail_alone(void)
{
	struct str path = STR_INIT;
	char *argv[] = { NULL, NULL };

	if (!getenv("RELAYCLIENT"))
		return;
	if (unsetenv("QMAILQUEUE") < 0)
		_exit(NO_CONTROLS);
	(void)inject_program(home_dir, INJECT_FILTERED, &path);
	(void)str_z(&path);
	argv[0] = path.s;
	(void)execv(path.s, argv);
	_exit(NO_QUEUE);
}

int
main(void)
{
	struct verifydoor_answer answer = VERIFYDOOR_ANSWER_INIT;
	struct handover_envelope envelope = HANDOVER_ENVELOPE_INIT;
	struct verifydoor_question question;
	struct str id = STR_INIT;
	struct inject inject;
	struct handover_file spool;
	struct verdict verdict;
	bool is_strict;

	must_hooks(NO_MEMORY, NULL);
	signal_ignore(SIGPIPE);
	leave_own_mail_alone();
	if (chdir(home_dir) < 0 || unsetenv("QMAILQUEUE") < 0)
		fail(home_dir, NO_CONTROLS);
	if (control_read_line_or_me("control/authservid", &id, "localhost") < 0)
		fail("control/authservid", NO_CONTROLS);
	is_strict = is_enforced();
	spool_message(&spool);
	if (handover_read(1, &envelope) < 0)
		_exit(errno == EPROTO ? CANNOT_READ : BAD_ENVELOPE);
	question.ip = setting("TCPREMOTEIP");
	question.helo = setting("SMTPHELO");
	question.sender = str_span(&envelope.sender);
	if (verifydoor_ask(home_dir, &question, spool.reader, &answer) < 0)
		fail("qmail-verifyd does not answer", NO_ANSWER);
	obey(&answer, is_strict);
	handover_begin();
	if (inject_open(&inject, home_dir, INJECT_FILTERED) < 0)
		fail("qmail-queue", NO_QUEUE);
	inject_message(&inject, str_span(&answer.fields));
	pass_on(&inject, &spool, str_span(&id));
	handover_add(&inject, &envelope);
	verdict = handover_end(&inject);
	if (verdict.is_custom)
		refuse(verdict.letter == VERDICT_PERMANENT ? "D" : "Z",
		    verdict.text);
	return verdict.exit_code < 0 ? CRASHED : verdict.exit_code;
}
