/* settings.c - what the administrator says of the checks.  Input: trusted. */
#include "settings.h"

#include <errno.h>
#include <unistd.h>

#include "config/control.h"
#include "config/home.h"
#include "sys/clock.h"
#include "sys/error.h"

void
settings_read(struct settings *settings, const char *program)
{
	uint64_t seconds = SETTINGS_SECONDS;
	struct str policy = STR_INIT;

	if (chdir(home_dir) < 0) {
		if (errno != ENOENT)
			error_exit(program, home_dir);
		return;
	}
	if (control_read_line("control/me", &settings->me) < 0)
		error_exit(program, "control/me");
	if (control_read_number(
		"control/authtimeout", SETTINGS_SECONDS_MAX, &seconds) < 0)
		error_exit(program, "control/authtimeout");
	settings->seconds = seconds ? (int64_t)seconds : 1;
	settings->reports = access("control/dmarcreport", F_OK) == 0;
	if (control_read_line("control/authpolicy", &policy) < 0)
		error_exit(program, "control/authpolicy");
	settings->enforces = span_equal(str_span(&policy), SPAN("enforce"));
	str_free(&policy);
}

int64_t
settings_deadline(const struct settings *settings)
{
	return clock_monotonic() + settings->seconds * 1000;
}

void
settings_free(struct settings *settings)
{
	str_free(&settings->me);
}
