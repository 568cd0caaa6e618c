/*
 * new_inject_envelope.c - who sends a message, and who gets it.
 * Input: fields hostile; arguments and environment of the caller
 */
#include "new_inject.h"

#include <stdlib.h>
#include <unistd.h>

#include "mail/hostrules.h"
#include "sys/clock.h"

/* The first of these variables that is set and not empty. */
static struct span
first_of(const char *const *variables, const char *fallback)
{
	for (; *variables; variables++) {
		struct span value = span_of(getenv(*variables));

		if (value.len)
			return value;
	}
	return span_of(fallback);
}

static void
complete(const struct new_envelope *envelope, struct mailbox *mailbox)
{
	hostrules_apply(str_span(&envelope->names->rules), &mailbox->host);
}

/* Mailboxes of a field, completed. */
static void
take(struct new_envelope *envelope, struct mailboxes *list, struct span body)
{
	size_t start = list->all.len;

	/* As many as its sender likes: it is he who pays. */
	if (!mailboxes_parse(list, body, SIZE_MAX))
		envelope->has_too_long = true;
	for (size_t i = start; i < list->all.len; i++)
		if (list->all.at[i].local_part.len || list->all.at[i].host.len)
			complete(envelope, &list->all.at[i]);
}

static void
take_listed(
    struct new_envelope *envelope, struct mailboxes *list, struct span body)
{
	take(envelope, list, body);
	envelope->hides_listed |= mailboxes_are_hidden(body);
}

bool
new_envelope_field(struct new_envelope *envelope, struct span field)
{
	size_t colon;
	struct span name = header_name(field, &colon);
	struct span body = span_from(field, colon + 1);

	if (span_equal_nocase(name, SPAN("Envelope-Sender"))) {
		take(envelope, &envelope->sender, body);
		return true;
	}
	if (span_equal_nocase(name, SPAN("Envelope-Recipients"))) {
		take(envelope, &envelope->given, body);
		envelope->hides_given |= mailboxes_are_hidden(body);
		envelope->has_given = true;
		return true;
	}
	switch (header_identify(name)) {
	case HEADER_TO:
		take_listed(envelope, &envelope->to, body);
		return false;
	case HEADER_CC:
		take_listed(envelope, &envelope->cc, body);
		return false;
	case HEADER_BCC:
		take_listed(envelope, &envelope->bcc, body);
		return true;
	case HEADER_APPARENTLY_TO:
		take_listed(envelope, &envelope->others, body);
		return true;
	case HEADER_RETURN_PATH:
		take(envelope, &envelope->returned, body);
		return true;
	case HEADER_RECEIVED:
		envelope->is_passed_on = true;
		return false;
	case HEADER_FROM:
		return envelope->options->drops_from;
	case HEADER_MESSAGE_ID:
		return envelope->options->drops_id;
	default:
		return false;
	}
}

/* ---- the sender ---- */

static void
default_sender(const struct new_envelope *envelope, struct mailbox *mailbox)
{
	static const char *const users[] = { "QMAILSUSER", "QMAILUSER",
		"MAILUSER", "USER", "LOGNAME", NULL };
	static const char *const hosts[] = { "QMAILSHOST", "QMAILHOST",
		"MAILHOST", NULL };

	str_set(&mailbox->local_part, first_of(users, "anonymous"));
	str_set(&mailbox->host, first_of(hosts, ""));
	complete(envelope, mailbox);
}

/* user-TIME.PID@host, user-@host-@[], or user-TIME.PID-@host-@[] */
static void
add_marked(struct str *sender, const struct new_options *options,
    const struct mailbox *mailbox)
{
	str_add(sender, str_span(&mailbox->local_part));
	if (options->marks_message) {
		str_add_byte(sender, '-');
		str_add_u64(sender, (uint64_t)clock_seconds());
		str_add_byte(sender, '.');
		str_add_u64(sender, (uint64_t)getpid());
	}
	if (options->marks_recipient)
		str_add_byte(sender, '-');
	str_add_byte(sender, '@');
	str_add(sender, str_span(&mailbox->host));
	if (options->marks_recipient)
		str_add_z(sender, "-@[]");
}

