/*
 * scribe.c - a second process of qmail-send, which may wait for the disk while
 * the first never does: it appends failures to bounce/N, with an fsync, and
 * queues bounces.
 *
 * Runs as   qmails, forked by qmail-send at its start; ends with it.
 * Reads     orders on a socket; queue/bounce, queue/mess; control files at
 *           its start.
 * Writes    queue/bounce; answers.
 * Execs     qmail-queue, or $QMAILQUEUE.
 * Source    qmail-send(8); orders and answers in scribe.h.
 */
#include "scribe.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"
#include "base/vec.h"
#include "config/control.h"
#include "config/home.h"
#include "mail/bounce.h"
#include "queue/channel.h"
#include "queue/daemons.h"
#include "queue/info.h"
#include "queue/inject.h"
#include "queue/path.h"
#include "queue/record.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/file.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define BOUNCE_FILE_MODE 0600
#define WORKERS_MAX	 200 /* processes that queue at once */

/*
 * A process that queues a bounce, or a notice.  How that went is what it writes
 * into its pipe, not how it ends: so each order has one answer, whenever the
 * worker is killed.
 */
struct worker {
	pid_t pid;
	uint64_t number; /* of the message whose bounce it is; 0: a notice */
	int fd;		 /* here comes the id of qmail-queue, and its end */
	bool has_told;
};

struct scribe {
	int peer;
	VEC(struct worker) workers;
	VEC(struct pollfd) fds; /* the peer, and that of each worker */
	uint64_t split;
	bool syncs_folders;
	struct str bounce_from; /* bouncefrom@bouncehost */
	struct str double_to;	/* doublebounceto@doublebouncehost */
};

/* An order, or an answer: the words that follow its letter. */
struct scribe_order {
	uint64_t number, channel, birth;
	struct span sender, paragraph;
};

static bool
parse_append(struct span rest, struct scribe_order *order)
{
	return record_next_number(
		   &rest, SCRIBE_APPEND, INT64_MAX, &order->number) &&
	    record_next_number(
		&rest, SCRIBE_CHANNEL, CHANNELS - 1, &order->channel) &&
	    record_next_is(&rest, SCRIBE_PARAGRAPH, &order->paragraph);
}

static bool
parse_inject(struct span rest, struct scribe_order *order)
{
	order->paragraph = SPAN("");
	return record_next_number(
		   &rest, SCRIBE_INJECT, INT64_MAX, &order->number) &&
	    record_next_number(&rest, SCRIBE_BIRTH, INT64_MAX, &order->birth) &&
	    record_next_is(&rest, SCRIBE_SENDER, &order->sender) &&
	    (rest.len == 0 ||
		record_next_is(&rest, SCRIBE_PARAGRAPH, &order->paragraph));
}

static void
answer(struct scribe *scribe, struct str *text)
{
	if (fdpass_send(scribe->peer, str_span(text), -1) < 0)
		_exit(0); /* qmail-send is gone */
	str_free(text);
}

/* Writes paragraphs so that they survive a power cut. */
static bool
write_paragraph(struct scribe *scribe, const struct scribe_order *order, int fd)
{
	struct queue_path folder =
	    queue_path_folder(QUEUE_BOUNCE, order->number % scribe->split);

	return fd_write_all(fd, order->paragraph) == 0 && file_sync(fd) == 0 &&
	    (!scribe->syncs_folders || file_sync_folder(folder.s) == 0);
}

/*
 * Appends to bounce/N.  What could not be appended whole is taken back: the
 * recipient may get the message at the next try, and then nothing must bounce.
 */
static bool
append(struct scribe *scribe, const struct scribe_order *order)
{
	struct queue_path path =
	    queue_path(QUEUE_BOUNCE, order->number, scribe->split);
	int fd = file_append(path.s, BOUNCE_FILE_MODE);
	off_t old_len;
	bool fine;

	if (fd < 0)
		return false;
	old_len = lseek(fd, 0, SEEK_END);
	fine = old_len >= 0 && write_paragraph(scribe, order, fd);
	if (!fine && (old_len == 0 ? unlink(path.s) : ftruncate(fd, old_len)))
		errno = 0; /* nothing better can be done */
	fd_close(fd);
	return fine;
}

static void
serve_append(struct scribe *scribe, struct span record)
{
	struct scribe_order order;
	struct str text = STR_INIT;

	if (!parse_append(record, &order))
		_exit(111);
	record_add_number(&text,
	    append(scribe, &order) ? SCRIBE_APPENDED : SCRIBE_NOT_APPENDED,
	    order.number);
	record_add_number(&text, SCRIBE_CHANNEL, order.channel);
	answer(scribe, &text);
}

/* Copies a file into the message; *ends_line tells whether its last byte is
 * a newline. */
static bool
copy_file(struct inject *inject, const char *path, bool *ends_line)
{
	char buffer[16384];
	int fd = file_open_nofollow(path);
	ssize_t got;

	if (fd < 0)
		return false;
	while ((got = fd_read(fd, buffer, sizeof(buffer))) > 0) {
		inject_message(inject, span_make(buffer, (size_t)got));
		*ends_line = buffer[got - 1] == '\n';
	}
	fd_close(fd);
	return got == 0;
}

