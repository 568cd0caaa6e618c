/*
 * qmail-todo.c - sorts new messages: reads their envelopes, routes their
 * recipients, and hands them to qmail-send.
 * Runs as   qmails, one process, started by qmail-start; no exec, no network.
 * Reads     queue/todo, written by qmail-queue for anyone: addresses are
 *           hostile; words from qmail-send on fd 0; control files.
 * Writes    queue/info, local, remote of messages that wait; words to
 *           qmail-send on fd 0.  No fsync: intd keeps the envelope, and what
 *           a crash leaves of these files is made again from it.
 * Source    qmail-todo(8); the words in sorted.h.
 *
 * A message with one recipient goes to qmail-send straight from todo, without
 * a file being made, as long as not too many of its channel are on the way.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/vec.h"
#include "config/home.h"
#include "queue/path.h"
#include "queue/record.h"
#include "queue/trigger.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/lock.h"
#include "sys/signal.h"

#include "todo.h"

#define SCAN_INTERVAL 1500 /* seconds between looks without a trigger */
#define SORTED_KEPT   4096 /* sorted messages that stay in the list */
#define LOCK_PATIENCE 2000 /* milliseconds before the log tells of a wait */
#define BATCH	      32   /* messages sorted before words are heard again */

/* Adds a message to those that wait to be sorted, unless it is known. */
static void
note_number(struct todo *todo, struct todo_line *line, uint64_t number)
{
	if (!number_set_has(&todo->handed, number) &&
	    number_set_add(&todo->noted, number))
		vec_push(&line->numbers, number);
}

/* Notes the messages of one subfolder. */
static void
scan_part(struct todo *todo, uint64_t part)
{
	struct dir dir;
	uint64_t number;
	int got;

	if (dir_open(&dir, queue_path_folder(QUEUE_TODO, part).s) < 0) {
		trouble_note(&todo->trouble, clock_monotonic());
		return;
	}
	while ((got = queue_folder_next(&dir, part, todo->split, &number)) > 0)
		note_number(todo, &todo->found, number);
	if (got < 0)
		trouble_note(&todo->trouble, clock_monotonic());
	dir_close(&dir);
}

/* Drops those that were sorted from the line. */
static void
shift_line(struct todo_line *line)
{
	size_t left = line->numbers.len - line->next;

	for (size_t i = 0; i < left; i++)
		line->numbers.at[i] = line->numbers.at[line->next + i];
	line->numbers.len = left;
	line->next = 0;
}

/* Opens lock/trigger again: somebody may have made it, or made it anew.  What
 * waits in the old one is in todo, too. */
static void
reopen_trigger(struct todo *todo)
{
	struct trigger fresh;

	if (trigger_open(&fresh) < 0)
		return;
	trigger_close(&todo->trigger);
	todo->trigger = fresh;
}

/* Looks through all of todo; older messages come first. */
static void
scan(struct todo *todo)
{
	reopen_trigger(todo);
	todo->next_scan = clock_monotonic() + SCAN_INTERVAL * 1000;
	todo->trigger.wants_scan = false;
	shift_line(&todo->found);
	for (uint64_t part = 0; part < todo->split; part++)
		scan_part(todo, part);
	if (todo->found.numbers.len)
		qsort(todo->found.numbers.at, todo->found.numbers.len,
		    sizeof(*todo->found.numbers.at), queue_number_compare);
}

static bool
is_line_empty(const struct todo_line *line)
{
	return line->next == line->numbers.len;
}

static uint64_t
take_first(struct todo_line *line)
{
	uint64_t number = line->numbers.at[line->next++];

	if (is_line_empty(line) || line->next >= SORTED_KEPT)
		shift_line(line);
	return number;
}

/* Sorts some of both lines in turn: a backlog does not hold up what comes. */
static void
sort_some(struct todo *todo)
{
	for (int i = 0; i < BATCH; i++) {
		bool is_fresh = !is_line_empty(&todo->fresh) &&
		    (i % 2 == 0 || is_line_empty(&todo->found));
		struct todo_line *line = is_fresh ? &todo->fresh : &todo->found;
		uint64_t number;

		if (is_line_empty(line))
			return;
		number = take_first(line);
		number_set_remove(&todo->noted, number);
		if (!todo_sort(todo, number, is_fresh))
			trouble_note(&todo->trouble, clock_monotonic());
	}
}

static void
alert(struct todo *todo, const char *what, const char *which)
{
	struct str line = STR_INIT, text = STR_INIT;

	str_add_z(&line, what);
	str_add_z(&line, which);
	record_add(&text, SORTED_ALERT, str_span(&line));
	todo_say(todo, str_span(&text));
	str_free(&line);
	str_free(&text);
}

/* Says why it cannot work; qmail-send logs it and ends. */
NORETURN static void
give_up(struct todo *todo, const char *why)
{
	alert(todo, why, "");
	_exit(111);
}

