/*
 * inject_config.c - what control files and the environment tell qmail-inject.
 * Input: control files trusted; environment from the caller, who may say what
 * he likes of himself but must not break out of a header field.
 */
#include "inject_parts.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "config/control.h"
#include "config/home.h"
#include "inject_fail.h"

/* A host name; each is read from control/X, control/me, or is the word X. */
struct source {
	const char *control;
	const char *variable;
	const char *fallback;
};

/* control/me is read once, and only if it is needed. */
struct me {
	struct str value;
	bool is_read, is_there;
};

static void
read_me(struct me *me)
{
	int got;

	if (me->is_read)
		return;
	got = control_read_line("control/me", &me->value);
	if (got < 0)
		inject_fail(FAULT_CONTROL, SPAN("control/me"));
	me->is_read = true;
	me->is_there = got > 0;
}

static bool
has_blank(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (ascii_is_blank(value.s[i]))
			return true;
	return false;
}

static void
read_host(const struct source *source, struct me *me, struct str *value)
{
	const char *variable = getenv(source->variable);
	struct str line = STR_INIT;
	int got = control_read_line(source->control, &line);

	if (got < 0)
		inject_fail(FAULT_CONTROL, span_of(source->control));
	if (got == 0) {
		read_me(me);
		str_set(&line,
		    me->is_there ? str_span(&me->value)
				 : span_of(source->fallback));
	}
	if (variable) {
		str_set(value, span_of(variable));
		str_free(&line);
		return;
	}
	str_set(value, span_trim(str_span(&line)));
	if (value->len == 0 || has_blank(str_span(value)))
		inject_fail(FAULT_CONTROL_VALUE, span_of(source->control));
	str_free(&line);
}

/* The tokens of a host name: words and dots, nothing else. */
static void
parse_host(const struct str *host, struct token822_list *tokens)
{
	bool is_fine = token822_list_parse(tokens, str_span(host)) == 0;

	for (size_t i = 0; i < tokens->tokens.len; i++)
		switch (tokens->tokens.at[i].type) {
		case TOKEN822_ATOM:
		case TOKEN822_QUOTED:
		case TOKEN822_LITERAL:
		case TOKEN822_DOT:
			break;
		default:
			is_fine = false;
		}
	if (!is_fine)
		inject_fail(FAULT_HOST_SYNTAX, str_span(host));
}

/* In a Message-ID stands only what may stand there. */
static void
clean_id_host(struct str *host)
{
	struct str clean = STR_INIT;

	for (size_t i = 0; i < host->len; i++)
		if (ascii_is_printable(host->s[i]) &&
		    !span_has(SPAN(" <>"), host->s[i]))
			str_add_byte(&clean, host->s[i]);
	str_set(host, str_span(&clean));
	str_free(&clean);
}

static void
read_hosts(struct inject_hosts *hosts)
{
	struct me me = { STR_INIT, false, false };

	read_host(&(struct source){ "control/defaulthost", "QMAILDEFAULTHOST",
		      "defaulthost" },
	    &me, &hosts->default_host);
	read_host(&(struct source){ "control/defaultdomain",
		      "QMAILDEFAULTDOMAIN", "defaultdomain" },
	    &me, &hosts->default_domain);
	read_host(&(struct source){ "control/plusdomain", "QMAILPLUSDOMAIN",
		      "plusdomain" },
	    &me, &hosts->plus_domain);
	read_host(&(struct source){ "control/idhost", "QMAILIDHOST", "idhost" },
	    &me, &hosts->id_host);
	str_free(&me.value);
	parse_host(&hosts->default_host, &hosts->default_host_tokens);
	parse_host(&hosts->default_domain, &hosts->default_domain_tokens);
	parse_host(&hosts->plus_domain, &hosts->plus_domain_tokens);
	clean_id_host(&hosts->id_host);
}

/*
 * The first of these variables that is set, with its line ends as blanks.
 * The names end in NULL.  Returns whether one was set.
 */
static bool
read_first(const char *const *variables, struct str *value)
{
	for (; *variables; variables++) {
		const char *text = getenv(*variables);

		if (!text)
			continue;
		str_set(value, span_of(text));
		for (size_t i = 0; i < value->len; i++)
			if (value->s[i] == '\n' || value->s[i] == '\r')
				value->s[i] = ' ';
		return true;
	}
	return false;
}

static void
read_origin(struct inject_origin *origin)
{
	static const char *const users[] = { "QMAILUSER", "MAILUSER", "USER",
		"LOGNAME", NULL };
	static const char *const hosts[] = { "QMAILHOST", "MAILHOST", NULL };
	static const char *const names[] = { "QMAILNAME", "MAILNAME", "NAME",
		NULL };
	static const char *const sender_users[] = { "QMAILSUSER", NULL };
	static const char *const sender_hosts[] = { "QMAILSHOST", NULL };

	if (!read_first(users, &origin->user))
		str_set(&origin->user, SPAN("anonymous"));
	origin->has_host = read_first(hosts, &origin->host);
	origin->has_name = read_first(names, &origin->name);
	if (!read_first(sender_users, &origin->sender_user))
		str_set(&origin->sender_user, str_span(&origin->user));
	origin->has_sender_host =
	    read_first(sender_hosts, &origin->sender_host);
	if (!origin->has_sender_host && origin->has_host) {
		str_set(&origin->sender_host, str_span(&origin->host));
		origin->has_sender_host = true;
	}
}

static void
read_wishes(struct inject_wishes *wishes)
{
	struct span letters = span_of(getenv("QMAILINJECT"));

	wishes->name_in_comment = span_has(letters, 'c');
	wishes->delete_from = span_has(letters, 'f');
	wishes->delete_message_id = span_has(letters, 'i');
	wishes->ignore_return_path = span_has(letters, 's');
	wishes->verp_recipient = span_has(letters, 'r');
	wishes->verp_message = span_has(letters, 'm');
}

static void
read_followup_lists(struct wordset *lists)
{
	const char *file = getenv("QMAILMFTFILE");

	if (file && control_read_set(file, '\0', lists) < 0)
		inject_fail(FAULT_FOLLOWUP_FILE, span_of(file));
}

void
inject_config_read(struct inject_letter *letter)
{
	read_wishes(&letter->wishes);
	read_origin(&letter->origin);
	read_followup_lists(&letter->followup_lists);
	if (chdir(home_dir) < 0)
		inject_fail(FAULT_HOME, span_of(home_dir));
	read_hosts(&letter->hosts);
}
