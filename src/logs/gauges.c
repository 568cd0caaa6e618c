/*
 * gauges.c - how it is now: the queue, and the memory of our processes.
 * Input: qmail-qctld; /proc, where any user chooses the names of his processes
 */
#include "gauges.h"

#include <errno.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "base/split.h"
#include "config/home.h"
#include "queue/controldoor.h"
#include "queue/record.h"
#include "sys/dir.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/file.h"

/* ---- the queue ---- */

static const struct metrics_family up = { .name = "qmail_queue_up",
	.help = "Whether qmail-qctld told what is in the queue: 1 or 0." };

/* Of the lines of queue/controldoor.h, which number is what. */
static const struct figure {
	struct metrics_family family;
	size_t number;
} figures[] = {
	{ { .name = "qmail_queue_messages",
	      .help = "Messages in the queue.",
	      .labels = { "state" } },
	    0 },
	{ { .name = "qmail_queue_bytes",
	      .unit = "bytes",
	      .help = "Bytes of these messages.",
	      .labels = { "state" } },
	    1 },
	{ { .name = "qmail_queue_oldest_seconds",
	      .unit = "seconds",
	      .help = "Age of the oldest of these messages; 0: there is none.",
	      .labels = { "state" } },
	    2 },
	{ { .name = "qmail_queue_channel_messages",
	      .help = "Messages that have recipients to do in a channel.",
	      .labels = { "state", "channel" } },
	    0 },
	{ { .name = "qmail_queue_channel_recipients",
	      .help = "Recipients of these messages that are to do.",
	      .labels = { "state", "channel" } },
	    1 },
	{ { .name = "qmail_queue_channel_oldest_seconds",
	      .unit = "seconds",
	      .help = "Age of the oldest of these messages; 0: there is none.",
	      .labels = { "state", "channel" } },
	    2 },
};

#define FIGURES (sizeof(figures) / sizeof(*figures))
#define NUMBERS 3 /* of a line */

/* The lines of the answer; what is not said there goes to descriptor 2. */
static void
hear(void *context, char letter, struct span text)
{
	if (letter == CONTROLDOOR_OUT)
		str_add(context, text);
	else
		(void)!fd_write_all(2, text);
}

/* Whether it answered; that a message could not be read is no matter. */
static bool
has_answered(int fd, struct str *answer)
{
	struct str request = STR_INIT;
	int code = -1;

	record_add(&request, CONTROLDOOR_VERB, SPAN(CONTROLDOOR_FIGURES));
	if (fdpass_set_timeout(fd, GAUGES_SECONDS) == 0)
		code = controldoor_ask(fd, str_span(&request), hear, answer);
	str_free(&request);
	return code == CONTROLDOOR_FINE || code == CONTROLDOOR_NOT_ALL;
}

/* Returns the lines, empty if they cannot be had. */
static struct str
ask(const char *program)
{
	struct str answer = STR_INIT;
	int fd = door_connect(CONTROLDOOR_PATH);

	/* That it does not run is told by the figure. */
	if (fd < 0 && errno != ENOENT && errno != ECONNREFUSED)
		error_warn(program, CONTROLDOOR_PATH);
	if (fd >= 0 && !has_answered(fd, &answer)) {
		error_warn(program, CONTROLDOOR_PATH);
		str_reset(&answer);
	}
	fd_close(fd);
	return answer;
}

/* Adds the samples of a figure, from the lines that have as many words before their
 * numbers as it has labels. */
static void
add_figure(
    struct metrics *metrics, const struct figure *figure, struct span rest)
{
	size_t labels = metrics_labels(&figure->family);
	struct span words[METRICS_LABELS_MAX + NUMBERS], line;
	uint64_t number;

	metrics_begin(metrics, &figure->family);
	while (span_cut_next(&rest, '\n', &line))
		if (split_words(line, words, METRICS_LABELS_MAX + NUMBERS) ==
			labels + NUMBERS &&
		    scan_u64(
			words[labels + figure->number], INT64_MAX, &number))
			metrics_add(metrics, words, number);
}

void
gauges_add_queue(const char *program, struct metrics *metrics)
{
	struct str answer = ask(program);

	metrics_begin(metrics, &up);
	metrics_add(metrics, NULL, answer.len > 0);
	for (size_t i = 0; answer.len && i < FIGURES; i++)
		add_figure(metrics, &figures[i], str_span(&answer));
	str_free(&answer);
}

