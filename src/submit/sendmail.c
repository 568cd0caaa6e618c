/*
 * sendmail.c - the sendmail command, as far as programs that send mail use it.
 * Runs as   the caller.
 * Reads     its arguments only; descriptors and most variables pass through.
 * Writes    nothing; becomes qmail-inject, qmail-smtpd or qmail-qread of
 *           HOME/bin, never another program; opens no file.
 * Source    sendmail(8).
 */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"
#include "config/home.h"
#include "sys/out.h"

#define PERMANENT 100
#define TEMPORARY 111

/* Every way to fail. */
enum fault {
	FAULT_USAGE,
	FAULT_MODE,
	FAULT_ALIASES,
	FAULT_MEMORY,
	FAULT_EXEC
};

static const struct {
	int exit_code;
	const char *text;
} faults[] = {
	[FAULT_USAGE] = { PERMANENT,
	    "usage: sendmail [-t] [-f sender] [-F name] [-bp | -bs] "
	    "[-B type] [-i] [-o x] [recipient ...]" },
	[FAULT_MODE] = { PERMANENT, "this -b mode does not exist here" },
	[FAULT_ALIASES] = { PERMANENT,
	    "there is no alias database; see dot-qmail(5)" },
	[FAULT_MEMORY] = { TEMPORARY, "out of memory" },
	[FAULT_EXEC] = { TEMPORARY, "cannot run a program of the suite" },
};

NORETURN static void
fail(enum fault fault)
{
	char buffer[256];
	struct out out;

	out_init(&out, 2, buffer, sizeof(buffer));
	(void)out_add_z(&out, "sendmail: fatal: ");
	(void)out_add_z(&out, faults[fault].text);
	(void)out_add_z(&out, "\n");
	(void)out_flush(&out); /* nobody else to tell */
	_exit(faults[fault].exit_code);
}

static void
out_of_memory(void)
{
	fail(FAULT_MEMORY);
}

/* ---- what it becomes ----------------------------------------------------- */

NORETURN static void
become(const char *program, char **argv)
{
	struct str path = STR_INIT;

	str_add_z(&path, home_dir);
	str_add_z(&path, "/bin/");
	str_add_z(&path, program);
	execv(str_z(&path), argv);
	fail(FAULT_EXEC);
}

NORETURN static void
become_mailq(void)
{
	char name[] = "qmail-qread";

	become(name, (char *[]){ name, NULL });
}

static void
set_variable(const char *name, const char *value)
{
	if (setenv(name, value, 1) < 0)
		fail(FAULT_MEMORY);
}

/* -bs: a dialogue with a program of this user, who may relay. */
NORETURN static void
become_smtpd(void)
{
	static const char *const variables[][2] = {
		{ "PROTO", "TCP" },
		{ "TCPLOCALIP", "127.0.0.1" },
		{ "TCPLOCALHOST", "localhost" },
		{ "TCPREMOTEIP", "127.0.0.1" },
		{ "TCPREMOTEHOST", "localhost" },
		{ "TCPREMOTEINFO", "sendmail-bs" },
		{ "RELAYCLIENT", "" },
		{ "DATABYTES", "0" },
	};
	char name[] = "qmail-smtpd";

	/* Somebody who speaks for a network client says so in PROTO. */
	if (!getenv("PROTO"))
		for (size_t i = 0; i < sizeof(variables) / sizeof(*variables);
		     i++)
			set_variable(variables[i][0], variables[i][1]);
	become(name, (char *[]){ name, NULL });
}

/* ---- options ------------------------------------------------------------- */

struct options {
	bool takes_listed; /* -t */
	const char *name;  /* -F */
	const char *sender;
};

enum value {
	VALUE_NONE,
	VALUE_NEEDED, /* the rest of the word, or the next word */
	VALUE_REST    /* the rest of the word, which may be empty */
};

static void
take_name(struct options *options, const char *value)
{
	options->name = value;
}

static void
take_sender(struct options *options, const char *value)
{
	options->sender = value;
}

static void
take_listed(struct options *options, const char *value)
{
	(void)value;
	options->takes_listed = true;
}

static void
take_mode(struct options *options, const char *value)
{
	(void)options;
	switch (value[0]) {
	case 'm':
		return;
	case 'p':
		become_mailq();
	case 's':
		become_smtpd();
	case 'i':
		fail(FAULT_ALIASES);
	default:
		fail(FAULT_MODE);
	}
}