/* Writes the whole bounce. */
static bool
write_bounce(struct scribe *scribe, struct inject *inject,
    const struct scribe_order *order, enum bounce_kind kind, struct span to)
{
	struct str text = STR_INIT;
	bool ends_line = true, fine = true;

	bounce_add_head(
	    &text, clock_seconds(), str_span(&scribe->bounce_from), to, kind);
	inject_message(inject, str_span(&text));
	if (order->paragraph.len)
		inject_message(inject, order->paragraph);
	else
		fine = copy_file(inject,
		    queue_path(QUEUE_BOUNCE, order->number, scribe->split).s,
		    &ends_line);
	str_reset(&text);
	bounce_add_break(&text, order->sender);
	inject_message(inject, str_span(&text));
	ends_line = true;
	fine = fine &&
	    copy_file(inject,
		queue_path(QUEUE_MESS, order->number, scribe->split).s,
		&ends_line);
	if (!ends_line)
		inject_message(inject, SPAN("\n"));
	str_free(&text);
	return fine;
}

/* Queues the bounce; returns the process id of qmail-queue, 0 on failure. */
static pid_t
queue_bounce(struct scribe *scribe, const struct scribe_order *order)
{
	enum bounce_kind kind = bounce_kind_of(order->sender);
	struct span to = kind == BOUNCE_SINGLE ? bounce_recipient(order->sender)
					       : str_span(&scribe->double_to);
	struct inject inject;

	if (inject_open(&inject, home_dir) < 0)
		return 0;
	if (!write_bounce(scribe, &inject, order, kind, to))
		inject_break(&inject);
	inject_sender(&inject,
	    kind == BOUNCE_SINGLE ? SPAN("") : SPAN(BOUNCE_DOUBLE_SENDER));
	inject_recipient(&inject, to);
	return inject_close(&inject).letter == VERDICT_ACCEPTED ? inject.pid
								: 0;
}

static void
answer_inject(struct scribe *scribe, uint64_t number, pid_t qp)
{
	struct str text = STR_INIT;

	record_add_number(
	    &text, qp ? SCRIBE_INJECTED : SCRIBE_NOT_INJECTED, number);
	if (qp)
		record_add_number(&text, SCRIBE_QP, (uint64_t)qp);
	answer(scribe, &text);
}

/*
 * The bounce is queued: its text goes, so that it cannot be queued again.  If
 * it will not go, info tells.
 */
static void
drop_text(struct scribe *scribe, const struct scribe_order *order)
{
	struct queue_path path =
	    queue_path(QUEUE_BOUNCE, order->number, scribe->split);

	if (order->paragraph.len || unlink(path.s) == 0 || errno == ENOENT)
		return;
	if (info_mark_bounced(
		order->number, scribe->split, (int64_t)order->birth) < 0)
		errno = 0; /* then a restart queues it again */
}

/* In a process of its own: queues the bounce, and tells. */
NORETURN static void
work(struct scribe *scribe, const struct scribe_order *order, int tell_fd)
{
	pid_t qp = queue_bounce(scribe, order);

	if (qp)
		drop_text(scribe, order);
	/* In one piece, so small is it. */
	(void)!fd_write(tell_fd, span_make((const char *)&qp, sizeof(qp)));
	_exit(0);
}

/* Hears a worker.  Returns whether it has ended. */
static bool
hear_worker(struct scribe *scribe, struct worker *worker)
{
	pid_t qp = 0;
	ssize_t got = fd_read(worker->fd, (char *)&qp, sizeof(qp));
	bool has_ended = got != sizeof(qp);
	int status;

	if (worker->number && !worker->has_told)
		answer_inject(scribe, worker->number, has_ended ? 0 : qp);
	worker->has_told = true;
	if (has_ended) {
		fd_close(worker->fd);
		(void)!spawn_wait(worker->pid, &status); /* it told all */
	}
	return has_ended;
}

static void
hear_workers(struct scribe *scribe)
{
	size_t kept = 0;

	for (size_t i = 0; i < scribe->workers.len; i++) {
		struct worker worker = scribe->workers.at[i];

		if (!scribe->fds.at[1 + i].revents ||
		    !hear_worker(scribe, &worker))
			scribe->workers.at[kept++] = worker;
	}
	scribe->workers.len = kept;
}

static void
add_poll(struct scribe *scribe, int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	vec_push(&scribe->fds, poller);
}

/* Waits for workers, and for the peer if asked to.  Returns whether the peer
 * has something to say. */
static bool
wait_for_something(struct scribe *scribe, bool hears_peer)
{
	scribe->fds.len = 0;
	add_poll(scribe, hears_peer ? scribe->peer : -1);
	for (size_t i = 0; i < scribe->workers.len; i++)
		add_poll(scribe, scribe->workers.at[i].fd);
	if (signal_poll(scribe->fds.at, scribe->fds.len, -1) <= 0)
		return false;
	hear_workers(scribe);
	return scribe->fds.at[0].revents != 0;
}

