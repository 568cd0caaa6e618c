/*
 * qmail-trace.c - the way of a message, or of all mail of an address or a
 * client, in all logs; and where it is now.
 * Runs as   the administrator, who may read the logs.
 * Reads     the logs that are named, or all below HOME/log: with words of
 *           strangers; names of files in the queue.
 * Writes    lines of the logs, and what they say, to fd 1.
 * Source    qmail-trace(8).
 */
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "config/home.h"
#include "logset.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "tale.h"
#include "queue/path.h"

#define PROGRAM	   "qmail-trace"
#define USAGE_EXIT 100
#define NONE_EXIT  1

static char out_buffer[65536];

/* ---- the lines ---- */

/* A line for people; what might move their terminal is left out. */
static void
print_line(struct out *out, struct str *text, struct span name,
    const struct entry *entry)
{
	str_reset(text);
	tale_add_time(text, &entry->time);
	str_add_byte(text, ' ');
	str_add(text, name);
	str_add_z(text, ": ");
	for (size_t i = 0; i < entry->text.len; i++) {
		char c = entry->text.s[i];

		str_add_byte(text, ascii_is_printable(c) ? c : '?');
	}
	str_add_byte(text, '\n');
	out_add(out, str_span(text));
}

/* ---- the queue ---- */

struct queue {
	bool is_readable;
	uint64_t split;
};

static int
is_in_queue(void *context, uint64_t number)
{
	const struct queue *queue = context;
	struct file_stamp stamp;

	if (!queue->is_readable)
		return -1;
	file_stamp_read(queue_path(QUEUE_MESS, number, queue->split).s, &stamp);
	return stamp.is_there;
}

/* Whoever may not enter it is told what the logs say. */
static void
enter_queue(struct queue *queue)
{
	struct file_stamp stamp;

	queue->is_readable = false;
	if (chdir(home_queue_dir) < 0 || queue_split_read(&queue->split) < 0)
		return;
	file_stamp_read(queue_path_folder(QUEUE_MESS, 0).s, &stamp);
	queue->is_readable = stamp.is_there;
}

/* ---- all of it ---- */

static void
search(struct trace *trace, struct logset *set)
{
	const struct entry *entry;
	struct span name;

	do {
		trace_begin(trace);
		logset_begin(set);
		while (logset_next(set, &entry, &name))
			(void)trace_take(trace, entry);
	} while (trace_found_more(trace));
}

/* Returns whether there was anything. */
static bool
print(struct trace *trace, struct logset *set, struct out *out)
{
	struct tales tales = { .at = VEC_INIT };
	struct str text = STR_INIT;
	const struct entry *entry;
	bool is_found = false;
	struct queue queue;
	struct span name;

	trace_begin(trace);
	logset_begin(set);
	while (logset_next(set, &entry, &name)) {
		if (!trace_take(trace, entry))
			continue;
		is_found = true;
		print_line(out, &text, name, entry);
		tales_take(&tales, trace, entry);
	}
	enter_queue(&queue);
	str_reset(&text);
	tales_print(&tales, &text, is_in_queue, &queue);
	out_add(out, str_span(&text));
	lines_flush(PROGRAM, out);
	if (trace->is_cut || tales.is_cut)
		(void)!fd_write_all(2,
		    SPAN(PROGRAM
			": there is more than is shown; give it less of "
			"the logs, or another word\n"));
	tales_free(&tales);
	str_free(&text);
	return is_found;
}

int
main(int argc, char **argv)
{
	struct logset set = LOGSET_INIT(PROGRAM);
	struct trace trace;
	struct word word;
	struct out out;
	bool is_found;

	must_hooks(111, NULL);
	if (argc < 2 || !word_parse(&word, argv[1])) {
		(void)!fd_write_all(2,
		    SPAN("usage: " PROGRAM " word [logfolder | file ...]\n"));
		return USAGE_EXIT;
	}
	logset_add_all(&set, argv + 2);
	trace_init(&trace, &word);
	out_init(&out, 1, out_buffer, sizeof(out_buffer));
	search(&trace, &set);
	is_found = print(&trace, &set, &out);
	trace_free(&trace);
	logset_free(&set);
	word_free(&word);
	return is_found ? 0 : NONE_EXIT;
}
