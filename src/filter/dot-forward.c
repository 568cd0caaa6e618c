/*
 * dot-forward.c - does what a .forward file of sendmail says.
 * Runs as   the recipient, from a .qmail file.
 * Reads     the files of its arguments; control files; the message on fd 0,
 *           hostile; USER, HOST, NEWSENDER, UFLINE, RPLINE, DTLINE; SENDER,
 *           DSNENVELOPE, DSNRECIPIENTS.
 * Execs     commands of these files, by /bin/sh.
 * Writes    the message, with a Delivered-To line on top, to qmail-queue.
 * Source    dot-forward(1), qmail-command(8).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "config/hostnames.h"
#include "filter.h"
#include "mail/forwardline.h"
#include "sys/file.h"

#define FILE_MAX (16u << 20) /* bytes */

struct orders {
	struct words programs, recipients;
	bool is_direct; /* delivery goes on with the next line of .qmail */
	bool is_any;
};

NORETURN static void
fail_line(const char *path, size_t number, const char *why)
{
	fprintf(stderr, "dot-forward: fatal: %s: line %zu: %s\n", path, number,
	    why);
	exit(FILTER_TEMPORARY);
}

/* Whether it is who the message was delivered to. */
static bool
is_own(const struct forwardline_entry *entry)
{
	struct span text = str_span(&entry->text);
	const char *user = getenv("USER"), *host = getenv("HOST");

	if (!user ||
	    !span_equal_nocase(
		span_upto(text, entry->local_len), span_of(user)))
		return false;
	return entry->local_len == text.len ||
	    (host &&
		span_equal_nocase(
		    span_from(text, entry->local_len + 1), span_of(host)));
}

/* The rules for hosts; read when they are needed first. */
static struct span
host_rules(struct str *rules)
{
	int found = rules->len ? 1 : hostnames_read_completion(rules, false);

	if (found < 0)
		filter_fail_errno("cannot read the control files");
	if (found == 0)
		filter_fail(FILTER_TEMPORARY, "there is no control/me");
	return str_span(rules);
}

/* Returns NULL, or why not. */
static const char *
take_entry(
    struct orders *orders, struct forwardline_entry *entry, struct str *rules)
{
	const char *fault;

	orders->is_any = true;
	switch (entry->kind) {
	case FORWARDLINE_INCLUDE:
		return ":include: is not possible here";
	case FORWARDLINE_PROGRAM:
		words_add(&orders->programs, str_span(&entry->text));
		return NULL;
	case FORWARDLINE_ADDRESS:
		break;
	}
	if (is_own(entry)) {
		orders->is_direct = true;
		return NULL;
	}
	fault = forwardline_complete(entry, host_rules(rules));
	words_add(&orders->recipients, str_span(&entry->text));
	return fault;
}

static void
read_orders(struct orders *orders, const char *path, struct span text)
{
	struct forwardline parsed = FORWARDLINE_INIT;
	struct str rules = STR_INIT;
	struct span line;

	for (size_t number = 1; span_cut_next(&text, '\n', &line); number++) {
		const char *fault;

		if (span_starts(line, SPAN("#")))
			continue;
		fault = forwardline_parse(&parsed, line);
		for (size_t i = parsed.entries.len; i-- > 0 && !fault;)
			fault =
			    take_entry(orders, &parsed.entries.at[i], &rules);
		if (fault)
			fail_line(path, number, fault);
		forwardline_reset(&parsed);
	}
	forwardline_free(&parsed);
	str_free(&rules);
}

/* The first of the files that is there and says something counts. */
static void
find_orders(struct orders *orders, char **paths)
{
	struct str text = STR_INIT;

	for (; *paths && !orders->is_any; paths++) {
		str_reset(&text);
		if (file_read_named(*paths, &text, FILE_MAX) == 0)
			read_orders(orders, *paths, str_span(&text));
		else if (errno != ENOENT)
			filter_fail_errno(*paths);
	}
	if (!orders->is_any)
		orders->is_direct = true;
	str_free(&text);
}

static void
show(struct orders *orders)
{
	for (char **word = words_end(&orders->programs); *word; word++)
		fprintf(stderr, "pipe through %s\n", *word);
	for (char **word = words_end(&orders->recipients); *word; word++)
		fprintf(stderr, "forward %s\n", *word);
	if (orders->is_direct)
		fputs("direct delivery\n", stderr);
}

static void
run_programs(struct orders *orders)
{
	static const char *const names[] = { "UFLINE", "RPLINE", "DTLINE" };
	struct str top = STR_INIT;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		str_add(&top, span_of(getenv(names[i])));
	for (char **word = words_end(&orders->programs); *word; word++)
		filter_command(*word, str_span(&top));
	str_free(&top);
}

/* Returns what follows the options. */
static char **
take_options(char **argv, bool *is_dry)
{
	for (argv++; *argv && argv[0][0] == '-' && argv[0][1]; argv++) {
		if (strcmp(*argv, "--") == 0)
			return argv + 1;
		for (const char *letter = *argv + 1; *letter; letter++) {
			if (*letter != 'n' && *letter != 'N')
				filter_fail(FILTER_PERMANENT,
				    "usage: dot-forward [-nN] file ...");
			*is_dry = *letter == 'n';
		}
	}
	return argv;
}

int
main(int argc, char **argv)
{
	struct orders orders = { .is_any = false };
	const char *sender = NULL, *top = NULL;
	char **recipients;
	bool is_dry = false;
	int count, exit_code;

	filter_begin("dot-forward");
	if (argc > 0)
		argv = take_options(argv, &is_dry);
	find_orders(&orders, argv);
	recipients = words_end(&orders.recipients);
	count = (int)orders.recipients.at.len - 1;
	exit_code = orders.is_direct ? FILTER_DONE : FILTER_STOP;
	if (is_dry) {
		show(&orders);
		return exit_code;
	}
	if (count > 0) {
		sender = filter_setting("NEWSENDER");
		top = filter_setting("DTLINE");
	}
	run_programs(&orders);
	if (count == 0)
		return exit_code;
	filter_start_over();
	filter_forward(
	    span_of(sender), span_of(top), recipients, count, exit_code);
}
