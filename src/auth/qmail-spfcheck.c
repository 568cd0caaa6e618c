/*
 * qmail-spfcheck.c - says whether a host may send mail for a domain (SPF).
 * Runs as   the caller.
 * Reads     its arguments, names of strangers; control/me, control/authtimeout; DNS,
 *           hostile.
 * Writes    the result on descriptor 1.
 * Source    qmail-spfcheck(8).
 */
#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "settings.h"
#include "spf.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"

#define NAME	   "qmail-spfcheck"
#define TROUBLE	   111
#define USAGE_EXIT 100

NORETURN static void
end_usage(void)
{
	(void)!fd_write_all(2, SPAN("usage: " NAME " ip helo sender\n"));
	_exit(USAGE_EXIT);
}

static void
say(const struct spf_verdict *verdict)
{
	struct str line = STR_INIT;

	str_add(&line, spf_result_word(verdict->result));
	if (verdict->explanation.len || verdict->problem)
		str_add_byte(&line, ' ');
	str_add(&line, str_span(&verdict->explanation));
	str_add(&line, span_of(verdict->problem));
	str_add_byte(&line, '\n');
	if (fd_write_all(1, str_span(&line)) < 0)
		error_exit(NAME, "the result");
	str_free(&line);
}

int
main(int argc, char **argv)
{
	struct settings settings = SETTINGS_INIT;
	struct spf_verdict verdict = SPF_VERDICT_INIT;
	struct spf_query query;
	struct dns dns;

	must_hooks(TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	if (argc != 4 || !ip_parse(span_of(argv[1]), &query.client))
		end_usage();
	settings_read(&settings, NAME);
	query.helo = span_of(argv[2]);
	query.sender = span_of(argv[3]);
	query.receiver = str_span(&settings.me);
	query.now = clock_seconds();
	dns_open(&dns, settings_deadline(&settings));
	spf_check(&dns, &query, &verdict);
	say(&verdict);
	spf_verdict_free(&verdict);
	settings_free(&settings);
	return 0;
}
