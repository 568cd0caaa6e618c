/*
 * qmail-metrics.c - figures of the queue, of the logs and of memory, for Prometheus.
 * Runs as   who may read what is named: root from cron; with --http, behind tcpserver on
 *           127.0.0.1, better a user of its own in group qmail.
 * Reads     its arguments; with --http a request on fd 0, hostile; answers of
 *           qmail-qctld; logs: with words of strangers; /proc; HOME/metrics/state.
 * Writes    figures to fd 1, or to a file; with --count HOME/metrics/state.
 * Source    qmail-metrics(8).
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "config/home.h"
#include "counting.h"
#include "gauges.h"
#include "httpget.h"
#include "progress.h"
#include "sys/aside.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/signal.h"

#define PROGRAM	   "qmail-metrics"
#define TROUBLE	   111
#define USAGE_EXIT 100
#define STATE	   "metrics/state" /* below HOME */
#define PAGE	   "/metrics"
#define LOCK_MS	   30000 /* so long another run may count */
#define FILE_MODE  0644u
#define LOCK_MODE  0600u

struct options {
	const char *state; /* NULL: the one of HOME */
	const char *file;  /* NULL: descriptor 1 */
	bool is_http, is_counting;
	char **logs; /* behind --count; none: all below HOME/log */
};

NORETURN static void
end_usage(void)
{
	(void)!fd_write_all(2,
	    SPAN("usage: " PROGRAM " [--state file] [--file file | --http] "
		 "[--count [logfolder | file ...]]\n"
		 "files and folders are named by their whole paths\n"));
	_exit(USAGE_EXIT);
}

/* A name that begins with a slash is the same in any folder. */
static const char *
take_path(char ***argv)
{
	const char *path = *++*argv;

	if (!path || *path != '/' || strchr(path, '\n'))
		end_usage();
	return path;
}

static struct options
take_options(char **argv)
{
	struct options options = { .logs = NULL };

	for (argv++; *argv && !options.is_counting; argv++)
		if (strcmp(*argv, "--state") == 0)
			options.state = take_path(&argv);
		else if (strcmp(*argv, "--file") == 0)
			options.file = take_path(&argv);
		else if (strcmp(*argv, "--http") == 0)
			options.is_http = true;
		else if (strcmp(*argv, "--count") == 0)
			options.is_counting = true;
		else
			end_usage();
	options.logs = argv;
	for (; *argv; argv++)
		if (**argv != '/' || strchr(*argv, '\n'))
			end_usage();
	if (options.file && options.is_http)
		end_usage();
	return options;
}

/* ---- the logs ---- */

/* Held until the program ends.  Two that count at once would count the same. */
static void
take_lock(const char *state)
{
	struct str path = STR_INIT;
	int fd;

	str_add_z(&path, state);
	str_add_z(&path, ".lock");
	fd = file_append(str_z(&path), LOCK_MODE);
	if (fd < 0 || lock_wait_shortly(fd, LOCK_MS) < 0)
		error_exit(PROGRAM, str_z(&path));
	str_free(&path);
}

struct counter {
	struct tally *tally;
	struct open *deliveries;
	struct str name; /* of the log, as a word */
};

static void
take_line(void *context, struct span line)
{
	struct counter *counter = context;

	counting_take(
	    counter->tally, str_z(&counter->name), counter->deliveries, line);
}

static void
count_log(struct progress *progress, const struct logset *set,
    const struct logset_log *log)
{
	struct progress_log *known =
	    progress_log(progress, str_span(&log->path));
	struct counter counter = { .tally = &progress->tally };

	if (!known) {
		errno = ENOSPC;
		error_exit(PROGRAM, "too many logs");
	}
	counter.deliveries = &known->deliveries;
	counting_name(&counter.name, str_span(&log->name));
	growth_read(&known->growth, set, log, take_line, &counter);
	str_free(&counter.name);
}

static void
count_logs(struct progress *progress, char **logs)
{
	struct logset set = LOGSET_INIT(PROGRAM);

	logset_add_all(&set, logs);
	for (size_t i = 0; i < set.logs.len; i++)
		count_log(progress, &set, set.logs.at[i]);
	logset_free(&set);
}

/* ---- all figures ---- */

/* Counters that were counted, now or before; without a state there are none. */
static void
add_counters(struct metrics *metrics, const struct options *options)
{
	const char *state = options->state ? options->state : STATE;
	struct progress progress;
	int got;

	if (options->is_counting)
		take_lock(state);
	got = progress_read(&progress, state);
	if (got < 0)
		error_exit(PROGRAM, state);
	if (options->is_counting) {
		count_logs(&progress, options->logs);
		if (progress_write(&progress, state) < 0)
			error_exit(PROGRAM, state);
	}
	if (options->is_counting || got > 0)
		tally_print(&progress.tally, metrics);
	progress_free(&progress);
}

static void
gather(struct metrics *metrics, const struct options *options)
{
	if (chdir(home_dir) < 0)
		error_exit(PROGRAM, home_dir);
	gauges_add_queue(PROGRAM, metrics);
	gauges_add_memory(metrics);
	add_counters(metrics, options);
	metrics_end(metrics);
}

static void
serve(struct metrics *metrics, const struct options *options)
{
	struct httpget request = httpget_read(PAGE);

	metrics->is_open = request.is_open;
	if (request.status == HTTPGET_FINE && !request.is_head)
		gather(metrics, options);
	httpget_answer(&request, str_span(&metrics->text));
}

static void
print(struct metrics *metrics, const struct options *options)
{
	struct span text;

	metrics->is_open = !options->file;
	gather(metrics, options);
	text = str_span(&metrics->text);
	if (!options->file && fd_write_all(1, text) < 0)
		error_exit(PROGRAM, "cannot write");
	/* Whoever reads the file finds the old one, or all of the new one. */
	if (options->file && aside_write(options->file, text, FILE_MODE) < 0)
		error_exit(PROGRAM, options->file);
}

int
main(int argc, char **argv)
{
	struct metrics metrics = { .text = STR_INIT };
	struct options options;

	must_hooks(TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	if (argc < 1)
		end_usage();
	options = take_options(argv);
	if (options.is_http)
		serve(&metrics, &options);
	else
		print(&metrics, &options);
	str_free(&metrics.text);
	return 0;
}
