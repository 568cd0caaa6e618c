/*
 * newaliases.c - makes the database of /etc/aliases for fastforward.
 * Runs as   root, by hand.
 * Reads     /etc/aliases and control files, trusted.
 * Writes    /etc/aliases.cdb, by way of /etc/aliases.tmp.
 * Source    newaliases(1).
 */
#include "base/ascii.h"
#include "base/wordset.h"
#include "config/hostnames.h"
#include "mail/forwardline.h"
#include "mail/hostrules.h"
#include "sys/random.h"
#include "tool.h"

#define LIST   "/etc/aliases"
#define ASIDE  "/etc/aliases.tmp"
#define RESULT "/etc/aliases.cdb"

struct making {
	struct cdbfile file;
	struct str rules; /* for hosts */
	struct str alias;
	struct wordset seen; /* aliases */
	struct tool_line line;
};

/* Of two the first counts: those of the second would wonder. */
static void
note_alias(struct making *making, size_t number)
{
	struct span alias = str_span(&making->alias);

	if (alias.len == 0)
		return;
	if (wordset_find(&making->seen, alias, NULL))
		tool_warn_at(LIST, number,
		    "has an alias that was there before: its recipients do not "
		    "count");
	wordset_add(&making->seen, alias, SPAN(""));
}

/* owner-LIST is the owner of LIST. */
static void
add_owner(struct making *making)
{
	struct span alias = str_span(&making->alias);
	struct span list = span_from(alias, sizeof("owner-") - 1);
	struct str address = STR_INIT;

	str_add(&address, alias);
	if (span_ends(alias, SPAN("@"))) {
		struct str host = STR_INIT;

		hostrules_apply(str_span(&making->rules), &host);
		str_add(&address, str_span(&host));
		str_free(&host);
	}
	tool_add_record(
	    &making->file, FORWARDDATA_OWNER, list, str_span(&address));
	str_free(&address);
}

/* Returns NULL, or why the line cannot be used. */
static const char *
add_alias(struct making *making, struct span text)
{
	const char *fault = forwardline_cut_alias(&text, &making->alias);
	struct span alias = str_span(&making->alias);

	if (fault || alias.len == 0)
		return fault;
	str_reset(&making->line.commands);
	tool_recipients(&making->line, text, str_span(&making->rules), true);
	if (making->line.fault)
		return making->line.fault;
	if (making->line.commands.len == 0)
		return "an alias has no recipient";
	if (span_starts(alias, SPAN("owner-")) &&
	    !span_equal(alias, SPAN("owner-@")))
		add_owner(making);
	tool_add_record(&making->file, FORWARDDATA_TARGET, alias,
	    str_span(&making->line.commands));
	return NULL;
}

/*
 * Takes an alias off the text: a line, and those behind it that are empty or
 * begin with a blank.
 */
static struct span
cut_alias(struct span *text, size_t *lines)
{
	struct span whole = *text, line;

	*lines = 0;
	do {
		(void)span_cut_next(text, '\n', &line);
		(*lines)++;
	} while (
	    text->len && (ascii_is_blank(text->s[0]) || text->s[0] == '\n'));
	return span_upto(whole, whole.len - text->len);
}

/* Others take lines behind a comment that begin with a blank for a part of the
 * alias above it; here they are a part of the comment. */
static void
warn_of_more(struct span comment, size_t number)
{
	struct span line;

	for (; span_cut_next(&comment, '\n', &line); number++) {
		line = span_trim(line);
		if (line.len == 0 || line.s[0] == '#')
			continue;
		tool_warn_at(LIST, number,
		    "is a part of the comment above it: it begins with a "
		    "blank");
		return;
	}
}

static void
add_aliases(struct making *making, struct span text)
{
	size_t number = 1, lines;

	for (; text.len; number += lines) {
		struct span alias = cut_alias(&text, &lines);
		const char *fault;

		if (span_starts(alias, SPAN("#"))) {
			warn_of_more(alias, number);
			continue;
		}
		fault = add_alias(making, alias);
		if (fault)
			tool_fail_at(TOOL_TEMPORARY, LIST, number, fault);
		note_alias(making, number);
	}
}

int
main(void)
{
	static struct making making;
	struct str text = STR_INIT;
	int found;

	tool_begin("newaliases");
	making.seen.seed = random_seed();
	tool_read(LIST, &text);
	found = hostnames_read_completion(&making.rules, false);
	if (found < 0)
		tool_cannot("read", "the control files");
	if (found == 0)
		tool_fail(TOOL_TEMPORARY, "there is no control/me");
	if (cdbfile_begin(&making.file, ASIDE, RESULT) < 0)
		tool_cannot("write", ASIDE);
	tool_watch(&making.file.aside);
	add_aliases(&making, str_span(&text));
	if (cdbfile_end(&making.file, 0644) < 0)
		tool_cannot("make", RESULT);
	str_free(&text);
	return 0;
}
