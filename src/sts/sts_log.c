/*
 * sts_log.c - what qmail-mtasts says of policies in the log.
 * Input: words from processes that have heard strangers
 */
#include "base/ascii.h"
#include "sts.h"
#include "sys/fd.h"

#define WORDS_MAX 200 /* bytes of words */

static void
add_word(struct str *line, const char *name, struct span value)
{
	str_add_byte(line, ' ');
	str_add_z(line, name);
	str_add_byte(line, '=');
	str_add(line, value);
}

/* Words that a process says which has heard strangers. */
static void
add_quoted(struct str *line, const char *name, struct span words)
{
	add_word(line, name, SPAN("\""));
	words = span_upto(words, WORDS_MAX);
	for (size_t i = 0; i < words.len; i++)
		str_add_byte(line,
		    ascii_is_printable(words.s[i]) && words.s[i] != '"'
			? words.s[i]
			: '?');
	str_add_byte(line, '"');
}

static void
log_line(struct str *line)
{
	str_add_byte(line, '\n');
	fd_write_line(2, str_span(line));
	str_free(line);
}

void
sts_log_policy(const struct entry *entry)
{
	struct str line = STR_INIT;

	str_add_z(&line, "mtasts policy");
	add_word(&line, "domain", str_span(&entry->domain));
	add_word(&line, "mode", sts_mode_word(entry->policy.mode));
	add_word(&line, "id", str_span(&entry->id));
	str_add_z(&line, " seconds=");
	str_add_u64(&line, entry->policy.max_age);
	log_line(&line);
}

void
sts_log_failure(const struct entry *entry, struct span type, struct span words)
{
	struct str line = STR_INIT;

	str_add_z(&line, "mtasts failed");
	add_word(&line, "domain", str_span(&entry->domain));
	add_word(&line, "type", type);
	add_quoted(&line, "reason", words);
	str_add_z(&line, " kept=");
	str_add_u64(&line, entry_seconds(entry));
	log_line(&line);
}
