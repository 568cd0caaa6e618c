/*
 * fastforward.c - passes a message on as a forwarding database says.
 * Runs as   the recipient, from a .qmail file; alias for /etc/aliases.
 * Reads     the database, trusted, and the binary lists that it names; the
 *           message on fd 0, hostile; RECIPIENT, or with -d DEFAULT or EXT, and
 *           HOST, all hostile; SENDER, DTLINE; DSNENVELOPE, DSNRECIPIENTS.
 * Execs     commands of the database, by /bin/sh.
 * Writes    the message, with a Delivered-To line on top, to qmail-queue.
 * Source    fastforward(1), qmail-command(8).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/home.h"
#include "fastforward.h"
#include "filter.h"
#include "mail/bounce.h"

struct options {
	bool is_dry, is_patient; /* -n, -p */
	bool takes_default;	 /* -d */
};

/* Returns what follows the options. */
static char **
take_options(char **argv, struct options *options)
{
	for (argv++; *argv && argv[0][0] == '-' && argv[0][1]; argv++) {
		if (strcmp(*argv, "--") == 0)
			return argv + 1;
		for (const char *letter = *argv + 1; *letter; letter++) {
			switch (*letter) {
			case 'n':
			case 'N':
				options->is_dry = *letter == 'n';
				break;
			case 'p':
			case 'P':
				options->is_patient = *letter == 'p';
				break;
			case 'd':
			case 'D':
				options->takes_default = *letter == 'd';
				break;
			default:
				return NULL;
			}
		}
	}
	return argv;
}

static void
read_address(const struct options *options, struct str *address)
{
	const char *local_part = getenv("DEFAULT");

	if (!options->takes_default) {
		str_add_z(address, filter_setting("RECIPIENT"));
		return;
	}
	str_add_z(address, local_part ? local_part : filter_setting("EXT"));
	str_add_byte(address, '@');
	str_add_z(address, filter_setting("HOST"));
}

/* Bounces keep their sender. */
static struct span
new_sender(const struct expansion *expansion, struct span sender)
{
	return expansion->has_owner && bounce_kind_of(sender) == BOUNCE_SINGLE
	    ? str_span(&expansion->owner)
	    : sender;
}

static void
show(struct expansion *expansion, char *const *recipients, size_t count)
{
	const char *sender = getenv("SENDER");
	struct span shown =
	    sender ? span_of(sender) : SPAN("original envelope sender");

	for (char **word = words_end(&expansion->programs); *word; word++)
		fprintf(stderr, "run %s\n", *word);
	if (count == 0) {
		fputs("no forwarding\n", stderr);
		return;
	}
	shown = new_sender(expansion, shown);
	fprintf(stderr, "from <%.*s>\n", (int)shown.len, shown.s);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "to <%s>\n", recipients[i]);
}

static void
run_programs(struct expansion *expansion)
{
	struct str command = STR_INIT;

	for (char **word = words_end(&expansion->programs); *word; word++) {
		str_reset(&command);
		if (**word == '!') {
			str_add_z(&command, home_dir);
			str_add_z(&command, "/bin/preline ");
		}
		str_add_z(&command, *word + 1);
		filter_command(str_z(&command), SPAN(""));
	}
	str_free(&command);
}

int
main(int argc, char **argv)
{
	struct options options = { .is_dry = false };
	struct expansion expansion = EXPANSION_INIT;
	struct str address = STR_INIT;
	const char *sender = NULL, *top = NULL;
	char **recipients;
	size_t count;
	int exit_code;

	filter_begin("fastforward");
	argv = argc > 0 ? take_options(argv, &options) : argv;
	if (!argv || !*argv)
		filter_fail(
		    FILTER_PERMANENT, "usage: fastforward [-nNpPdD] cdb");
	read_address(&options, &address);
	if (!options.is_dry)
		sender = filter_setting("SENDER");
	expansion_open(&expansion, *argv);
	if (!expansion_begin(&expansion, str_span(&address))) {
		if (options.is_patient)
			return FILTER_DONE;
		filter_fail(FILTER_PERMANENT,
		    "there is no mailbox here by that name (#5.1.1)");
	}
	recipients = expansion_end(&expansion, &count);
	exit_code = options.is_patient ? FILTER_STOP : FILTER_DONE;
	if (options.is_dry) {
		show(&expansion, recipients, count);
		return exit_code;
	}
	if (count)
		top = filter_setting("DTLINE");
	else if (expansion.leads_back && !expansion.programs.text.len)
		filter_fail(FILTER_TEMPORARY,
		    "its addresses lead back to themselves, and to nobody "
		    "else (#4.4.6)");
	run_programs(&expansion);
	if (count == 0)
		return exit_code;
	filter_start_over();
	filter_forward(new_sender(&expansion, span_of(sender)), span_of(top),
	    recipients, (int)count, exit_code);
}
