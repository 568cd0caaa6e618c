/*
 * qmail-filters.c - in the place of qmail-queue: shows a message to the programs of
 * control/queuefilters, and passes on what they have made of it.
 * Runs as   the caller: qmaild; or a user who submits a message.
 * Reads     message and envelope on descriptors 0 and 1, hostile; control/queuefilters,
 *           filtertimeout; what filters say, NOT trusted to be right.
 * Writes    files that have no name, in HOME/spool or /tmp; message and envelope to
 *           qmail-queue; why a message is refused, or who has queued it, on descriptor 6;
 *           what goes wrong on descriptor 2.
 * Execs     the filters, qmail-queue.
 * Source    qmail-filters(8), qmail-queue(8).
 *
 * Whatever happens to a filter, the message is passed on with all filters, or not at
 * all, and who hands it over is told so.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/vec.h"
#include "config/control.h"
#include "config/filterline.h"
#include "config/home.h"
#include "queue/handover.h"
#include "queue/inject.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/logline.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define NAME	    "qmail-filters"
#define FILE_MAX    65536 /* bytes of control/queuefilters */
#define FILTERS_MAX 50	  /* of one message */
#define WORDS_MAX   100	  /* of a filter */
#define SECONDS	    240	  /* control/filtertimeout: all filters together */
#define SECONDS_MAX 3600
#define ROOM	    65536 /* bytes that a filter may add, and as many as there are */
#define ENVELOPE_IN 3
#define ENVELOPE_TO 4

/* The exit codes of qmail-queue(8). */
enum {
	ACCEPTED = 0,
	REFUSED = 31,
	NO_MEMORY = 51,
	CANNOT_WRITE = 53,
	CANNOT_READ = 54,
	NO_CONTROLS = 55,
	NO_ANSWER = 71,
	CRASHED = 81,
	BAD_ENVELOPE = 91,
	NO_QUEUE = 120
};

/* Those of filters. */
enum {
	FILTER_DISCARD = 99,
	FILTER_PERMANENT = 100
};

struct filters {
	const char *folder; /* for files */
	const char *class;
	struct str text; /* of the lines that count */
	VEC(struct span) lines;
	struct handover_file message;
	struct handover_envelope envelope;
};

/* For the signal handler: the filter that runs; STARTING; 0: none.  And what came. */
#define STARTING -1
static volatile sig_atomic_t running;
static volatile sig_atomic_t signal_came;

/* The time is over, or somebody ends us: the filter and its children end first. */
static void
on_signal(int number)
{
	if (running == 0)
		_exit(NO_ANSWER);
	signal_came = number;
	if (running > 0)
		spawn_end((pid_t)running, true);
}

/* ---- what is to be done ---- */

/* Who hands it over. */
static const char *
find_class(void)
{
	if (getenv("SMTPAUTHUSER"))
		return "login";
	if (!getenv("TCPREMOTEIP"))
		return "local";
	return getenv("RELAYCLIENT") ? "relay" : "outside";
}

NORETURN static void
refuse_line(unsigned long number, const char *what)
{
	fprintf(stderr, "%s: control/queuefilters: line %lu %s\n", NAME, number,
	    what);
	_exit(NO_CONTROLS);
}

/* A line that says nothing may be one that was to protect somebody. */
static void
take_line(struct filters *filters, struct span line, unsigned long number)
{
	struct filterline filter;

	if (!filterline_parse(line, &filter))
		refuse_line(number, "is not CLASS,...: PROGRAM ...");
	if (!filterline_is_for(&filter, span_of(filters->class)))
		return;
	if (filters->lines.len == FILTERS_MAX)
		refuse_line(number, "is a filter too many for this message");
	vec_push(&filters->lines, filter.words);
}

static void
read_filters(struct filters *filters)
{
	struct span rest, line;
	unsigned long number = 0;

	if (file_read("control/queuefilters", &filters->text, FILE_MAX) < 0) {
		if (errno == ENOENT)
			return;
		error_warn(NAME, "control/queuefilters");
		_exit(NO_CONTROLS);
	}
	rest = str_span(&filters->text);
	while (span_cut_next(&rest, '\n', &line)) {
		line = control_clean_line(line);
		number++;
		if (line.len && line.s[0] != '#')
			take_line(filters, line, number);
	}
}

static void
catch_signals(void)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signal_catch_if_heard(ends[i], on_signal);
	signal_catch(SIGALRM, on_signal);
}

static void
set_deadline(void)
{
	uint64_t seconds = SECONDS;

	if (control_read_number(
		"control/filtertimeout", SECONDS_MAX, &seconds) < 0)
		_exit(NO_CONTROLS);
	(void)alarm(seconds ? (unsigned)seconds : 1);
}

