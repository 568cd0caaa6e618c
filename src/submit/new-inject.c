/*
 * new-inject.c - completes a message and hands it to qmail-queue.
 * Runs as   its caller.
 * Reads     a message on fd 0, NOT trusted to be one; arguments, environment
 *           and control files.
 * Writes    the message to a new qmail-queue; or to fd 1, with -n.
 * Source    new-inject(1).
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/wordset.h"
#include "config/control.h"
#include "config/home.h"
#include "new_inject.h"
#include "queue/headerin.h"
#include "queue/inject.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/signal.h"

#define PERMANENT_EXIT 100
#define TEMPORARY_EXIT 111
#define HEADER_MAX     (64u << 20) /* bytes */
#define BUFFER_SIZE    65536
#define LETTERS	       "nNaAhHFIMRS"

/* Where the message goes: to qmail-queue, or to descriptor 1. */
struct target {
	bool prints;
	struct inject inject;
	struct out out;
	char buffer[BUFFER_SIZE];
};

NORETURN static void
fail(const char *what, int exit_code)
{
	fprintf(stderr, "new-inject: fatal: %s\n", what);
	_exit(exit_code);
}

static void
out_of_memory(void)
{
	fail("out of memory (#4.3.0)", TEMPORARY_EXIT);
}

NORETURN static void
fail_reading(void)
{
	fail(errno == EMSGSIZE ? "the header is too large (#5.3.4)"
			       : "the message cannot be read (#4.3.0)",
	    errno == EMSGSIZE ? PERMANENT_EXIT : TEMPORARY_EXIT);
}

/* ---- options ---- */

/* Returns false for a letter that is none. */
static bool
take_letter(struct new_options *options, char letter)
{
	switch (letter) {
	case 'n':
	case 'N':
		options->prints = letter == 'n';
		return true;
	case 'a':
	case 'A':
	case 'h':
	case 'H':
		options->recipients = letter;
		return true;
	case 'F':
		options->drops_from = true;
		return true;
	case 'I':
		options->drops_id = true;
		return true;
	case 'M':
		options->marks_message = true;
		return true;
	case 'R':
		options->marks_recipient = true;
		return true;
	case 'S':
		options->ignores_return_path = true;
		return true;
	default:
		return false;
	}
}

static void
take_options(struct new_options *options, int argc, char **argv)
{
	const char *letters = getenv("QMAILINJECT");
	int option;

	for (; letters && *letters; letters++)
		(void)take_letter(options, *letters); /* others are new */
	while ((option = getopt(argc, argv, "+" LETTERS "f:")) != -1)
		if (option == 'f')
			options->sender = optarg;
		else if (!take_letter(options, (char)option))
			fail("usage: new-inject [-" LETTERS
			     "] [-fsender] [recipients] (#5.3.0)",
			    PERMANENT_EXIT);
}

/* ---- Mail-Followup-To ---- */

/* Whether To or Cc has an address that $QMAILMFTFILE lists. */
static bool
is_on_a_list(const struct new_envelope *envelope, const struct wordset *lists)
{
	const struct mailboxes *both[] = { &envelope->to, &envelope->cc };
	struct str address = STR_INIT;
	bool found = false;

	for (int i = 0; i < 2; i++)
		for (size_t j = 0; j < both[i]->all.len && !found; j++) {
			str_reset(&address);
			mailboxes_add_address(&address, &both[i]->all.at[j]);
			found = wordset_find(lists, str_span(&address), NULL);
		}
	str_free(&address);
	return found;
}

static void
add_followup(struct tidyhead *head, const struct new_envelope *envelope,
    const char *file)
{
	const struct mailboxes *both[] = { &envelope->to, &envelope->cc };
	struct wordset lists = WORDSET_INIT;

	if (!file || tidyhead_has(head, HEADER_MAIL_FOLLOWUP_TO))
		return;
	if (control_read_set(file, '\0', &lists) < 0)
		fail("$QMAILMFTFILE cannot be read (#4.3.0)", TEMPORARY_EXIT);
	if (is_on_a_list(envelope, &lists))
		for (int i = 0; i < 2; i++)
			for (size_t j = 0; j < both[i]->all.len; j++) {
				const struct mailbox *at = &both[i]->all.at[j];
				struct mailbox bare = MAILBOX_INIT;

				bare.local_part = at->local_part;
				bare.host = at->host;
				tidyhead_add(
				    head, HEADER_MAIL_FOLLOWUP_TO, &bare);
			}
	wordset_free(&lists);
}

/* ---- the message ---- */

/* Reads the header, and takes from it what the envelope needs. */
static void
read_header(struct in *in, struct tidyhead *head, struct new_envelope *envelope,
    struct str *line)
{
	struct str header = STR_INIT;
	struct span rest, field;

	if (headerin_read(in, HEADER_MAX, &header, line) < 0)
		fail_reading();
	rest = str_span(&header);
	while (headerin_next(&rest, &field))
		if (!new_envelope_field(envelope, field))
			tidyhead_field(head, str_span(&envelope->names->rules),
			    field, NULL);
	if (head->has_too_many || envelope->has_too_long)
		fail("an address has too many words (#5.3.4)", PERMANENT_EXIT);
	str_free(&header);
}

static void
add_from(struct tidyhead *head, const struct new_envelope *envelope)
{
	struct mailbox from = MAILBOX_INIT;

	if (tidyhead_has(head, HEADER_FROM))
		return;
	new_envelope_from(envelope, &from);
	tidyhead_add(head, HEADER_FROM, &from);
	mailboxes_free_one(&from);
}

