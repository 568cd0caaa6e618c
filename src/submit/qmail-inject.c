/*
 * qmail-inject.c - completes a message and hands it to the queue.
 * Runs as   the caller, who is trusted with nothing but his own mail.
 * Reads     the message on fd 0; control files; QMAIL... variables.
 * Writes    the message to qmail-queue, which it starts; with -n to fd 1;
 *           errors to fd 2.
 * Source    qmail-inject(8), qmail-header(5), addresses(5).
 *
 * The header is held in memory, up to a limit; the body passes through.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "inject_fail.h"
#include "inject_parts.h"

#include "base/must.h"
#include "config/home.h"
#include "mail/dsn.h"
#include "mail/fromline.h"
#include "queue/inject.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/out.h"
#include "sys/signal.h"

static void
out_of_memory(void)
{
	inject_fail(FAULT_MEMORY, SPAN(""));
}

/* ---- the command line ---------------------------------------------------- */

enum recipient_choice {
	CHOOSE_ARGUMENTS, /* -a */
	CHOOSE_HEADER,	  /* -h */
	CHOOSE_BOTH,	  /* -H */
	CHOOSE_EITHER	  /* -A: the header's, if there are no arguments */
};

struct options {
	enum recipient_choice choice;
	bool only_prints; /* -n */
	bool is_lenient;  /* -l */
	const char *sender;
	struct span parameters; /* -D: asked of notifications; mail/dsn.h */
	struct span wishes;	/* -d: of each recipient */
	char **recipients;	/* ends in NULL */
};

/* Takes an option that has a value. */
static void
take_value(struct options *options, char letter, const char *value)
{
	struct dsn_envelope envelope;
	struct dsn_recipient recipient;
	bool is_fine = value != NULL;

	if (letter == 'f') {
		options->sender = value;
	} else if (letter == 'D') {
		options->parameters = span_of(value);
		is_fine = is_fine &&
		    dsn_parse_envelope(options->parameters, &envelope);
	} else {
		options->wishes = span_of(value);
		is_fine =
		    is_fine && dsn_parse_recipient(options->wishes, &recipient);
	}
	if (!is_fine)
		inject_fail(FAULT_USAGE, SPAN(""));
}

static void
take_letter(struct options *options, char letter)
{
	switch (letter) {
	case 'a':
		options->choice = CHOOSE_ARGUMENTS;
		break;
	case 'A':
		options->choice = CHOOSE_EITHER;
		break;
	case 'h':
		options->choice = CHOOSE_HEADER;
		break;
	case 'H':
		options->choice = CHOOSE_BOTH;
		break;
	case 'l':
		options->is_lenient = true;
		break;
	case 'n':
		options->only_prints = true;
		break;
	case 'N':
		options->only_prints = false;
		break;
	default:
		inject_fail(FAULT_USAGE, SPAN(""));
	}
}

/* Takes one argument of options and perhaps the next, a value; returns the
 * last. */
static char **
take_word(struct options *options, char **argv)
{
	for (const char *letter = *argv + 1; *letter; letter++) {
		if (!span_has(SPAN("Ddf"), *letter)) {
			take_letter(options, *letter);
			continue;
		}
		take_value(options, *letter, letter[1] ? letter + 1 : *++argv);
		break;
	}
	return argv;
}

static void
read_arguments(struct options *options, char **argv)
{
	if (*argv)
		argv++;
	for (; *argv && argv[0][0] == '-' && argv[0][1]; argv++) {
		if (strcmp(*argv, "--") == 0) {
			argv++;
			break;
		}
		argv = take_word(options, argv);
	}
	options->recipients = argv;
	if (options->choice == CHOOSE_EITHER)
		options->choice = *argv ? CHOOSE_ARGUMENTS : CHOOSE_HEADER;
}

/* ---- the envelope -------------------------------------------------------- */

/* An argument in angle brackets: the address is what they hold. */
static struct span
without_brackets(struct span argument)
{
	if (argument.len > 2 && argument.s[0] == '<' &&
	    argument.s[argument.len - 1] == '>')
		return span_make(argument.s + 1, argument.len - 2);
	return argument;
}

/* Appends the recipients, each ending in NUL; an empty one is nobody. */
static void
choose_recipients(const struct inject_letter *letter,
    const struct options *options, struct str *recipients)
{
	bool is_resent = inject_header_is_resent(letter);

	if (options->choice != CHOOSE_HEADER)
		for (char **argv = options->recipients; *argv; argv++) {
			size_t start = recipients->len;

			inject_address_argument(&letter->hosts,
			    without_brackets(span_of(*argv)), recipients);
			if (recipients->len > start)
				str_add_byte(recipients, '\0');
		}
	if (options->choice != CHOOSE_ARGUMENTS)
		str_add(recipients, str_span(&letter->listed[is_resent]));
}

/* Whether who is to get it was to be said, and is not.  Without arguments a
 * header may name nobody, but with -l. */
static bool
is_nobody_named(const struct options *options, const struct str *recipients)
{
	return recipients->len == 0 &&
	    (options->is_lenient ||
		(options->choice != CHOOSE_HEADER && *options->recipients));
}