/* ---- files ---- */

static void
make_file(const struct filters *filters, struct handover_file *file)
{
	if (handover_make(filters->folder, file) == 0)
		return;
	error_warn(NAME, filters->folder);
	_exit(CANNOT_WRITE);
}

static uint64_t
size_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		_exit(CANNOT_READ);
	return (uint64_t)st.st_size;
}

/* Whether anything was written to it. */
static bool
is_written(const struct handover_file *file)
{
	return size_of(file->fd) > 0;
}

static void
begin_file(const struct handover_file *file)
{
	if (lseek(file->reader, 0, SEEK_SET) < 0)
		_exit(CANNOT_READ);
}

static void
take_in(struct filters *filters)
{
	int result;

	make_file(filters, &filters->message);
	result = handover_copy(0, filters->message.fd);
	if (result != 0)
		_exit(result < 0 ? CANNOT_READ : CANNOT_WRITE);
	if (handover_read(1, &filters->envelope) < 0)
		_exit(errno == EPROTO ? CANNOT_READ : BAD_ENVELOPE);
}

/* ---- one filter ---- */

struct files {
	struct handover_file message, envelope, changed, remark;
};

/* Not every filter tells that the disk was full: what it writes has room before it
 * runs, and when it has ended there has to be some still. */
static void
reserve(const struct files *files, uint64_t message, uint64_t envelope)
{
	if (file_reserve(files->message.fd, 2 * message + ROOM) == 0 &&
	    file_reserve(files->changed.fd, 2 * envelope + ROOM) == 0 &&
	    file_reserve(files->remark.fd, VERDICT_CUSTOM_MAX) == 0)
		return;
	error_warn(NAME, "files for a filter");
	_exit(CANNOT_WRITE);
}

static void
make_files(struct filters *filters, struct files *files)
{
	struct str text = STR_INIT;

	make_file(filters, &files->message);
	make_file(filters, &files->envelope);
	make_file(filters, &files->changed);
	make_file(filters, &files->remark);
	handover_format(&text, &filters->envelope);
	if (fd_write_all(files->envelope.fd, str_span(&text)) < 0)
		_exit(CANNOT_WRITE);
	reserve(files, size_of(filters->message.fd), text.len);
	begin_file(&filters->message);
	str_free(&text);
}

static void
close_files(struct files *files)
{
	handover_close(&files->message);
	handover_close(&files->envelope);
	handover_close(&files->changed);
	handover_close(&files->remark);
}

/* Its words, as arguments; the program without a slash is one of ours. */
static void
add_words(struct str *text, struct span line)
{
	struct span word;
	size_t count = 0;

	if (!span_has(span_upto(line, span_find(line, ' ')), '/')) {
		str_add_z(text, home_dir);
		str_add_z(text, "/bin/");
	}
	while (count < WORDS_MAX && span_cut_next(&line, ' ', &word)) {
		if (word.len == 0)
			continue;
		str_add_field(text, word);
		count++;
	}
}

/* Runs it to its end.  Returns its exit code; -1: it was killed, or cannot be run. */
static int
run(const struct filters *filters, const struct files *files, struct str *words)
{
	struct span rest = str_span(words), word;
	char *argv[WORDS_MAX + 1];
	size_t count = 0;
	int status = -1;
	pid_t pid;

	while (count < WORDS_MAX && span_cut_next(&rest, '\0', &word))
		argv[count++] = words->s + (word.s - words->s);
	argv[count] = NULL;
	running = STARTING;
	pid = spawn_start(&(struct spawn){ .path = argv[0],
	    .argv = argv,
	    .leads_group = true,
	    .ends_with_us = true,
	    .fd_count = 6,
	    .fds = { { filters->message.reader, 0 }, { files->message.fd, 1 },
		{ 2, 2 }, { files->envelope.reader, ENVELOPE_IN },
		{ files->changed.fd, ENVELOPE_TO },
		{ files->remark.fd, INJECT_REMARK_FD } } });
	if (pid < 0) {
		error_warn(NAME, argv[0]);
		return -1;
	}
	running = (sig_atomic_t)pid;
	if (signal_came) /* before we knew whom to end */
		spawn_end(pid, true);
	if (spawn_wait(pid, &status) < 0)
		return -1;
	running = 0;
	return spawn_exit_code(status);
}