/*
 * Forks a worker; if there are as many as may be, when one of them has ended.
 *   tell_fd   receives, in the child, where to tell
 * Returns as fork does.
 */
static pid_t
fork_worker(struct scribe *scribe, uint64_t number, int *tell_fd)
{
	struct worker worker = { .number = number };
	int ends[2];

	while (scribe->workers.len >= WORKERS_MAX)
		(void)wait_for_something(scribe, false);
	if (fd_pipe(ends) < 0)
		return -1;
	worker.fd = ends[0];
	*tell_fd = ends[1];
	worker.pid = fork();
	if (worker.pid == 0)
		return 0;
	fd_close(ends[1]);
	if (worker.pid > 0)
		vec_push(&scribe->workers, worker);
	else
		fd_close(ends[0]);
	return worker.pid;
}

/* A process for each bounce: none waits for the disk behind another. */
static void
serve_inject(struct scribe *scribe, struct span record)
{
	struct scribe_order order;
	int tell_fd;
	pid_t pid;

	if (!parse_inject(record, &order))
		_exit(111);
	pid = fork_worker(scribe, order.number, &tell_fd);
	if (pid == 0)
		work(scribe, &order, tell_fd);
	if (pid < 0)
		answer_inject(scribe, order.number, 0);
}

/*
 * Queues a notice to the postmaster, as a double bounce goes.  Nobody waits
 * for it, and if it cannot be queued the log has told.
 */
static void
serve_notice(struct scribe *scribe, struct span record)
{
	struct str text = STR_INIT;
	struct span words, to = str_span(&scribe->double_to);
	struct inject inject;
	uint64_t number;
	int tell_fd;
	pid_t pid = -1;

	if (record_next_number(&record, SCRIBE_NOTICE, INT64_MAX, &number) &&
	    record_next_is(&record, SCRIBE_PARAGRAPH, &words))
		pid = fork_worker(scribe, 0, &tell_fd);
	if (pid != 0)
		return;
	if (inject_open(&inject, home_dir) < 0)
		_exit(111);
	bounce_add_notice(
	    &text, clock_seconds(), str_span(&scribe->bounce_from), to, words);
	inject_message(&inject, str_span(&text));
	inject_sender(&inject, SPAN(BOUNCE_DOUBLE_SENDER));
	inject_recipient(&inject, to);
	_exit(inject_close(&inject).letter == VERDICT_ACCEPTED ? 0 : 111);
}

static void
serve(struct scribe *scribe, struct span record)
{
	switch (record.s[0]) {
	case SCRIBE_APPEND:
		serve_append(scribe, record);
		break;
	case SCRIBE_INJECT:
		serve_inject(scribe, record);
		break;
	default:
		serve_notice(scribe, record);
	}
}

NORETURN static void
run(struct scribe *scribe)
{
	static char record[FDPASS_RECORD_MAX];

	for (;;) {
		ssize_t got;

		if (scribe->workers.len && !wait_for_something(scribe, true))
			continue;
		got =
		    fdpass_receive(scribe->peer, record, sizeof(record), NULL);
		if (got <= 0)
			_exit(0);
		serve(scribe, span_make(record, (size_t)got));
	}
}

static int
read_controls(struct scribe *scribe)
{
	if (control_read_mailbox(&scribe->bounce_from, "control/bouncefrom",
		"MAILER-DAEMON", "control/bouncehost", "bouncehost") < 0 ||
	    control_read_mailbox(&scribe->double_to, "control/doublebounceto",
		"postmaster", "control/doublebouncehost",
		"doublebouncehost") < 0)
		return -1;
	scribe->syncs_folders = access("control/syncfolders", F_OK) == 0;
	return 0;
}

/* Forgets all that belongs to qmail-send alone.  What its handlers of TERM, HUP
 * and ALRM note, nobody here looks at. */
static void
become_scribe(void)
{
	signal_default(SIGCHLD); /* who started us may have ignored it */
	signal_unblock_all();
	for (int i = 0; i < DAEMONS_LINKS; i++)
		fd_close(DAEMONS_FIRST_LINK_FD + i);
}

int
scribe_start(void)
{
	struct scribe scribe = { .split = QUEUE_SPLIT_DEFAULT };
	int ends[2];
	pid_t pid;

	if (read_controls(&scribe) < 0 || fd_pair(ends) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		fd_close(ends[0]);
		become_scribe();
		if (chdir(home_queue_dir) < 0 ||
		    queue_split_read(&scribe.split) < 0)
			_exit(111);
		scribe.peer = ends[1];
		run(&scribe);
	}
	fd_close(ends[1]);
	str_free(&scribe.bounce_from);
	str_free(&scribe.double_to);
	if (pid > 0)
		return ends[0];
	fd_close(ends[0]);
	return -1;
}
