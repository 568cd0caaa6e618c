/*
 * entry.c - a line of any log of ours, taken apart.
 * Input: hostile
 */
#include "entry.h"

#include "base/ascii.h"
#include "base/scan.h"
#include "base/split.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- fields ---- */

/* Digits with a zero in front are no number of ours. */
static bool
scan_number(struct span text, uint64_t *number)
{
	return scan_u64(text, UINT64_MAX, number) &&
	    (text.len == 1 || text.s[0] != '0');
}

const struct entry_field *
entry_find(const struct entry *entry, const char *name)
{
	for (size_t i = 0; i < entry->count; i++)
		if (span_equal(entry->fields[i].field.name, span_of(name)))
			return &entry->fields[i];
	return NULL;
}

uint64_t
entry_number(const struct entry *entry, const char *name)
{
	const struct entry_field *found = entry_find(entry, name);

	return found && found->is_number ? found->number : 0;
}

struct span
entry_value(const struct entry *entry, const char *name)
{
	const struct entry_field *found = entry_find(entry, name);

	return found ? found->field.value : SPAN("");
}

bool
entry_is(const struct entry *entry, const char *service, const char *event)
{
	return span_equal(entry->service, span_of(service)) &&
	    span_equal(entry->event, span_of(event));
}

/* Returns false if there is no place for it. */
static bool
add_field(struct entry *entry, const struct logfield *field)
{
	struct entry_field *added = &entry->fields[entry->count];

	if (entry->count == ENTRY_FIELDS_MAX)
		return false;
	added->field = *field;
	added->is_number =
	    !field->is_quoted && scan_number(field->value, &added->number);
	entry->count++;
	return true;
}

/* The next ones are for forms of a few fields: there is place.  Words of a
 * stranger that are digits stay words. */
static void
add_text(struct entry *entry, const char *name, struct span value)
{
	entry->fields[entry->count++] =
	    (struct entry_field){ .field = { span_of(name), value, false } };
}

static void
add_number(struct entry *entry, const char *name, uint64_t number)
{
	entry->fields[entry->count++] =
	    (struct entry_field){ .field = { span_of(name), SPAN(""), false },
		    .is_number = true,
		    .number = number };
}

/* Returns false if it is no number: then it is a word. */
static bool
add_digits(struct entry *entry, const char *name, struct span digits)
{
	add_text(entry, name, digits);
	entry->fields[entry->count - 1].is_number =
	    scan_number(digits, &entry->fields[entry->count - 1].number);
	return entry->fields[entry->count - 1].is_number;
}

/* ---- lines of our programs ---- */

static bool
is_word(struct span word)
{
	if (word.len == 0 || word.len > ENTRY_WORD_MAX)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (!ascii_is_alnum(word.s[i]) && word.s[i] != '-' &&
		    word.s[i] != '_' && word.s[i] != '.')
			return false;
	return true;
}

/* Returns false if one is not whole, or there twice: such a line was cut, or
 * another runs into it. */
static bool
take_fields(struct entry *entry, struct span words)
{
	while (words.len) {
		struct logfield field;
		size_t found;

		if (!logfield_cut(&words, &field) || !is_word(field.name))
			return false;
		for (found = 0; found < entry->count; found++)
			if (span_equal(
				entry->fields[found].field.name, field.name))
				return false;
		if (!add_field(entry, &field))
			return false;
	}
	return true;
}

/* PROGRAM EVENT, or PROGRAM: EVENT, and fields. */
static bool
take_ours(struct entry *entry)
{
	struct span rest = entry->text;
	struct span service = logevent_cut_word(&rest);
	struct span event = logevent_cut_word(&rest);

	if (span_ends(service, SPAN(":")))
		service = span_upto(service, service.len - 1);
	if (!is_word(service) || !is_word(event) || !rest.len ||
	    !take_fields(entry, rest))
		return false;
	entry->service = service;
	entry->event = event;
	return true;
}

/* ---- qmail-send ---- */

static const struct {
	enum logevent_kind kind;
	const char *event; /* NULL: the first word */
} events[] = {
	{ LOGEVENT_NEW, "new" },
	{ LOGEVENT_INFO, "info" },
	{ LOGEVENT_STARTING, "starting" },
	{ LOGEVENT_DELIVERY, "delivery" },
	{ LOGEVENT_BOUNCE, "bounce" },
	{ LOGEVENT_NOTICE, "notice" },
	{ LOGEVENT_TRIPLE, "triple" },
	{ LOGEVENT_END, "end" },
	{ LOGEVENT_TLS, "tls" },
	{ LOGEVENT_DELETED, "deleted" },
	{ LOGEVENT_ORDER, NULL },
	{ LOGEVENT_RETRY, "retry" },
	{ LOGEVENT_STATUS, "status" },
	{ LOGEVENT_RUNNING, "running" },
	{ LOGEVENT_EXITING, "exiting" },
	{ LOGEVENT_WARNING, "warning" },
	{ LOGEVENT_ALERT, "alert" },
};

static const char *
result_word(enum logevent_result result)
{
	switch (result) {
	case LOGEVENT_SUCCESS:
		return "success";
	case LOGEVENT_FAILURE:
		return "failure";
	case LOGEVENT_DEFERRAL:
		return "deferral";
	case LOGEVENT_MANGLED:
		break;
	}
	return "mangled";
}

static struct span
without_brackets(struct span sender)
{
	if (sender.len >= 2 && sender.s[0] == '<' &&
	    span_ends(sender, SPAN(">")))
		return span_make(sender.s + 1, sender.len - 2);
	return sender;
}