NORETURN static void
refuse_with_words(const struct files *files)
{
	char words[VERDICT_CUSTOM_MAX];
	ssize_t got = pread(files->remark.fd, words, sizeof(words), 0);
	struct span said = span_make(words, got > 0 ? (size_t)got : 0);

	if (span_ends(said, SPAN("\n"))) /* of echo */
		said.len--;
	/* Who does not listen hears the exit code. */
	if (said.len)
		(void)!fd_write_all(INJECT_REMARK_FD, said);
	_exit(VERDICT_CUSTOM_EXIT);
}

NORETURN static void
fail(const char *program, const char *why, int code)
{
	fprintf(stderr, "%s: %s: %s", NAME, program, why);
	if (code >= 0)
		fprintf(stderr, " %d", code);
	fputc('\n', stderr);
	_exit(NO_ANSWER);
}

/* Who started us takes our process id for qp, as nobody else has it. */
static void
log_discarded(const struct filters *filters, const char *program)
{
	const char *ip = getenv("TCPREMOTEIP");
	struct str line = STR_INIT;

	logline_begin(&line, NAME " discarded", span_of(ip ? ip : ""));
	logline_number(&line, " qp", (uint64_t)getpid());
	logline_quoted(&line, " from", str_span(&filters->envelope.sender));
	logline_quoted(&line, " program", span_of(program));
	logline_write(&line);
}

/* Ends the program unless the message goes on. */
static void
judge(int code, const struct filters *filters, const struct files *files,
    const char *program)
{
	if (signal_came == SIGALRM)
		fail(program, "the time of control/filtertimeout is over", -1);
	if (signal_came)
		fail(program, "it was ended, as qmail-filters was", -1);
	switch (code) {
	case 0:
		return;
	case FILTER_DISCARD:
		log_discarded(filters, program);
		_exit(ACCEPTED);
	case VERDICT_CUSTOM_EXIT:
		refuse_with_words(files);
	case REFUSED:
	case FILTER_PERMANENT:
		_exit(REFUSED);
	case -1:
		fail(program, "it crashed, or cannot be run", -1);
	default:
		fail(program, "it ended with", code);
	}
}

/* What it wrote takes the place of what it got. */
static void
take_changes(struct filters *filters, struct files *files, const char *program)
{
	struct handover_envelope changed = HANDOVER_ENVELOPE_INIT;

	if (is_written(&files->message)) {
		struct handover_file old = filters->message;

		filters->message = files->message;
		files->message = old;
	}
	if (!is_written(&files->changed))
		return;
	if (handover_read(files->changed.reader, &changed) < 0)
		fail(program, "what it wrote is no envelope", -1);
	/* What the sender asked for is not for a filter to forget. */
	if (changed.parameters.len == 0)
		str_set(&changed.parameters,
		    str_span(&filters->envelope.parameters));
	handover_envelope_free(&filters->envelope);
	filters->envelope = changed;
}

static void
show(struct filters *filters, struct span line)
{
	struct files files;
	struct str words = STR_INIT;
	int code;

	make_files(filters, &files);
	add_words(&words, line);
	code = run(filters, &files, &words);
	judge(code, filters, &files, words.s);
	reserve(&files, size_of(files.message.fd), size_of(files.changed.fd));
	take_changes(filters, &files, words.s);
	close_files(&files);
	str_free(&words);
}

/* ---- all of it ---- */

static int
pass_on(struct filters *filters)
{
	static struct inject inject;
	static char block[INJECT_BUFFER];
	ssize_t got;

	(void)alarm(0);
	begin_file(&filters->message);
	handover_begin();
	if (inject_open(&inject, home_dir, INJECT_AS_IT_IS) < 0)
		return NO_QUEUE;
	while (
	    (got = fd_read(filters->message.reader, block, sizeof(block))) > 0)
		inject_message(&inject, span_make(block, (size_t)got));
	if (got < 0)
		inject_break(&inject);
	handover_add(&inject, &filters->envelope);
	got = handover_end(&inject).exit_code;
	return got < 0 ? CRASHED : (int)got;
}

int
main(void)
{
	struct filters filters = { .class = find_class(),
		.envelope = HANDOVER_ENVELOPE_INIT };

	must_hooks(NO_MEMORY, NULL);
	signal_ignore(SIGPIPE);
	signal_default(SIGCHLD);
	/* No file of ours is to be what the caller has closed. */
	if (fd_open_standard() < 0 || chdir(home_dir) < 0 ||
	    unsetenv("QMAILQUEUE") < 0 ||
	    setenv("FILTERCLASS", filters.class, 1) < 0)
		_exit(NO_CONTROLS);
	read_filters(&filters);
	filters.folder = handover_folder();
	take_in(&filters);
	catch_signals();
	set_deadline();
	for (size_t i = 0; i < filters.lines.len; i++)
		show(&filters, filters.lines.at[i]);
	return pass_on(&filters);
}