static void
reread(struct todo *todo)
{
	struct routing fresh = ROUTING_INIT;
	const char *culprit = "controls";

	if (chdir(home_dir) == 0 && routing_read(&fresh, &culprit) == 0) {
		routing_free(&todo->routing);
		todo->routing = fresh;
	} else {
		alert(todo, "unable to reread ", culprit);
	}
	if (chdir(home_queue_dir) < 0)
		give_up(todo, "unable to switch back to queue directory");
}

/*
 * Nobody else may make files.  A qmail-todo that outlives its qmail-send for
 * a moment, with a call that takes long, is waited for: it would make files
 * that this one does not know of.  The lock is on the folder of the files.
 */
static void
take_lock(struct todo *todo)
{
	int fd = open("info", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		give_up(todo, "unable to open queue/info");
	if (lock_wait_shortly(fd, LOCK_PATIENCE) == 0)
		return;
	if (errno == EWOULDBLOCK)
		alert(todo, "waiting for an older qmail-todo to end", "");
	while (lock_wait(fd) < 0)
		if (errno != EINTR)
			give_up(todo, "unable to lock queue/info");
}

/* The file in todo is gone, or qmail-send gave the message back. */
static void
forget(struct todo *todo, uint64_t number)
{
	enum channel_id channel;

	if (!number_set_has(&todo->handed, number))
		return;
	channel = number_set_mark(&todo->handed, number);
	if (channel < CHANNELS)
		todo->straight[channel]--;
	number_set_remove(&todo->handed, number);
}

/* Hears one record from qmail-send. */
static void
hear(struct todo *todo, char word, struct span value)
{
	uint64_t number = 0;

	if (word == SORTED_REREAD) {
		reread(todo);
		return;
	}
	if (word == SORTED_BEGIN) {
		take_lock(todo);
		todo->is_idle = false;
		return;
	}
	if (word == SORTED_STOP) {
		todo->is_idle = true;
		return;
	}
	must(queue_path_number(value, &number));
	switch (word) {
	case SORTED_GONE:
		forget(todo, number);
		break;
	case SORTED_LOOK:
		note_number(todo, &todo->found, number);
		break;
	case SORTED_PARK:
	case SORTED_PARK_DONE:
		forget(todo, number);
		if (!todo_park(todo, number, word == SORTED_PARK_DONE))
			trouble_note(&todo->trouble, clock_monotonic());
		break;
	default:
		must(!"a word of qmail-send");
	}
}

static void
hear_peer(struct todo *todo)
{
	static char datagram[FDPASS_RECORD_MAX];
	ssize_t got =
	    fdpass_receive(TODO_PEER_FD, datagram, sizeof(datagram), NULL);
	struct span rest, value;
	char word;

	if (got <= 0) {
		todo->peer_is_gone = true;
		return;
	}
	rest = span_make(datagram, (size_t)got);
	while (record_next(&rest, &word, &value))
		hear(todo, word, value);
}

/* Waits for the trigger, qmail-send, or the time of the next look. */
static void
wait_for_something(struct todo *todo)
{
	struct pollfd fds[2] = { { .fd = TODO_PEER_FD, .events = POLLIN },
		{ .fd = todo->is_idle ? -1 : todo->trigger.read_fd,
		    .events = POLLIN } };
	int64_t now = clock_monotonic(), next = trouble_next(&todo->trouble);
	int64_t wait = (todo->next_scan < next ? todo->next_scan : next) - now;

	if (todo->is_idle)
		wait = -1;
	else if (wait < 0 || !is_line_empty(&todo->fresh) ||
	    !is_line_empty(&todo->found))
		wait = 0;
	if (signal_poll(fds, 2, wait) == 0)
		return;
	if (fds[0].revents)
		hear_peer(todo);
	if (fds[1].revents) {
		trigger_read(&todo->trigger);
		for (size_t i = 0; i < todo->trigger.numbers.len; i++)
			note_number(
			    todo, &todo->fresh, todo->trigger.numbers.at[i]);
	}
}

static void
set_up(struct todo *todo)
{
	const char *culprit;

	if (chdir(home_dir) < 0 || routing_read(&todo->routing, &culprit) < 0)
		give_up(todo, "cannot start: unable to read controls");
	if (chdir(home_queue_dir) < 0 || queue_split_read(&todo->split) < 0)
		give_up(
		    todo, "cannot start: unable to switch to queue directory");
	if (trigger_open(&todo->trigger) < 0)
		alert(
		    todo, "lock/trigger is no FIFO: new mail has to wait", "");
}

static bool
is_time_to_scan(struct todo *todo)
{
	int64_t now = clock_monotonic();

	return trouble_is_over(&todo->trouble, now) ||
	    todo->trigger.wants_scan || now >= todo->next_scan;
}

int
main(void)
{
	static struct todo todo = { .is_idle = true };

	must_hooks(111, NULL);
	signal_ignore(SIGPIPE);
	set_up(&todo);
	while (!todo.peer_is_gone) {
		if (!todo.is_idle) {
			if (is_time_to_scan(&todo))
				scan(&todo);
			sort_some(&todo);
		}
		wait_for_something(&todo);
	}
	_exit(0);
}
