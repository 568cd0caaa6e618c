/*
 * qmail-dnsrecords.c - what the DNS has to say of a domain that has its mail here,
 * and whether it does.
 * Runs as   the caller; root, to see certificates.
 * Reads     arguments; control files, what is public of the keys that sign mail,
 *           certificates; addresses of interfaces; with --check the DNS, hostile.
 * Writes    records, or what was found, on descriptor 1.
 * Source    qmail-dnsrecords(8).
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"
#include "zone.h"

#define NAME	   "qmail-dnsrecords"
#define TROUBLE	   111
#define USAGE_EXIT 100

NORETURN static void
end_usage(void)
{
	(void)!fd_write_all(2, SPAN("usage: " NAME " [--check] domain\n"));
	_exit(USAGE_EXIT);
}

int
main(int argc, char **argv)
{
	bool is_check = argc > 1 && strcmp(argv[1], "--check") == 0;
	enum zone_outcome outcome = ZONE_RIGHT;
	struct str out = STR_INIT;
	struct zone zone;

	must_hooks(TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	argc -= is_check;
	argv += is_check;
	if (argc != 2 || argv[1][0] == '-')
		end_usage();
	zone_read(&zone, span_of(argv[1]), NAME);
	if (is_check)
		outcome = zone_check(&out, &zone);
	else
		zone_print(&out, &zone);
	if (fd_write_all(1, str_span(&out)) < 0)
		error_exit(NAME, "the result");
	str_free(&out);
	zone_free(&zone);
	return (int)outcome;
}