/* -f beats Return-Path, which beats the environment. */
static void
choose_sender(struct inject_letter *letter, const struct options *options)
{
	if (options->sender) {
		str_reset(&letter->sender);
		inject_address_argument(
		    &letter->hosts, span_of(options->sender), &letter->sender);
		return;
	}
	if (!letter->has_sender)
		inject_address_default_sender(letter);
	if (letter->wishes.verp_recipient && letter->sender.len > 0)
		str_add_z(&letter->sender, "-@[]");
}

/* ---- the message --------------------------------------------------------- */

/* Where the message goes: standard output, or the queue. */
struct target {
	struct out *out;       /* -n */
	struct inject *inject; /* else */
};

static void
write_message(const struct target *target, struct span bytes)
{
	/* A failure shows at the end, in out_flush or inject_close. */
	if (target->out)
		(void)out_add(target->out, bytes);
	else
		inject_message(target->inject, bytes);
}

static void
write_header(const struct target *target, struct inject_letter *letter)
{
	struct str top = STR_INIT;

	if (target->out)
		fromline_add_return_path(&top, str_span(&letter->sender));
	inject_header_additions(letter, &top);
	write_message(target, str_span(&top));
	write_message(target, str_span(&letter->header));
	if (!letter->is_at_end)
		write_message(target, SPAN("\n"));
	write_message(target, str_span(&letter->body_start));
	str_free(&top);
}

/* Copies bytes of the body without the CR of line ends.  One at the end of
 * them is kept back: *last tells. */
static void
convert(const struct target *target, struct span bytes, char *last)
{
	while (bytes.len) {
		size_t cr = span_find(bytes, '\r');

		if (*last == '\r' && bytes.s[0] != '\n')
			write_message(target, SPAN("\r"));
		*last = cr < bytes.len ? '\r' : bytes.s[bytes.len - 1];
		write_message(target, span_upto(bytes, cr));
		bytes = span_from(bytes, cr + 1);
	}
}

/* Copies the body; its last line gets a newline if it has none.  Returns
 * whether all could be read. */
static bool
copy_body(const struct target *target, struct in *in, bool has_crlf)
{
	struct span bytes;
	char last = '\n';
	int got;

	while ((got = in_peek(in, &bytes)) > 0) {
		if (has_crlf) {
			convert(target, bytes, &last);
		} else {
			write_message(target, bytes);
			last = bytes.s[bytes.len - 1];
		}
		in_consume(in, bytes.len);
	}
	if (got == 0 && last != '\n')
		write_message(target, SPAN("\n"));
	return got == 0;
}

static void
print(struct inject_letter *letter, struct in *in)
{
	char buffer[INJECT_READ_SIZE];
	struct out out;
	struct target target = { .out = &out };

	out_init(&out, 1, buffer, sizeof(buffer));
	write_header(&target, letter);
	if (!copy_body(&target, in, letter->has_crlf))
		inject_fail(FAULT_READ, SPAN(""));
	if (out_flush(&out) < 0)
		inject_fail(FAULT_WRITE, SPAN(""));
}

static void
queue(struct inject_letter *letter, const struct options *options,
    struct in *in, struct span recipients)
{
	static struct inject inject; /* large */
	struct target target = { .inject = &inject };
	struct verdict verdict;
	struct span recipient;

	/* What has come a way is passed on, by whoever that is. */
	if (inject_open(&inject, home_dir,
		letter->is_seen[HEADER_RECEIVED]
		    ? INJECT_FILTERED
		    : INJECT_FILTERED | INJECT_SUBMITTED) < 0)
		inject_fail(FAULT_START, SPAN(""));
	write_header(&target, letter);
	if (!copy_body(&target, in, letter->has_crlf)) {
		inject_break(&inject);
		(void)inject_close(&inject); /* it cannot have accepted */
		inject_fail(FAULT_READ, SPAN(""));
	}
	inject_sender(&inject, str_span(&letter->sender));
	inject_sender_parameters(&inject, options->parameters);
	while (span_cut_next(&recipients, '\0', &recipient)) {
		inject_recipient_parameters(&inject, options->wishes);
		inject_recipient(&inject, recipient);
	}
	verdict = inject_close(&inject);
	if (verdict.letter != VERDICT_ACCEPTED)
		inject_refused(&verdict);
}

int
main(int argc, char **argv)
{
	struct options options = { .choice = CHOOSE_EITHER };
	struct inject_letter letter = { .has_sender = false };
	struct str recipients = STR_INIT;
	char buffer[INJECT_READ_SIZE];
	struct in in;

	(void)argc;
	must_hooks(INJECT_TEMPORARY, out_of_memory);
	signal_ignore(SIGPIPE);
	letter.now = clock_microseconds();
	read_arguments(&options, argv);
	letter.takes_listed = options.choice != CHOOSE_ARGUMENTS;
	letter.is_lenient = options.is_lenient;
	inject_config_read(&letter);
	in_init(&in, 0, buffer, sizeof(buffer));
	inject_header_read(&letter, &in);
	choose_sender(&letter, &options);
	choose_recipients(&letter, &options, &recipients);
	if (is_nobody_named(&options, &recipients))
		inject_fail(FAULT_NO_RECIPIENT, SPAN(""));
	if (options.only_prints)
		print(&letter, &in);
	else
		queue(&letter, &options, &in, str_span(&recipients));
	return 0;
}
