/*
 * pop-relay.c - lets a client relay from whose address mail was fetched of
 * late: POP before SMTP.
 * Runs as   qmaild, between tcpserver and qmail-smtpd.
 * Reads     $TCPREMOTEIP, which tcpserver says; the notes that pop-note wrote
 *           in a folder, of which only the time counts.
 * Writes    nothing; becomes the program of its arguments.
 * Source    pop-relay(8).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "note.h"
#include "sys/clock.h"
#include "sys/error.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111
#define MINUTES_MAX    10080 /* a week: then somebody else has the address */

/* Whether there is a note about this client, not older than that.  What is no
 * plain file, or from the future, is none. */
static bool
was_noted(const char *folder, int64_t seconds)
{
	struct str path = STR_INIT;
	struct stat st;
	bool is_fresh;
	int64_t age;

	if (!note_add_path(&path, folder))
		return false;
	is_fresh = lstat(str_z(&path), &st) == 0 && S_ISREG(st.st_mode);
	age = is_fresh ? clock_seconds() - (int64_t)st.st_mtime : 0;
	str_free(&path);
	return is_fresh && age >= 0 && age <= seconds;
}

int
main(int argc, char **argv)
{
	uint64_t minutes;

	must_hooks(TEMPORARY_EXIT, NULL);
	if (argc < 4 || !scan_u64(span_of(argv[2]), MINUTES_MAX, &minutes)) {
		note_complain("pop-relay", "usage",
		    "pop-relay folder minutes program [argument ...]");
		return USAGE_EXIT;
	}
	if (!getenv("RELAYCLIENT") &&
	    was_noted(argv[1], (int64_t)minutes * 60) &&
	    setenv("RELAYCLIENT", "", 1) < 0)
		return TEMPORARY_EXIT;
	(void)execvp(argv[3], argv + 3);
	note_complain("pop-relay", argv[3], error_text(errno));
	return TEMPORARY_EXIT;
}
