/*
 * qmail-authfilter.c - in the place of qmail-queue, for mail from outside: has a
 * message checked (SPF, DKIM, DMARC), writes what was found on top of it, and refuses
 * it if control/authpolicy says so.
 * Runs as   the caller: qmaild.
 * Reads     message and envelope on descriptors 0 and 1, hostile; TCPREMOTEIP,
 *           SMTPHELO, RELAYCLIENT; control/authpolicy, authservid, me; what
 *           qmail-verifyd found.
 * Writes    a file in HOME/spool that has no name; message and envelope to qmail-queue;
 *           why a message is refused on descriptor 6.
 * Execs     qmail-queue.
 * Source    qmail-authfilter(8), qmail-queue(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "config/control.h"
#include "config/home.h"
#include "mail/authresults.h"
#include "mail/header.h"
#include "net/verifydoor.h"
#include "queue/envelope.h"
#include "queue/headerin.h"
#include "queue/inject.h"
#include "sys/fd.h"
#include "sys/in.h"
#include "sys/random.h"
#include "sys/signal.h"

#define HEADER_MAX (1u << 20) /* bytes: qmail-verifyd looks at as many */
#define BLOCK	   65536
#define REMARK_FD  6

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

/* The message, twice: where it is written, and for who only reads it. */
struct spool {
	int fd, reader;
};

NORETURN static void
refuse(const char *words, struct span domain)
{
	struct str text = STR_INIT;

	str_add_z(&text, words);
	str_add(&text, domain);
	/* Who does not listen hears the exit code. */
	(void)!fd_write_all(REMARK_FD, str_span(&text));
	_exit(REFUSED);
}

/* ---- the message ---- */

static bool
open_spool(struct spool *spool)
{
	struct str name = STR_INIT;

	str_add_z(&name, "spool/");
	str_add_u64(&name, random_u64());
	spool->fd =
	    open(str_z(&name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	spool->reader =
	    spool->fd < 0 ? -1 : open(str_z(&name), O_RDONLY | O_CLOEXEC);
	if (spool->fd >= 0 && unlink(str_z(&name)) < 0)
		spool->reader = -1;
	str_free(&name);
	return spool->reader >= 0;
}

static void
spool_message(struct spool *spool)
{
	static char block[BLOCK];
	ssize_t got;

	if (!open_spool(spool))
		_exit(CANNOT_WRITE);
	while ((got = fd_read(0, block, sizeof(block))) > 0)
		if (fd_write_all(spool->fd, span_make(block, (size_t)got)) < 0)
			_exit(CANNOT_WRITE);
	if (got < 0)
		_exit(CANNOT_READ);
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

/* Whether a field pretends to be ours. */
static bool
is_forged(struct span field, struct span id)
{
	size_t colon;
	struct span name = header_name(field, &colon);

	return span_equal_nocase(name, SPAN(AUTHRESULTS_NAME)) &&
	    authresults_is_from(span_from(field, colon + 1), id);
}

static void
pass_on(struct inject *inject, const struct spool *spool, struct span id)
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
		if (!is_forged(field, id))
			inject_message(inject, field);
	while ((got = in_peek(&in, &bytes)) > 0) {
		inject_message(inject, bytes);
		in_consume(&in, bytes.len);
	}
	if (got < 0)
		inject_break(inject);
	str_free(&header);
}

/* ---- the envelope ---- */

struct envelope {
	struct str sender, parameters;
	struct str records; /* R and T, with letters, each ended by NUL */
};

static void
read_envelope(struct envelope *envelope)
{
	static char buffer[BLOCK];
	struct str value = STR_INIT;
	char letter = ENVELOPE_END;
	struct in in;

	in_init(&in, 1, buffer, sizeof(buffer));
	for (;;) {
		if (envelope_next_in_order(&in, &letter, &value) < 0)
			_exit(errno == EPROTO ? CANNOT_READ : BAD_ENVELOPE);
		if (letter == ENVELOPE_END)
			break;
		if (letter == ENVELOPE_SENDER) {
			str_set(&envelope->sender, str_span(&value));
		} else if (letter == ENVELOPE_PARAMETERS) {
			str_set(&envelope->parameters, str_span(&value));
		} else {
			str_add_byte(&envelope->records, letter);
			str_add_field(&envelope->records, str_span(&value));
		}
	}
	str_free(&value);
}

static void
pass_envelope_on(struct inject *inject, const struct envelope *envelope)
{
	struct span rest = str_span(&envelope->records), record;

	inject_sender(inject, str_span(&envelope->sender));
	inject_sender_parameters(inject, str_span(&envelope->parameters));
	while (span_cut_next(&rest, '\0', &record))
		if (record.s[0] == ENVELOPE_RECIPIENT)
			inject_recipient(inject, span_from(record, 1));
		else
			inject_recipient_parameters(
			    inject, span_from(record, 1));
}

/* ---- the policy ---- */

/* Whether what domains wish is done: control/authpolicy. */
static bool
is_enforced(void)
{
	struct str policy = STR_INIT;
	bool result;

	if (control_read_line("control/authpolicy", &policy) < 0)
		_exit(NO_CONTROLS);
	result = span_equal(str_span(&policy), SPAN("enforce"));
	if (!result && policy.len &&
	    !span_equal(str_span(&policy), SPAN("report")))
		_exit(NO_CONTROLS);
	str_free(&policy);
	return result;
}

static void
obey(struct verifydoor_answer *answer)
{
	if (answer->wish == VERIFYDOOR_NOTHING || !is_enforced())
		return;
	if (answer->wish == VERIFYDOOR_REJECT)
		refuse("Drefused by the DMARC policy of the author's domain "
		       "(#5.7.1) ",
		    str_span(&answer->domain));
	if (answer->wish == VERIFYDOOR_NO_AUTHOR)
		refuse("Dit has no field From, or several, or authors of "
		       "several domains (#5.7.1)",
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
	str_add_z(&path, home_dir);
	str_add_z(&path, "/bin/qmail-queue");
	(void)str_z(&path);
	argv[0] = path.s;
	(void)execv(path.s, argv);
	_exit(NO_QUEUE);
}

int
main(void)
{
	struct verifydoor_answer answer = VERIFYDOOR_ANSWER_INIT;
	struct envelope envelope = { STR_INIT, STR_INIT, STR_INIT };
	struct verifydoor_question question;
	struct str id = STR_INIT;
	struct inject inject;
	struct spool spool;
	struct verdict verdict;

	must_hooks(NO_MEMORY, NULL);
	signal_ignore(SIGPIPE);
	leave_own_mail_alone();
	if (chdir(home_dir) < 0 || unsetenv("QMAILQUEUE") < 0 ||
	    control_read_line_or_me("control/authservid", &id, "localhost") < 0)
		_exit(NO_CONTROLS);
	spool_message(&spool);
	read_envelope(&envelope);
	question.ip = setting("TCPREMOTEIP");
	question.helo = setting("SMTPHELO");
	question.sender = str_span(&envelope.sender);
	if (verifydoor_ask(home_dir, &question, spool.reader, &answer) < 0)
		_exit(NO_ANSWER);
	obey(&answer);
	if (inject_open(&inject, home_dir) < 0)
		_exit(NO_QUEUE);
	inject_message(&inject, str_span(&answer.fields));
	pass_on(&inject, &spool, str_span(&id));
	pass_envelope_on(&inject, &envelope);
	verdict = inject_close(&inject);
	return verdict.exit_code < 0 ? CRASHED : verdict.exit_code;
}
