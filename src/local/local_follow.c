/*
 * local_follow.c - doing what the .qmail file says.
 * Input: of the user
 */
#include "local.h"

#include <errno.h>

#include "local_end.h"
#include "mail/dotqmail.h"
#include "sys/fd.h"

struct run {
	struct local *local;
	bool is_forward_only;
	uint64_t files, forwards, programs;
	struct str addresses; /* to forward to; each ends in NUL */
	struct str output;    /* for descriptor 1 */
	struct str word;      /* the text of a rule, as C string */
};

/* A rule that says how, but not to whom: nobody would have got the mail. */
static void
check_empty(enum dotqmail_kind kind)
{
	if (kind == DOTQMAIL_FORWARD)
		local_end(LOCAL_RULES_EMPTY_ADDRESS, NULL, 0);
	if (kind == DOTQMAIL_PROGRAM)
		local_end(LOCAL_RULES_EMPTY_PROGRAM, NULL, 0);
}

/* Looks for what must stop us before anything is delivered. */
static void
check_rules(struct span rules, bool is_rehearsal)
{
	struct dotqmail_line line;
	bool is_first = true;

	while (dotqmail_next(&rules, &line)) {
		if (is_first && line.kind == DOTQMAIL_BLANK)
			local_end(LOCAL_RULES_BLANK, NULL, 0);
		if (line.kind == DOTQMAIL_BROKEN)
			local_end(LOCAL_RULES_NUL, NULL, 0);
		if (!is_rehearsal && span_trim(line.text).len == 0)
			check_empty(line.kind);
		is_first = false;
	}
}

static void
add_line(struct str *output, const char *kind, struct span text)
{
	str_add_z(output, kind);
	str_add_byte(output, ' ');
	str_add(output, text);
	str_add_byte(output, '\n');
}

/* Says what would be done. */
static void
rehearse(struct run *run, const struct dotqmail_line *line)
{
	static const char *const kinds[] = { [DOTQMAIL_MAILDIR] = "maildir",
		[DOTQMAIL_MBOX] = "mbox",
		[DOTQMAIL_PROGRAM] = "program",
		[DOTQMAIL_FORWARD] = "forward" };

	add_line(&run->output, kinds[line->kind], line->text);
}

/* Delivers by one rule.  Returns false if the rest is to be left out. */
static bool
deliver(struct run *run, const struct dotqmail_line *line)
{
	str_set(&run->word, line->text);
	if (run->local->is_rehearsal) {
		rehearse(run, line);
		return true;
	}
	local_hold_signals(false);
	switch (line->kind) {
	case DOTQMAIL_MAILDIR:
		local_maildir(run->local, str_z(&run->word));
		return true;
	case DOTQMAIL_MBOX:
		local_mbox(run->local, str_z(&run->word));
		return true;
	case DOTQMAIL_PROGRAM:
		return local_program(run->local, str_z(&run->word));
	default:
		str_add_field(&run->addresses, line->text);
		return true;
	}
}

/* Counts the rule, and delivers.  Returns as deliver. */
static bool
follow(struct run *run, const struct dotqmail_line *line)
{
	switch (line->kind) {
	case DOTQMAIL_LIST:
		run->is_forward_only = true;
		return true;
	case DOTQMAIL_FORWARD:
		run->forwards++;
		return deliver(run, line);
	case DOTQMAIL_PROGRAM:
		run->programs++;
		break;
	case DOTQMAIL_MAILDIR:
	case DOTQMAIL_MBOX:
		run->files++;
		break;
	default:
		return true;
	}
	if (run->is_forward_only)
		local_end(LOCAL_RULES_FORWARD_ONLY, NULL, 0);
	return deliver(run, line);
}

/* "did FILES+FORWARDS+PROGRAMS", and the name of what was forwarded. */
static void
write_summary(struct run *run, uint64_t queue_id)
{
	struct str *output = &run->output;

	str_add_z(output, "did ");
	str_add_u64(output, run->files);
	str_add_byte(output, '+');
	str_add_u64(output, run->forwards);
	str_add_byte(output, '+');
	str_add_u64(output, run->programs);
	str_add_byte(output, '\n');
	if (queue_id) {
		str_add_z(output, "qp ");
		str_add_u64(output, queue_id);
		str_add_byte(output, '\n');
	}
	/* What was delivered is not delivered again for want of a log. */
	if (fd_write_all(1, str_span(output)) < 0 && run->local->is_rehearsal)
		local_end(LOCAL_OUTPUT, NULL, errno);
}

void
local_follow(struct local *local)
{
	struct run run = { .local = local };
	struct str rules = STR_INIT;
	struct dotqmail_line line;
	struct span rest;
	uint64_t queue_id = 0;

	if (!local_rules_read(local, &rules, &run.is_forward_only) &&
	    local->dash[0] != '\0')
		local_end(LOCAL_NO_MAILBOX, NULL, 0);
	rest = str_span(&rules);
	if (rest.len == 0) {
		rest = span_of(local->default_delivery);
		local->is_default = true;
		run.is_forward_only = false;
	}
	if (rest.len == 0)
		local_end(LOCAL_NO_RULES, NULL, 0);
	check_rules(rest, local->is_rehearsal);
	while (dotqmail_next(&rest, &line) && follow(&run, &line))
		continue;
	if (run.addresses.len) {
		local_hold_signals(false);
		queue_id = local_forward(local, str_span(&run.addresses));
	}
	write_summary(&run, queue_id);
	str_free(&rules);
	str_free(&run.addresses);
	str_free(&run.output);
	str_free(&run.word);
}
