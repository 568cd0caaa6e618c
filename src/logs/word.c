/*
 * word.c - what qmail-trace looks for, and whether a line has it.
 * Input: hostile
 */
#include "word.h"

#include "base/scan.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct span
without_brackets(struct span text)
{
	if (text.len > 2 && text.s[0] == '<' && span_ends(text, SPAN(">")))
		return span_make(text.s + 1, text.len - 2);
	return text;
}

void
word_add_safe(struct str *text, const struct entry_field *field)
{
	size_t start = text->len;

	logfield_add_value(text, &field->field);
	for (size_t i = start; i < text->len; i++) {
		char *c = &text->s[i];

		if (*c == '\n')
			*c = '/';
		else if (*c <= ' ' || *c > '~' || *c == '%')
			*c = '_';
	}
}

bool
word_parse(struct word *word, const char *text)
{
	struct entry_field field = { .number = 0 };

	*word = (struct word){ .kind = WORD_NAME, .safe = STR_INIT };
	word->name = without_brackets(span_of(text));
	field.field.value = word->name;
	word_add_safe(&word->safe, &field);
	if (scan_u64(word->name, UINT64_MAX, &word->number))
		word->kind = WORD_MESSAGE;
	else if (ip_parse(word->name, &word->client))
		word->kind = WORD_CLIENT;
	word->client = ip_unmapped(&word->client);
	return word->name.len > 0;
}

static bool
is_client(const struct word *word, const struct entry *entry)
{
	struct ip_address client;

	if (!ip_parse(entry_value(entry, "client"), &client))
		return false;
	client = ip_unmapped(&client);
	return ip_equal(&client, &word->client);
}

/* Whether a recipient of qmail-send is this one, perhaps behind the prefix of a
 * virtual domain. */
static bool
is_recipient(const struct word *word, const struct entry *entry)
{
	struct span to = entry_value(entry, "to");
	struct span safe = str_span(&word->safe);

	if (!span_ends_nocase(to, safe) || !to.len)
		return false;
	return to.len == safe.len ||
	    (span_equal(entry_value(entry, "channel"), SPAN("local")) &&
		to.s[to.len - safe.len - 1] == '-');
}

static bool
is_name(const struct word *word, const struct entry *entry)
{
	static const char *const names[] = { "from", "to", "address", "login",
		"user", "messageid" };
	struct str value = STR_INIT;
	bool fits = false;

	if (span_equal(entry->service, SPAN("qmail-send")))
		return is_recipient(word, entry) ||
		    span_equal_nocase(
			entry_value(entry, "from"), str_span(&word->safe));
	for (size_t i = 0; i < COUNT(names) && !fits; i++) {
		const struct entry_field *found = entry_find(entry, names[i]);

		if (!found)
			continue;
		str_reset(&value);
		logfield_add_value(&value, &found->field);
		fits = span_equal_nocase(
		    without_brackets(str_span(&value)), word->name);
	}
	str_free(&value);
	return fits;
}

bool
word_fits(const struct word *word, const struct entry *entry)
{
	switch (word->kind) {
	case WORD_MESSAGE:
		return span_equal(entry->service, SPAN("qmail-send")) &&
		    entry_number(entry, "message") == word->number &&
		    word->number;
	case WORD_CLIENT:
		return is_client(word, entry);
	case WORD_NAME:
		break;
	}
	return is_name(word, entry);
}

void
word_free(struct word *word)
{
	str_free(&word->safe);
}