/* Options without a function mean nothing here.  Others are refused. */
static const struct option {
	char letter;
	enum value value;
	void (*take)(struct options *options, const char *value);
} known[] = {
	{ 'B', VALUE_NEEDED, NULL }, /* body type: all is 8-bit clean */
	{ 'E', VALUE_REST, NULL },
	{ 'F', VALUE_NEEDED, take_name },
	{ 'G', VALUE_NONE, NULL }, /* relayed */
	{ 'J', VALUE_REST, NULL },
	{ 'L', VALUE_NEEDED, NULL }, /* tag for the log */
	{ 'N', VALUE_NEEDED, NULL }, /* notifications, RFC 3461 */
	{ 'R', VALUE_NEEDED, NULL },
	{ 'U', VALUE_NONE, NULL }, /* first submission */
	{ 'V', VALUE_NEEDED, NULL },
	{ 'b', VALUE_NEEDED, take_mode },
	{ 'e', VALUE_NEEDED, NULL }, /* how to tell of errors */
	{ 'f', VALUE_NEEDED, take_sender },
	{ 'i', VALUE_NONE, NULL }, /* a dot does not end the message: never */
	{ 'm', VALUE_NONE, NULL },
	{ 'o', VALUE_NEEDED, NULL },
	{ 'p', VALUE_NEEDED, NULL },
	{ 'r', VALUE_NEEDED, take_sender },
	{ 't', VALUE_NONE, take_listed },
	{ 'v', VALUE_NONE, NULL },
	{ 'x', VALUE_NONE, NULL },
};

static const struct option *
find_option(char letter)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].letter == letter)
			return &known[i];
	fail(FAULT_USAGE);
}

/* Takes one word of options and perhaps the next; returns the last. */
static char **
take_word(struct options *options, char **argv)
{
	for (const char *letter = *argv + 1; *letter; letter++) {
		const struct option *option = find_option(*letter);
		const char *value = letter + 1;

		if (option->value == VALUE_NEEDED && !*value) {
			value = *++argv;
			if (!value)
				fail(FAULT_USAGE);
		}
		if (option->take)
			option->take(options, value);
		if (option->value != VALUE_NONE)
			break;
	}
	return argv;
}

static char **
take_options(struct options *options, char **argv)
{
	for (; *argv && argv[0][0] == '-' && argv[0][1]; argv++) {
		if (strcmp(*argv, "--") == 0)
			return argv + 1;
		argv = take_word(options, argv);
	}
	return argv;
}

/* ---- the sender ---------------------------------------------------------- */

/* The address in "Jane <jane@example.org>", or all of the text. */
static struct span
bare_address(const char *text)
{
	struct span all = span_of(text);
	size_t left = span_find_last(all, '<');

	if (left == all.len || !span_ends(all, SPAN(">")))
		return all;
	return span_upto(span_from(all, left + 1), all.len - left - 2);
}

/*
 * -f also makes the From field: it replaces user and host of the environment
 * and the names that belong to them.  The empty sender leaves From alone.
 */
static void
set_origin(struct span sender)
{
	static const char *const replaced[] = { "QMAILNAME", "MAILNAME", "NAME",
		"QMAILHOST", "MAILHOST" };
	struct str user = STR_INIT, host = STR_INIT;
	size_t at = span_find_last(sender, '@');

	if (sender.len == 0)
		return;
	for (size_t i = 0; i < sizeof(replaced) / sizeof(*replaced); i++)
		(void)unsetenv(replaced[i]); /* fails for bad names only */
	str_set(&user, span_upto(sender, at));
	str_set(&host, span_from(sender, at + 1));
	set_variable("QMAILUSER", str_z(&user));
	if (at < sender.len)
		set_variable("QMAILHOST", str_z(&host));
	str_free(&user);
	str_free(&host);
}

NORETURN static void
become_inject(const struct options *options, char **recipients)
{
	VEC(const char *) words = VEC_INIT;
	struct str sender = STR_INIT;
	char **argv;

	vec_push(&words, "qmail-inject");
	vec_push(&words, options->takes_listed ? "-H" : "-a");
	if (options->sender) {
		str_set(&sender, bare_address(options->sender));
		set_origin(str_span(&sender));
		vec_push(&words, "-f");
		vec_push(&words, str_z(&sender));
	}
	if (options->name)
		set_variable("QMAILNAME", options->name);
	vec_push(&words, "--");
	for (; *recipients; recipients++)
		vec_push(&words, *recipients);
	vec_push(&words, NULL);
	argv = must_realloc(NULL, words.len * sizeof(*argv));
	memcpy(argv, words.at, words.len * sizeof(*argv));
	become("qmail-inject", argv);
}

int
main(int argc, char **argv)
{
	struct options options = { false, NULL, NULL };
	struct span name = span_of(argv[0]);
	char **recipients;

	must_hooks(TEMPORARY, out_of_memory);
	if (argc < 1)
		fail(FAULT_USAGE);
	name = span_from(name, span_find_last(name, '/') + 1);
	if (name.len == 0)
		name = span_of(argv[0]);
	if (span_equal(name, SPAN("mailq")))
		become_mailq();
	if (span_equal(name, SPAN("newaliases")))
		fail(FAULT_ALIASES);
	recipients = take_options(&options, argv + 1);
	become_inject(&options, recipients);
}
