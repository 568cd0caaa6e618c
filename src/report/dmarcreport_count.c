/*
 * dmarcreport_count.c - the messages of a day, out of the log of qmail-verifyd.
 * Input: lines of ours, with names of strangers in them
 */
#include "dmarcreport.h"

/* The words of a line, in the order of struct dmarcreport_row. */
static const char *const names[] = { "policy=", "p=", "sp=", "np=", "adkim=",
	"aspf=", "t=", "client=", "disposition=", "dkim=", "spf=", "from=",
	"envelope=", "identity=", "scope=", "result=", "sig1=", "sig2=",
	"sig3=", "sig4=" };

#define NAMES (sizeof(names) / sizeof(*names))

void
dmarcreport_count_line(struct logcount *count, struct span line, int64_t day)
{
	struct str key = STR_INIT;

	if (!logcount_is_of_day(&line, day) ||
	    !span_starts(line, SPAN(" verifyd checked ")) ||
	    logcount_value(line, span_of(names[0])).len == 0 ||
	    !logcount_has_room(count))
		return;
	for (size_t i = 0; i < NAMES; i++)
		logcount_add_part(
		    &key, logcount_value(line, span_of(names[i])));
	logcount_add(count, &key);
}

struct dmarcreport_row
dmarcreport_count_get(const struct logcount *count, size_t index)
{
	struct dmarcreport_row row = { .count = count->counts.at[index] };
	struct span *const parts[NAMES] = { &row.domain, &row.p, &row.sp,
		&row.np, &row.adkim, &row.aspf, &row.test, &row.ip,
		&row.disposition, &row.dkim, &row.spf, &row.from, &row.envelope,
		&row.identity, &row.scope, &row.result, &row.signatures[0],
		&row.signatures[1], &row.signatures[2], &row.signatures[3] };

	logcount_parts(count, index, parts, NAMES);
	return row;
}
