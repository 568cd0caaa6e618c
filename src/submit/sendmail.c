/*
 * sendmail.c - the sendmail command, as far as programs that send mail use it.
 * Runs as   the caller.
 * Reads     its arguments only; descriptors and most variables pass through.
 * Writes    nothing; becomes qmail-inject, qmail-smtpd or qmail-qread of
 *           HOME/bin, never another program; opens no file.
 * Source    sendmail(8).
 */
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/words.h"
#include "config/home.h"
#include "mail/addresslist.h"
#include "mail/dsn.h"
#include "sys/out.h"

#define PERMANENT 100
#define TEMPORARY 111
#define WHAT_MAX  200 /* bytes of a culprit that are shown */

/* Bytes that all recipients together may have when they are written anew. */
#define RECIPIENTS_MAX (64u << 20)

/* Every way to fail. */
enum fault {
	FAULT_USAGE,
	FAULT_OPTION,
	FAULT_VALUE,
	FAULT_MODE,
	FAULT_RECIPIENT,
	FAULT_NO_RECIPIENT,
	FAULT_MEMORY,
	FAULT_EXEC
};

static const struct {
	int exit_code;
	const char *text;
} faults[] = {
	[FAULT_USAGE] = { PERMANENT,
	    "usage: sendmail [-t] [-f sender] [-F name] [-N notify] "
	    "[-R ret] [-V envid] [-bp | -bs] [-B type] [-i] [-o x] "
	    "[recipient ...]" },
	[FAULT_OPTION] = { PERMANENT, "this option does not exist here: -" },
	[FAULT_VALUE] = { PERMANENT, "this option needs a value: -" },
	[FAULT_MODE] = { PERMANENT, "this -b mode does not exist here" },
	[FAULT_RECIPIENT] = { PERMANENT, "this is no list of addresses: " },
	[FAULT_NO_RECIPIENT] = { PERMANENT,
	    "nobody is named as recipient; -t takes those of the header" },
	[FAULT_MEMORY] = { TEMPORARY, "out of memory" },
	[FAULT_EXEC] = { TEMPORARY, "cannot run a program of the suite" },
};

/* what   the culprit, shown with odd bytes masked; may be empty */
NORETURN static void
fail_over(enum fault fault, struct span what)
{
	char buffer[512];
	struct out out;

	out_init(&out, 2, buffer, sizeof(buffer));
	what = span_upto(what, WHAT_MAX);
	(void)out_add_z(&out, "sendmail: fatal: ");
	(void)out_add_z(&out, faults[fault].text);
	for (size_t i = 0; i < what.len; i++)
		(void)out_add(&out,
		    ascii_is_printable(what.s[i]) ? span_make(&what.s[i], 1)
						  : SPAN("?"));
	(void)out_add_z(&out, "\n");
	(void)out_flush(&out); /* nobody else to tell */
	_exit(faults[fault].exit_code);
}

NORETURN static void
fail(enum fault fault)
{
	fail_over(fault, SPAN(""));
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

/* -bi: makes the database of /etc/aliases. */
NORETURN static void
become_newaliases(void)
{
	char name[] = "newaliases";

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
	/* What is asked of notifications: -R and -V, -N; see mail/dsn.h. */
	struct str parameters, wishes;
	const char *name; /* -F */
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
add_parameter(struct str *parameters, const char *name)
{
	if (parameters->len)
		str_add_byte(parameters, ' ');
	str_add_z(parameters, name);
}

static void
take_notify(struct options *options, const char *value)
{
	str_reset(&options->wishes);
	add_parameter(&options->wishes, "NOTIFY=");
	str_add_z(&options->wishes, value);
}

static void
take_return(struct options *options, const char *value)
{
	add_parameter(&options->parameters, "RET=");
	str_add_z(&options->parameters, value);
}

static void
take_envid(struct options *options, const char *value)
{
	add_parameter(&options->parameters, "ENVID=");
	dsn_add_xtext(&options->parameters, span_of(value));
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
		become_newaliases();
	default:
		fail(FAULT_MODE);
	}
}

static void
take_initialize(struct options *options, const char *value)
{
	(void)options;
	(void)value;
	become_newaliases();
}

/* Others run their queue with it, and read no message; this one needs nobody
 * for that. */
NORETURN static void
take_queue(struct options *options, const char *value)
{
	(void)options;
	(void)value;
	_exit(0);
}

/* Options without a function mean nothing here.  Others are refused. */
static const struct option {
	char letter;
	enum value value;
	void (*take)(struct options *options, const char *value);
} known[] = {
	{ 'A', VALUE_REST, NULL },   /* which of two settings to use */
	{ 'B', VALUE_NEEDED, NULL }, /* body type: all is 8-bit clean */
	{ 'C', VALUE_NEEDED, NULL }, /* another configuration */
	{ 'D', VALUE_REST, NULL },   /* macro of Exim */
	{ 'E', VALUE_REST, NULL },
	{ 'F', VALUE_NEEDED, take_name },
	{ 'G', VALUE_NONE, NULL }, /* relayed */
	{ 'I', VALUE_NONE, take_initialize },
	{ 'J', VALUE_REST, NULL },
	{ 'L', VALUE_NEEDED, NULL }, /* tag for the log */
	{ 'N', VALUE_NEEDED, take_notify },
	{ 'O', VALUE_NEEDED, NULL }, /* option=value of sendmail.cf */
	{ 'R', VALUE_NEEDED, take_return },
	{ 'U', VALUE_NONE, NULL }, /* first submission */
	{ 'V', VALUE_NEEDED, take_envid },
	{ 'X', VALUE_NEEDED, NULL }, /* where to log the dialogue */
	{ 'b', VALUE_NEEDED, take_mode },
	{ 'd', VALUE_REST, NULL },   /* debugging */
	{ 'e', VALUE_NEEDED, NULL }, /* how to tell of errors */
	{ 'f', VALUE_NEEDED, take_sender },
	{ 'h', VALUE_NEEDED, NULL }, /* hops so far: they are counted */
	{ 'i', VALUE_NONE, NULL },   /* a dot does not end the message: never */
	{ 'm', VALUE_NONE, NULL },
	{ 'n', VALUE_NONE, NULL }, /* no aliases */
	{ 'o', VALUE_NEEDED, NULL },
	{ 'p', VALUE_NEEDED, NULL },
	{ 'q', VALUE_REST, take_queue },
	{ 'r', VALUE_NEEDED, take_sender },
	{ 't', VALUE_NONE, take_listed },
	{ 'v', VALUE_NONE, NULL },
	{ 'x', VALUE_NONE, NULL },
};

static const struct option *
find_option(const char *letter)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].letter == *letter)
			return &known[i];
	fail_over(FAULT_OPTION, span_make(letter, 1));
}