static void
put(struct target *target, struct span bytes)
{
	if (target->prints)
		(void)out_add(&target->out, bytes); /* the end tells */
	else
		inject_message(&target->inject, bytes);
}

/* The rest of the message; its last line gets its end. */
static void
put_body(struct target *target, struct in *in, const struct str *line)
{
	struct span bytes = str_span(line);
	char last = '\n';
	int got;

	if (line->len > 1)
		put(target, SPAN("\n"));
	put(target, bytes);
	while ((got = in_peek(in, &bytes)) > 0) {
		put(target, bytes);
		last = bytes.s[bytes.len - 1];
		in_consume(in, bytes.len);
	}
	if (got < 0)
		fail_reading(); /* qmail-queue gets no envelope */
	if (last != '\n')
		put(target, SPAN("\n"));
}

/* ---- the end ---- */

static void
print_envelope(
    struct target *target, struct span sender, struct span recipients)
{
	struct span recipient;

	put(target, SPAN("Envelope-Sender: <"));
	put(target, sender);
	put(target, SPAN(">\nEnvelope-Recipients:\n"));
	while (span_cut_next(&recipients, '\0', &recipient)) {
		put(target, SPAN("  "));
		put(target, recipient);
		put(target, SPAN(",\n"));
	}
}

static void
finish(struct target *target, struct span sender, struct span recipients)
{
	struct verdict verdict;
	struct span recipient;

	if (target->prints) {
		if (out_flush(&target->out) < 0)
			fail("cannot write (#4.3.0)", TEMPORARY_EXIT);
		return;
	}
	inject_sender(&target->inject, sender);
	while (span_cut_next(&recipients, '\0', &recipient))
		inject_recipient(&target->inject, recipient);
	verdict = inject_close(&target->inject);
	if (verdict.letter == VERDICT_ACCEPTED)
		return;
	fprintf(stderr, "new-inject: fatal: %.*s (#%s)\n",
	    (int)verdict.text.len, verdict.text.s, verdict.status);
	_exit(verdict.letter == VERDICT_PERMANENT ? PERMANENT_EXIT
						  : TEMPORARY_EXIT);
}

static void
start(struct target *target, bool prints, bool is_passed_on)
{
	target->prints = prints;
	if (prints)
		out_init(
		    &target->out, 1, target->buffer, sizeof(target->buffer));
	else if (inject_open(&target->inject, home_dir,
		     is_passed_on ? INJECT_FILTERED
				  : INJECT_FILTERED | INJECT_SUBMITTED) < 0)
		fail(
		    "the queue program cannot be run (#4.3.0)", TEMPORARY_EXIT);
}

/* The file that a variable names, as seen from the present working folder;
 * NULL if it is not set. */
static const char *
name_file(const char *variable, struct str *path)
{
	const char *value = getenv(variable);
	char folder[PATH_MAX];

	if (!value)
		return NULL;
	if (value[0] != '/' && getcwd(folder, sizeof(folder))) {
		str_add_z(path, folder);
		str_add_byte(path, '/');
	}
	str_add_z(path, value);
	return str_z(path);
}

static void
read_names(struct hostnames *names, const char *rules_file)
{
	int found;

	if (chdir(home_dir) < 0)
		fail("the home of the suite cannot be entered (#4.3.0)",
		    TEMPORARY_EXIT);
	found = hostnames_read(names, rules_file);
	if (found < 0)
		fail("control files cannot be read (#4.3.0)", TEMPORARY_EXIT);
	if (found == 0)
		fail("there is no control/me (#4.3.0)", TEMPORARY_EXIT);
}

int
main(int argc, char **argv)
{
	static struct target target;
	static char buffer[BUFFER_SIZE];
	struct new_options options = { .recipients = 'A' };
	struct hostnames names = HOSTNAMES_INIT;
	struct new_envelope envelope = { .options = &options, .names = &names };
	struct str line = STR_INIT, text = STR_INIT;
	struct str sender = STR_INIT, recipients = STR_INIT;
	struct str rules_path = STR_INIT, lists_path = STR_INIT;
	const char *rules, *lists;
	struct tidyhead head;
	struct in in;

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	signal_ignore(SIGPIPE);
	take_options(&options, argc, argv);
	in_init(&in, 0, buffer, sizeof(buffer));
	tidyhead_begin(&head, SIZE_MAX); /* its sender pays */
	rules = name_file("QMAILREWRITEFILE", &rules_path);
	lists = name_file("QMAILMFTFILE", &lists_path);
	read_names(&names, rules);
	read_header(&in, &head, &envelope, &line);
	add_from(&head, &envelope);
	add_followup(&head, &envelope, lists);
	new_envelope_sender(&envelope, &sender);
	if (!new_envelope_recipients(&envelope, argv + optind, &recipients))
		fail("a comment in the header has no end, and addresses in it "
		     "(#5.1.3)",
		    PERMANENT_EXIT);
	if (!recipients.len && argv[optind] && options.recipients != 'h')
		fail("nobody is named as recipient (#5.1.3)", PERMANENT_EXIT);
	tidyhead_write(&head, &text, clock_seconds(), str_span(&names.id_host),
	    (uint64_t)getpid());
	start(&target, options.prints, envelope.is_passed_on);
	if (options.prints)
		print_envelope(
		    &target, str_span(&sender), str_span(&recipients));
	put(&target, str_span(&text));
	put_body(&target, &in, &line);
	finish(&target, str_span(&sender), str_span(&recipients));
	new_envelope_free(&envelope);
	hostnames_free(&names);
	tidyhead_free(&head);
	str_free(&line);
	str_free(&text);
	str_free(&sender);
	str_free(&recipients);
	str_free(&rules_path);
	str_free(&lists_path);
	return 0;
}
