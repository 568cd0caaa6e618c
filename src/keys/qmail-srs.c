/*
 * qmail-srs.c - rewrites one address: asks qmail-srsd, or does it by itself with a
 * secret of the environment.
 * Runs as   the caller.
 * Reads     SRSSECRET, SRSDOMAIN, SRSNOW, SRSSEPARATOR, SRSHASHLENGTH.
 * Writes    the address on descriptor 1.
 * Source    qmail-srs(1); mail/srs.h.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "config/home.h"
#include "net/srsdoor.h"
#include "srs.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"

#define NAME	  "qmail-srs"
#define REFUSED	  1
#define USAGE	  100
#define TROUBLE	  111
#define NOW_MOST  INT32_MAX *UINT64_C(1000)
#define HASH_MOST 1000

NORETURN static void
fail(int code, const char *what, const char *words)
{
	struct str line = STR_INIT;

	str_add_z(&line, NAME ": ");
	str_add_z(&line, what);
	str_add_z(&line, words);
	str_add_byte(&line, '\n');
	_exit(fd_write_all(2, str_span(&line)) < 0 ? TROUBLE : code);
}

static struct span
setting(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return span_of(value ? value : fallback);
}

static void
read_environment(struct srs_settings *settings)
{
	struct span separator = setting("SRSSEPARATOR", "="),
		    now = setting("SRSNOW", "");
	uint64_t seconds = 0, length;
	const char *wrong;

	if (now.len && !scan_u64(now, NOW_MOST, &seconds))
		fail(USAGE, "SRSNOW is no number of seconds", "");
	srs_settings_init(
	    settings, now.len ? (int64_t)seconds : clock_seconds());
	wrong = srs_settings_secrets(settings, setting("SRSSECRET", ""));
	if (wrong)
		fail(USAGE, "SRSSECRET: ", wrong);
	wrong = srs_settings_domain(settings, setting("SRSDOMAIN", ""));
	if (wrong)
		fail(USAGE, "SRSDOMAIN: ", wrong);
	if (separator.len != 1 ||
	    !scan_u64(setting("SRSHASHLENGTH", "4"), HASH_MOST, &length) ||
	    !srs_settings_form(settings, separator.s[0], length))
		fail(USAGE, "SRSSEPARATOR is =, + or -, SRSHASHLENGTH 4 to 26",
		    "");
}

/* Returns an answer as of the door. */
static int
rewrite(enum srsdoor_letter letter, struct span address, struct str *result)
{
	struct srs_settings settings;
	enum srs_result done;

	if (address.len == 0) { /* of a bounce, which stays one */
		str_set(result, span_of(srs_words(SRS_NOT_SRS)));
		if (letter == SRSDOOR_FORWARD)
			str_reset(result);
		return letter == SRSDOOR_FORWARD ? SRSDOOR_DONE
						 : SRSDOOR_REFUSED;
	}
	if (!getenv("SRSSECRET"))
		return srsdoor_ask(home_dir, letter, address, SPAN(""), result);
	read_environment(&settings);
	done = letter == SRSDOOR_FORWARD
	    ? srs_forward(&settings.srs, address, result)
	    : srs_reverse(&settings.srs, address, result);
	srs_settings_free(&settings);
	if (done != SRS_DONE)
		str_set(result, span_of(srs_words(done)));
	return done == SRS_DONE ? SRSDOOR_DONE : SRSDOOR_REFUSED;
}

int
main(int argc, char **argv)
{
	struct str result = STR_INIT;
	bool is_forward;

	must_hooks(TROUBLE, NULL);
	if (argc != 3)
		fail(USAGE, "usage: qmail-srs forward|reverse address", "");
	is_forward = span_equal(span_of(argv[1]), SPAN("forward"));
	if (!is_forward && !span_equal(span_of(argv[1]), SPAN("reverse")))
		fail(USAGE, "usage: qmail-srs forward|reverse address", "");
	switch (rewrite(is_forward ? SRSDOOR_FORWARD : SRSDOOR_REVERSE,
	    span_of(argv[2]), &result)) {
	case SRSDOOR_DONE:
		str_add_byte(&result, '\n');
		return fd_write_all(1, str_span(&result)) < 0 ? TROUBLE : 0;
	case SRSDOOR_REFUSED:
		fail(REFUSED, "", str_z(&result));
	case 0:
		fail(TROUBLE, "there is no qmail-srsd here, and no SRSSECRET",
		    "");
	default:
		fail(TROUBLE, "", str_z(&result));
	}
}