/* Takes one word of options and perhaps the next; returns the last. */
static char **
take_word(struct options *options, char **argv)
{
	for (const char *letter = *argv + 1; *letter; letter++) {
		const struct option *option = find_option(letter);
		const char *value = letter + 1;

		if (option->value == VALUE_NEEDED && !*value) {
			value = *++argv;
			if (!value)
				fail_over(FAULT_VALUE, span_make(letter, 1));
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

/* Without the variables that tell of the user he is the one of our uid. */
static void
set_user(void)
{
	static const char *const names[] = { "QMAILUSER", "MAILUSER", "USER",
		"LOGNAME" };
	const struct passwd *account;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (getenv(names[i]))
			return;
	account = getpwuid(getuid());
	if (account)
		set_variable("QMAILUSER", account->pw_name);
}

/* ---- the recipients ------------------------------------------------------ */

/* addresslist_call: an address without what stands around it. */
static void
add_recipient(void *context, struct token822_list *address)
{
	struct words *words = context;
	size_t start = words->text.len;

	token822_list_add_plain(&words->text, address);
	if (words->text.len > start)
		str_add_byte(&words->text, '\0');
}

/* Each argument is a list of addresses, as it could stand in a header. */
static void
add_recipients(struct words *words, char **arguments)
{
	struct str written = STR_INIT;

	for (; *arguments; arguments++) {
		struct span list = span_of(*arguments);

		str_reset(&written);
		if (addresslist_rewrite(SPAN("To"), list, add_recipient, words,
			RECIPIENTS_MAX, &written) != ADDRESSLIST_FINE)
			fail_over(FAULT_RECIPIENT, list);
	}
	str_free(&written);
}

static void
add_notifications(struct words *words, const struct options *options)
{
	struct dsn_envelope envelope;
	struct dsn_recipient recipient;

	if (!dsn_parse_envelope(str_span(&options->parameters), &envelope) ||
	    !dsn_parse_recipient(str_span(&options->wishes), &recipient))
		fail(FAULT_USAGE);
	if (options->parameters.len) {
		str_add_z(&words->text, "-D");
		dsn_add_envelope(&words->text, &envelope);
		words_add(words, SPAN(""));
	}
	if (options->wishes.len) {
		str_add_z(&words->text, "-d");
		dsn_add_recipient(&words->text, &recipient);
		words_add(words, SPAN(""));
	}
}

NORETURN static void
become_inject(const struct options *options, char **recipients)
{
	struct words words = WORDS_INIT;
	size_t options_end;

	words_add(&words, SPAN("qmail-inject"));
	words_add(&words, options->takes_listed ? SPAN("-lH") : SPAN("-la"));
	set_user();
	if (options->sender) {
		struct span sender = bare_address(options->sender);

		set_origin(sender);
		words_add(&words, SPAN("-f"));
		words_add(&words, sender);
	}
	if (options->name)
		set_variable("QMAILNAME", options->name);
	add_notifications(&words, options);
	words_add(&words, SPAN("--"));
	options_end = words.text.len;
	add_recipients(&words, recipients);
	if (words.text.len == options_end && !options->takes_listed)
		fail(FAULT_NO_RECIPIENT);
	become("qmail-inject", words_end(&words));
}

int
main(int argc, char **argv)
{
	struct options options = { .takes_listed = false };
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
		become_newaliases();
	recipients = take_options(&options, argv + 1);
	become_inject(&options, recipients);
}
