/*
 * xsender.c - lines of matchup: those of a sender; under the name xrecipient
 * those of a recipient, under the name xqp those of a message.
 * Runs as   the administrator.
 * Reads     what matchup wrote, on fd 0: with words of strangers.
 * Writes    the lines to fd 1.
 * Source    xsender(1).
 */
#include "base/must.h"
#include "outcome.h"
#include "sys/fd.h"
#include "sys/lines.h"

#define USAGE_EXIT 100

static char out_buffer[65536];

/* What is looked at; a message has no recipient. */
static struct span
sender_of(const struct outcome *outcome)
{
	return outcome->sender;
}

static struct span
recipient_of(const struct outcome *outcome)
{
	return outcome->recipient;
}

static struct span
qp_of(const struct outcome *outcome)
{
	return outcome->qp;
}

static const struct kind {
	const char *name, *usage;
	struct span (*word_of)(const struct outcome *outcome);
	bool is_in_brackets;
} kinds[] = {
	{ "xsender", "usage: xsender address\n", sender_of, true },
	{ "xrecipient", "usage: xrecipient channel.address\n", recipient_of,
	    false },
	{ "xqp", "usage: xqp number\n", qp_of, false },
};

/* The kind that the program's name means; xsender for all others. */
static const struct kind *
find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (span_equal(lines_program(name), span_of(kinds[i].name)))
			return &kinds[i];
	return &kinds[0];
}

int
main(int argc, char **argv)
{
	const struct kind *kind = find_kind(argv[0]);
	struct str wanted = STR_INIT;
	struct outcome outcome;
	struct lines lines;
	struct span line;
	struct out out;

	must_hooks(111, NULL);
	if (argc != 2) {
		(void)!fd_write_all(2, span_of(kind->usage));
		return USAGE_EXIT;
	}
	str_add_z(&wanted, kind->is_in_brackets ? "<" : "");
	str_add_z(&wanted, argv[1]);
	str_add_z(&wanted, kind->is_in_brackets ? ">" : "");
	lines_init(&lines, kind->name);
	out_init(&out, 1, out_buffer, sizeof(out_buffer));
	while (lines_next(&lines, &line)) {
		if (!outcome_parse(line, &outcome) ||
		    !span_equal(kind->word_of(&outcome), str_span(&wanted)))
			continue;
		out_add(&out, line);
		out_add(&out, SPAN("\n"));
	}
	lines_flush(kind->name, &out);
	str_free(&wanted);
	lines_free(&lines);
	return 0;
}