/* "1/10" as two numbers. */
static bool
add_share(
    struct entry *entry, struct span word, const char *part, const char *whole)
{
	size_t slash = span_find(word, '/');

	return add_digits(entry, part, span_upto(word, slash)) &&
	    add_digits(entry, whole, span_from(word, slash + 1));
}

/* "local 1/10 remote 0/20 exitasap", or other words. */
static void
take_status(struct entry *entry, struct span text)
{
	struct span words[5];

	if (split_words(text, words, COUNT(words)) >= 4 &&
	    span_equal(words[0], SPAN("local")) &&
	    span_equal(words[2], SPAN("remote")) &&
	    add_share(entry, words[1], "local", "local_max") &&
	    add_share(entry, words[3], "remote", "remote_max")) {
		if (words[4].len)
			add_text(entry, "words", words[4]);
		return;
	}
	entry->count = 0;
	add_text(entry, "words", text);
}

/* What stands behind the event: a text, or fields. */
static void
take_words(struct entry *entry, const struct logevent *event)
{
	size_t count = entry->count;

	if (event->kind == LOGEVENT_STATUS) {
		take_status(entry, event->words);
	} else if (event->kind != LOGEVENT_TLS ||
	    !take_fields(entry, event->words)) {
		entry->count = count;
		if (event->words.len)
			add_text(entry, "words", event->words);
	}
}

/* What the kind of the event does not have is 0 or empty. */
static void
take_values(struct entry *entry, const struct logevent *event)
{
	if (event->delivery)
		add_number(entry, "delivery", event->delivery);
	if (event->message)
		add_number(entry, "message", event->message);
	if (event->kind == LOGEVENT_INFO) {
		add_number(entry, "bytes", event->bytes);
		add_text(entry, "from", without_brackets(event->sender));
	}
	if (event->channel.len)
		add_text(entry, "channel", event->channel);
	if (event->recipient.len)
		add_text(entry, "to", event->recipient);
	if (event->qp)
		add_number(entry, "qp", event->qp);
	if (event->kind == LOGEVENT_RETRY)
		add_number(entry, "messages", event->count);
	if (event->kind == LOGEVENT_INFO || event->kind == LOGEVENT_ORDER ||
	    event->kind == LOGEVENT_RETRY)
		add_number(entry, "uid", event->uid);
	if (event->kind == LOGEVENT_DELIVERY) {
		add_text(entry, "result", span_of(result_word(event->result)));
		add_text(entry, "reason", event->reason);
	}
}

static bool
take_send(struct entry *entry)
{
	struct span first = entry->text;
	struct logevent event;
	size_t i;

	logevent_parse(entry->text, &event);
	for (i = 0; i < COUNT(events) && events[i].kind != event.kind; i++)
		;
	if (i == COUNT(events))
		return false;
	entry->service = SPAN("qmail-send");
	entry->event = events[i].event ? span_of(events[i].event)
				       : logevent_cut_word(&first);
	take_values(entry, &event);
	take_words(entry, &event);
	return true;
}

/* ---- tcpserver ---- */

/* "NAME:ADDRESS:PORT", or with a word more before the port; an address may have
 * colons of its own, other words have none. */
static void
take_end(struct entry *entry, struct span end, const char *address,
    const char *port, bool has_word)
{
	size_t colon;

	end = span_from(end, span_find(end, ':') + 1);
	colon = span_find_last(end, ':');
	(void)add_digits(entry, port, span_from(end, colon + 1));
	end = span_upto(end, colon);
	if (has_word)
		end = span_upto(end, span_find_last(end, ':'));
	add_text(entry, address, end);
}

/* The words of an event with numbers.  Returns false if it has another form. */
static bool
take_connection(struct entry *entry, const struct span words[], size_t count)
{
	if (span_equal(words[1], SPAN("status:")))
		return count == 3 &&
		    add_share(
			entry, words[2], "connections", "connections_max");
	if (count != 5 || !add_digits(entry, "pid", words[2]))
		return false;
	if (span_equal(words[1], SPAN("end")))
		return add_digits(entry, "status", words[4]);
	if (span_equal(words[1], SPAN("pid"))) {
		add_text(entry, "client", words[4]);
		return true;
	}
	if (!span_equal(words[1], SPAN("ok")) &&
	    !span_equal(words[1], SPAN("deny")))
		return false;
	take_end(entry, words[3], "local", "local_port", false);
	take_end(entry, words[4], "client", "client_port", true);
	return true;
}

/* "tcpserver: EVENT ...", as ucspi-tcp has them. */
static bool
take_tcpserver(struct entry *entry)
{
	struct span words[6], rest = entry->text;
	size_t count = split_words(entry->text, words, COUNT(words));

	if (!span_equal(words[0], SPAN("tcpserver:")) || count < 3)
		return false;
	(void)logevent_cut_word(&rest);
	(void)logevent_cut_word(&rest);
	entry->service = SPAN("tcpserver");
	entry->event = words[1];
	if (!take_connection(entry, words, count)) {
		entry->count = 0;
		add_text(entry, "words", rest);
	}
	if (span_ends(entry->event, SPAN(":")))
		entry->event = span_upto(entry->event, entry->event.len - 1);
	return is_word(entry->event);
}

bool
entry_parse(struct span line, struct entry *entry)
{
	static bool (*const forms[])(
	    struct entry * entry) = { take_send, take_tcpserver, take_ours };

	entry->has_time = logstamp_cut(&line, &entry->time);
	entry->text = line;
	for (size_t i = 0; i < COUNT(forms); i++) {
		entry->count = 0;
		if (forms[i](entry))
			return true;
	}
	entry->count = 0;
	entry->service = entry->event = SPAN("");
	return false;
}