/* ---- memory ---- */

#define STATUS_MAX 16384 /* bytes of /proc/N/status */
#define NAME_BYTES 15	 /* of a program, as the kernel keeps it */
#define EFFECTIVE  1	 /* of its ids: qmail-queue is setuid */

static const struct metrics_family processes = { .name = "qmail_processes",
	.help = "Processes of a program of the suite.",
	.labels = { "program" } };
static const struct metrics_family memory = { .name =
						  "qmail_resident_memory_bytes",
	.unit = "bytes",
	.help = "Their resident memory; what they share counts for each.",
	.labels = { "program" } };

static const char *const programs[] = { "qmail-send", "qmail-todo",
	"qmail-lspawn", "qmail-rspawn", "qmail-clean", "qmail-rcptd",
	"qmail-greyd", "qmail-getpw", "qmail-authd", "qmail-qctld",
	"qmail-tlsd", "qmail-tlsc", "qmail-mtasts", "qmail-secretd",
	"qmail-srsd", "qmail-dkimsignd", "qmail-verifyd", "qmail-signd",
	"qmail-smtpd", "qmail-qmtpd", "qmail-qmqpd", "qmail-popup",
	"qmail-queue", "qmail-remote" };

#define PROGRAMS (sizeof(programs) / sizeof(*programs))

struct usage {
	uint64_t processes[PROGRAMS], bytes[PROGRAMS];
};

/* A word behind "NAME:" at the start of a line, by its place. */
static struct span
value_of(struct span text, struct span name, size_t place)
{
	struct span line, words[2];

	while (span_cut_next(&text, '\n', &line))
		if (span_starts(line, name)) {
			(void)split_words(span_from(line, name.len), words, 2);
			return words[place];
		}
	return SPAN("");
}

/* Anybody can give his process a name; a user of the suite he is not. */
static bool
is_of_suite(struct span digits, const struct home_ids *ids)
{
	uint64_t uid;

	if (!scan_u64(digits, UINT32_MAX, &uid))
		return false;
	for (int i = 0; i < HOME_USERS; i++)
		if (ids->uid[i] == (uid_t)uid)
			return true;
	return uid == 0;
}

static void
take_process(struct usage *usage, const struct home_ids *ids, struct span text)
{
	struct span name = value_of(text, SPAN("Name:"), 0);
	uint64_t kilobytes = 0;

	if (!is_of_suite(value_of(text, SPAN("Uid:"), EFFECTIVE), ids))
		return;
	(void)!scan_u64(
	    value_of(text, SPAN("VmRSS:"), 0), UINT32_MAX, &kilobytes);
	for (size_t i = 0; i < PROGRAMS; i++)
		if (span_equal(
			name, span_upto(span_of(programs[i]), NAME_BYTES))) {
			usage->processes[i]++;
			usage->bytes[i] += kilobytes * 1024;
		}
}

static void
walk_processes(struct usage *usage, const struct home_ids *ids)
{
	struct str path = STR_INIT, text = STR_INIT;
	struct dir dir = { .stream = NULL };
	const char *name;

	if (dir_open(&dir, "/proc") < 0)
		return;
	while (dir_next(&dir, &name) > 0) {
		if (!ascii_is_digit(*name))
			continue;
		str_reset(&path);
		str_reset(&text);
		str_add_z(&path, "/proc/");
		str_add_z(&path, name);
		str_add_z(&path, "/status");
		/* It may have ended; or is not to be seen. */
		if (file_read(path.s, &text, STATUS_MAX) == 0)
			take_process(usage, ids, str_span(&text));
	}
	dir_close(&dir);
	str_free(&path);
	str_free(&text);
}

void
gauges_add_memory(struct metrics *metrics)
{
	struct usage usage = { .processes = { 0 } };
	struct home_ids ids;

	if (home_ids_read(&ids) == 0)
		walk_processes(&usage, &ids);
	for (int turn = 0; turn < 2; turn++) {
		metrics_begin(metrics, turn ? &memory : &processes);
		for (size_t i = 0; i < PROGRAMS; i++) {
			struct span program = span_of(programs[i]);

			metrics_add(metrics, &program,
			    turn ? usage.bytes[i] : usage.processes[i]);
		}
	}
}