/* An address of the command line: what is before its last @ is taken as it
 * is. */
static void
take_argument(const struct new_envelope *envelope, struct span argument,
    struct mailbox *mailbox)
{
	size_t at = span_find_last(argument, '@');

	str_set(&mailbox->local_part, span_upto(argument, at));
	str_set(&mailbox->host, span_from(argument, at + 1));
	if (argument.len)
		complete(envelope, mailbox);
}

void
new_envelope_sender(const struct new_envelope *envelope, struct str *sender)
{
	const struct new_options *options = envelope->options;
	struct mailbox mailbox = MAILBOX_INIT;

	if (options->sender) {
		take_argument(envelope, span_of(options->sender), &mailbox);
		mailboxes_add_address(sender, &mailbox);
	} else if (envelope->sender.all.len) {
		mailboxes_add_address(sender, &envelope->sender.all.at[0]);
	} else if (envelope->returned.all.len &&
	    !options->ignores_return_path) {
		mailboxes_add_address(sender, &envelope->returned.all.at[0]);
	} else {
		default_sender(envelope, &mailbox);
		if (options->marks_message || options->marks_recipient)
			add_marked(sender, options, &mailbox);
		else
			mailboxes_add_address(sender, &mailbox);
	}
	mailboxes_free_one(&mailbox);
}

void
new_envelope_from(const struct new_envelope *envelope, struct mailbox *mailbox)
{
	static const char *const users[] = { "QMAILUSER", "MAILUSER", "USER",
		"LOGNAME", NULL };
	static const char *const hosts[] = { "QMAILHOST", "MAILHOST", NULL };
	static const char *const names[] = { "QMAILNAME", "MAILNAME", "NAME",
		NULL };

	str_set(&mailbox->name, first_of(names, ""));
	str_set(&mailbox->local_part, first_of(users, "anonymous"));
	str_set(&mailbox->host, first_of(hosts, ""));
	complete(envelope, mailbox);
}

/* ---- the recipients ---- */

static void
add_list(struct str *recipients, const struct mailboxes *list)
{
	for (size_t i = 0; i < list->all.len; i++) {
		const struct mailbox *mailbox = &list->all.at[i];

		if (mailbox->local_part.len == 0 && mailbox->host.len == 0)
			continue;
		mailboxes_add_address(recipients, mailbox);
		str_add_byte(recipients, '\0');
	}
}

static void
add_argument(const struct new_envelope *envelope, struct str *recipients,
    struct span argument)
{
	struct mailbox mailbox = MAILBOX_INIT;

	if (argument.len == 0)
		return;
	take_argument(envelope, argument, &mailbox);
	mailboxes_add_address(recipients, &mailbox);
	str_add_byte(recipients, '\0');
	mailboxes_free_one(&mailbox);
}

bool
new_envelope_recipients(const struct new_envelope *envelope,
    char *const *arguments, struct str *recipients)
{
	char from = envelope->options->recipients;
	bool has_arguments = *arguments != NULL;

	for (; from != 'h' && *arguments; arguments++)
		add_argument(envelope, recipients, span_of(*arguments));
	if (from == 'a' || (from == 'A' && has_arguments))
		return true;
	if (envelope->has_given) {
		add_list(recipients, &envelope->given);
		return !envelope->hides_given;
	}
	add_list(recipients, &envelope->to);
	add_list(recipients, &envelope->cc);
	add_list(recipients, &envelope->bcc);
	add_list(recipients, &envelope->others);
	return !envelope->hides_listed;
}

void
new_envelope_free(struct new_envelope *envelope)
{
	mailboxes_free(&envelope->to);
	mailboxes_free(&envelope->cc);
	mailboxes_free(&envelope->bcc);
	mailboxes_free(&envelope->others);
	mailboxes_free(&envelope->given);
	mailboxes_free(&envelope->sender);
	mailboxes_free(&envelope->returned);
}
