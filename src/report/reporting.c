/* reporting.c - a run of a program that reports on a day. */
#include "reporting.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "config/control.h"
#include "config/home.h"
#include "sys/aside.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/in.h"
#include "sys/lock.h"
#include "sys/out.h"
#include "sys/random.h"
#include "sys/signal.h"

#define TROUBLE	   111
#define USAGE_EXIT 100
#define DAYS_MAX   3650
#define PRIVATE	   0600u
#define END_WORD   " sent\n" /* of a line that is whole */
#define SENT_MAX   16384u /* bytes of a line: two words of a log, an address */
#define BLOCK	   65536

/* ---- words ---- */

void
reporting_say(
    const struct reporting *reporting, struct span name, const char *words)
{
	fprintf(stderr, "%s: %.*s: %s\n", reporting->program, (int)name.len,
	    name.s, words);
}

void
reporting_fails(
    struct reporting *reporting, struct span name, const char *words)
{
	reporting_say(reporting, name, words);
	reporting->is_incomplete = true;
}

/* ---- arguments and control ---- */

NORETURN static void
end_usage(const char *program)
{
	fprintf(stderr, "usage: %s [-n] [days back] < log\n", program);
	_exit(USAGE_EXIT);
}

static void
take_arguments(struct reporting *reporting, char **argv)
{
	uint64_t days = 1;

	argv++;
	if (*argv && span_equal(span_of(*argv), SPAN("-n"))) {
		reporting->prints = true;
		argv++;
	}
	if (*argv && !scan_u64(span_of(*argv++), DAYS_MAX, &days))
		end_usage(reporting->program);
	if (*argv)
		end_usage(reporting->program);
	reporting->now = clock_seconds();
	reporting->day =
	    (reporting->now / LOGCOUNT_DAY - (int64_t)days) * LOGCOUNT_DAY;
}

static void
read_control(struct reporting *reporting)
{
	const char *program = reporting->program;
	uint64_t seconds = REPORTING_SECONDS;

	if (chdir(home_dir) < 0)
		error_exit(program, home_dir);
	if (control_read_line("control/me", &reporting->me) <= 0)
		error_exit(program, "control/me");
	str_add_z(&reporting->sender, "postmaster@");
	str_add(&reporting->sender, str_span(&reporting->me));
	if (control_read_number("control/reporttime", REPORTING_MAX, &seconds) <
	    0)
		error_exit(program, "control/reporttime");
	reporting->deadline = clock_monotonic() + (int64_t)seconds * 1000;
}

/* ---- what was sent ---- */

static struct str
path_of(const struct reporting *reporting, const char *ending)
{
	struct str path = STR_INIT;

	str_add_z(&path, REPORTING_FOLDER "/");
	str_add_z(&path, reporting->program);
	str_add_z(&path, ending);
	return path;
}

/* Held until the program ends. */
static void
take_lock(const struct reporting *reporting)
{
	struct str path = path_of(reporting, ".lock");
	int fd = file_append(str_z(&path), PRIVATE);

	if (fd < 0)
		error_exit(reporting->program, str_z(&path));
	if (lock_try(fd) < 0) {
		if (errno != EWOULDBLOCK)
			error_exit(reporting->program, str_z(&path));
		reporting_say(
		    reporting, str_span(&path), "another run is at work");
		_exit(TROUBLE);
	}
	str_free(&path);
}

/*
 * Takes a line "day domain address sent".
 * Returns whether it is to be kept: it is of the day of this run, or of another for which a
 * run may come.
 */
static bool
take_sent(struct reporting *reporting, struct span line)
{
	struct span words = line, day;
	uint64_t seconds;

	/* One that a full disk or a power cut has left half is none. */
	if (!span_ends(line, SPAN(END_WORD)) ||
	    !span_cut_next(&words, ' ', &day) ||
	    !scan_u64(day, INT64_MAX, &seconds))
		return false;
	words = span_upto(words, words.len - (sizeof(END_WORD) - 1));
	if ((int64_t)seconds == reporting->day) {
		wordset_add(&reporting->sent, words, SPAN(""));
		return true;
	}
	return (int64_t)seconds >=
	    reporting->now - (int64_t)REPORTING_KEPT * LOGCOUNT_DAY;
}

/* Line by line: whatever the size of the file, it gets smaller with the days.  Returns 0,
 * -1 with errno. */
static int
copy_sent(struct reporting *reporting, int from, int to)
{
	char input[BLOCK], output[BLOCK];
	struct str line = STR_INIT;
	struct in in;
	struct out out;
	int got;

	in_init(&in, from, input, sizeof(input));
	out_init(&out, to, output, sizeof(output));
	do {
		str_reset(&line);
		got = in_read_until(&in, '\n', &line, SENT_MAX);
		if (got < 0 && errno != EMSGSIZE)
			break;
		if (take_sent(reporting, str_span(&line)))
			(void)out_add(&out, str_span(&line));
	} while (got != 0);
	str_free(&line);
	return got != 0 ? -1 : out_flush(&out);
}

/* Written anew each time, so that it does not grow, and ends in a whole line. */
static int
rewrite(struct reporting *reporting, const char *path, const char *new)
{
	int from = file_open(path);
	struct aside aside;

	if (from < 0 && !file_is_missing(errno))
		return -1;
	if (aside_open(&aside, new, path) < 0)
		return -1;
	if (from >= 0 && copy_sent(reporting, from, aside.fd) < 0) {
		aside_abandon(&aside);
		return -1;
	}
	fd_close(from);
	return aside_finish(&aside, PRIVATE);
}

static void
read_sent(struct reporting *reporting)
{
	struct str path = path_of(reporting, ".sent");
	struct str new = path_of(reporting, ".sent.new");

	if (rewrite(reporting, str_z(&path), str_z(&new)) < 0)
		error_exit(reporting->program, str_z(&path));
	reporting->sent_fd = file_append(str_z(&path), PRIVATE);
	if (reporting->sent_fd < 0)
		error_exit(reporting->program, str_z(&path));
	str_free(&path);
	str_free(&new);
}

static void
add_sent_words(struct str *text, struct span domain, struct span address)
{
	str_add(text, domain);
	str_add_byte(text, ' ');
	str_add(text, address);
}

bool
reporting_was_sent(
    const struct reporting *reporting, struct span domain, struct span address)
{
	struct str words = STR_INIT;
	bool result;

	add_sent_words(&words, domain, address);
	result = wordset_find(&reporting->sent, str_span(&words), NULL);
	str_free(&words);
	return result;
}

void
reporting_note_sent(
    struct reporting *reporting, struct span domain, struct span address)
{
	struct str line = STR_INIT;

	if (reporting->sent_fd < 0)
		return;
	str_add_u64(&line, (uint64_t)reporting->day);
	str_add_byte(&line, ' ');
	add_sent_words(&line, domain, address);
	str_add_z(&line, END_WORD);
	if (fd_write_all(reporting->sent_fd, str_span(&line)) < 0 ||
	    file_sync(reporting->sent_fd) < 0)
		error_exit(reporting->program, "what was sent");
	str_free(&line);
}

/* ---- the begin ---- */

void
reporting_begin(struct reporting *reporting, const char *program, char **argv)
{
	*reporting = (struct reporting){ .program = program, .sent_fd = -1 };
	logcount_init(&reporting->count);
	reporting->silent.seed = reporting->sent.seed = random_seed();
	must_hooks(TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	take_arguments(reporting, argv);
	read_control(reporting);
	if (reporting->prints)
		return;
	take_lock(reporting);
	if (reporting->day + LOGCOUNT_DAY <= reporting->now)
		read_sent(reporting);
}
