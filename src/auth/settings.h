/* settings.h - what the administrator says of the checks. */
#ifndef AUTH_SETTINGS_H
#define AUTH_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define SETTINGS_SECONDS     20 /* RFC 7208 4.6.4 wants as many at least */
#define SETTINGS_SECONDS_MAX 60 /* whatever is set: DNS_TOTAL */

struct settings {
	struct str me;	 /* control/me; empty: there is none */
	int64_t seconds; /* control/authtimeout, at least 1: for
			    one message */
	bool reports;	 /* there is control/dmarcreport */
	bool enforces;	 /* control/authpolicy is "enforce" */
};

#define SETTINGS_INIT                                    \
	{                                                \
		STR_INIT, SETTINGS_SECONDS, false, false \
	}

/*
 * settings_read: enters home_dir and reads them.  Without an installation the
 * defaults hold.
 *   settings   as after SETTINGS_INIT
 *   program    its name: what cannot be read ends it with error_exit
 */
void settings_read(struct settings *settings, const char *program);

/* settings_deadline: when all questions to the DNS end: clock_monotonic(). */
int64_t settings_deadline(const struct settings *settings);

/* settings_free: releases the memory. */
void settings_free(struct settings *settings);

#endif
