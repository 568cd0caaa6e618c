/*
 * starttls.c - the program's side of TLS.
 * Input: the report is from a provider of ours, its values hostile
 */
#include "net/starttls.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/scan.h"
#include "net/tlsdoor.h"
#include "sys/clock.h"
#include "sys/fd.h"

#define MS	1000
#define NETWORK 0

/* A descriptor that the environment names; -1: none. */
static int
named_fd(const char *name)
{
	const char *value = getenv(name);
	uint64_t number;

	if (!value || !scan_u64(span_of(value), INT_MAX, &number) ||
	    number < 3 || !fd_is_open((int)number))
		return -1;
	return (int)number;
}

bool
starttls_find(struct starttls *tls)
{
	*tls = (struct starttls){ -1, named_fd("SSLCTLFD"),
		named_fd("SSLREADFD"), named_fd("SSLWRITEFD") };
	if (tls->control != -1 && tls->reading != -1 && tls->writing != -1)
		return true;
	tls->control = tls->reading = tls->writing = -1;
	return false;
}

enum starttls_offer
starttls_offer(void)
{
	const char *value = getenv("UCSPITLS");
	struct starttls tls;

	if (!value || strcmp(value, "-") == 0)
		return STARTTLS_NOT;
	if (starttls_find(&tls) &&
	    (fd_close_on_exec(tls.control) < 0 ||
		fd_close_on_exec(tls.reading) < 0 ||
		fd_close_on_exec(tls.writing) < 0))
		return STARTTLS_NOT;
	return strcmp(value, "!") == 0 ? STARTTLS_REQUIRED : STARTTLS_OFFERED;
}

int
starttls_begin(const char *home, struct starttls *tls)
{
	if (starttls_find(tls))
		return 0;
	tls->door = tlsdoor_open(home, TLSDOOR_SERVER);
	return tls->door < 0 ? -1 : 0;
}

/* Hands the connection to qmail-tlsd. */
static int
ask_door(struct starttls *tls)
{
	const char letter = TLSDOOR_REPORT;
	int result = tlsdoor_pass(tls->door, span_make(&letter, 1), NETWORK,
	    &tls->control, &tls->reading);

	tls->writing = tls->reading;
	fd_close(tls->door);
	tls->door = -1;
	return result;
}

static void
keep_variables(struct span all, struct str *report)
{
	struct span variable;

	str_reset(report);
	while (span_cut_next(&all, '\0', &variable))
		if (span_starts(variable, SPAN("SSL_")) &&
		    span_has(variable, '='))
			str_add_field(report, variable);
}

void
starttls_close(struct starttls *tls)
{
	fd_close(tls->door);
	fd_close(tls->control);
	fd_close(tls->reading);
	if (tls->writing != tls->reading)
		fd_close(tls->writing);
	*tls = (struct starttls){ -1, -1, -1, -1 };
}

/* The connection itself is out of reach then. */
int
starttls_take_over(struct starttls *tls)
{
	int result =
	    dup2(tls->reading, 0) < 0 || dup2(tls->writing, 1) < 0 ? -1 : 0;

	starttls_close(tls);
	return result;
}

int
starttls_finish(struct starttls *tls, struct str *report)
{
	struct str all = STR_INIT;
	int result;

	if (tls->door != -1)
		result = ask_door(tls);
	else
		result = fd_write_all(tls->control, SPAN("Y"));
	if (result == 0)
		result = tlsdoor_read_report(tls->control,
		    clock_monotonic() + STARTTLS_SECONDS * MS, &all);
	if (result == 0)
		result = starttls_take_over(tls);
	else
		starttls_close(tls);
	if (result == 0)
		keep_variables(str_span(&all), report);
	str_free(&all);
	return result;
}
