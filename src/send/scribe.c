/*
 * scribe.c - a second process of qmail-send, which may wait for the disk while
 * the first never does: it appends failures to bounce/N, with an fsync, and
 * queues bounces and notices (scribe_mail.h).
 *
 * Runs as   qmails, forked by qmail-send at its start; ends with it.
 * Reads     orders on a socket; queue/bounce, queue/mess; control files when
 *           it is told to.
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
#include "config/home.h"
#include "queue/channel.h"
#include "queue/daemons.h"
#include "queue/info.h"
#include "queue/inject.h"
#include "queue/path.h"
#include "queue/record.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#include "scribe_controls.h"
#include "scribe_mail.h"
#include "scribe_patience.h"

#define BOUNCE_FILE_MODE 0600
#define WORKERS_MAX	 200 /* processes that queue at once */

/* What is to be answered when something is queued, or was not. */
struct scribe_question {
	const struct mail_kind *kind; /* NULL: nothing */
	uint64_t number;
	uint64_t channel; /* of SCRIBE_SUCCESSES */
};

/*
 * A process that queues a bounce, or a notice.  How that went is what it writes
 * into its pipe, not how it ends: so each order has one answer, whenever the
 * worker is killed.
 */
struct worker {
	pid_t pid;
	struct scribe_question question;
	int fd; /* here comes the id of qmail-queue, and its end */
	bool has_told;
};

struct scribe {
	int peer;
	VEC(struct worker) workers;
	VEC(struct pollfd) fds; /* the peer, and that of each worker */
	bool syncs_folders;
	struct scribe_mail mail;
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

/* What an order says of the message that it is about. */
static bool
parse_envelope(
    struct span *rest, enum scribe_word word, struct scribe_order *order)
{
	return record_next_number(
		   rest, (char)word, INT64_MAX, &order->number) &&
	    record_next_number(rest, SCRIBE_BIRTH, INT64_MAX, &order->birth) &&
	    record_next_is(rest, SCRIBE_SENDER, &order->sender) &&
	    record_next_optional(rest, SCRIBE_PARAMETERS, &order->parameters);
}

static bool
parse_inject(struct span rest, struct scribe_order *order)
{
	return parse_envelope(&rest, SCRIBE_INJECT, order) &&
	    record_next_optional(&rest, SCRIBE_PARAGRAPH, &order->paragraph);
}

static bool
parse_successes(struct span rest, struct scribe_order *order)
{
	if (!parse_envelope(&rest, SCRIBE_SUCCESSES, order) ||
	    !record_next_number(
		&rest, SCRIBE_CHANNEL, CHANNELS - 1, &order->channel))
		return false;
	order->paragraph = rest;
	return true;
}

static bool
parse_delays(struct span rest, struct scribe_order *order)
{
	if (!parse_envelope(&rest, SCRIBE_DELAYS, order) ||
	    !record_next_number(
		&rest, SCRIBE_UNTIL, INT64_MAX, &order->retry_until))
		return false;
	order->paragraph = rest;
	return true;
}

static bool
parse_notice(struct span rest, struct scribe_order *order)
{
	return record_next_number(
		   &rest, SCRIBE_NOTICE, INT64_MAX, &order->number) &&
	    record_next_is(&rest, SCRIBE_PARAGRAPH, &order->paragraph);
}

static void
answer(struct scribe *scribe, struct str *text)
{
	/* Who is gone hears nothing; but what it ordered is carried out. */
	if (fdpass_say(scribe->peer, str_span(text)) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		_exit(0);
	str_free(text);
}

/* Has a file of a message survive a power cut, also with a name that is new.
 * Returns 0, -1 with errno. */
static int
sync_file(const struct scribe *scribe, enum queue_folder folder,
    uint64_t number, int fd)
{
	if (file_sync(fd) < 0)
		return -1;
	return scribe->syncs_folders
	    ? file_sync_folder(
		  queue_path_folder(folder, number % scribe->mail.split).s)
	    : 0;
}

/*
 * Appends to bounce/N.  What could not be appended whole is taken back: the
 * recipient may get the message at the next try, and then nothing must bounce.
 * The lock keeps away what a scribe of a qmail-send that is gone takes back.
 */
static bool
append(struct scribe *scribe, const struct scribe_order *order)
{
	struct queue_path path =
	    queue_path(QUEUE_BOUNCE, order->number, scribe->mail.split);
	int fd = file_append(path.s, BOUNCE_FILE_MODE);
	off_t old_len;
	bool fine;

	if (fd < 0 || lock_try(fd) < 0 || !file_has_name(fd, path.s)) {
		fd_close(fd);
		return false;
	}
	old_len = lseek(fd, 0, SEEK_END);
	fine = old_len >= 0 && fd_write_all(fd, order->paragraph) == 0 &&
	    sync_file(scribe, QUEUE_BOUNCE, order->number, fd) == 0;
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

/* Returns 0, -1 with errno. */
static int
sync_info(const struct scribe *scribe, uint64_t number)
{
	int fd = file_open_nofollow(
	    queue_path(QUEUE_INFO, number, scribe->mail.split).s);
	int result = fd < 0 ? -1 : sync_file(scribe, QUEUE_INFO, number, fd);

	fd_close(fd);
	return result;
}

static void
serve_sync(struct scribe *scribe, struct span record)
{
	struct str text = STR_INIT;
	uint64_t number, channel;

	if (!record_next_number(&record, SCRIBE_SYNC, INT64_MAX, &number) ||
	    !record_next_number(
		&record, SCRIBE_CHANNEL, CHANNELS - 1, &channel))
		_exit(111);
	if (sync_info(scribe, number) == 0) {
		record_add_number(&text, SCRIBE_SYNCED, number);
		record_add_number(&text, SCRIBE_CHANNEL, channel);
	} else {
		record_add_number(&text, SCRIBE_NOT_SYNCED, number);
	}
	answer(scribe, &text);
}

/* The words of an answer to each kind of mail. */
static const struct mail_kind {
	enum scribe_word order, done, not_done;
	bool (*parse)(struct span rest, struct scribe_order *order);
	bool
	    is_notice; /* refused for good, it is over; a bounce is tried again */
} mail_kinds[] = {
	{ SCRIBE_INJECT, SCRIBE_INJECTED, SCRIBE_NOT_INJECTED, parse_inject,
	    false },
	{ SCRIBE_SUCCESSES, SCRIBE_APPENDED, SCRIBE_NOT_APPENDED,
	    parse_successes, true },
	{ SCRIBE_DELAYS, SCRIBE_TOLD, SCRIBE_NOT_TOLD, parse_delays, true },
};

/* Answers when something was queued, by the process qp, or was not: 0. */
static void
answer_question(
    struct scribe *scribe, const struct scribe_question *question, pid_t qp)
{
	const struct mail_kind *kind = question->kind;
	struct str text = STR_INIT;
	bool is_over;

	if (!kind)
		return;
	is_over = qp > 0 || (kind->is_notice && qp == SCRIBE_MAIL_REFUSED);
	record_add_number(&text,
	    is_over ? (char)kind->done : (char)kind->not_done,
	    question->number);
	if (kind->order == SCRIBE_SUCCESSES)
		record_add_number(&text, SCRIBE_CHANNEL, question->channel);
	if (is_over || kind->order == SCRIBE_SUCCESSES)
		record_add_number(&text, SCRIBE_QP, qp > 0 ? (uint64_t)qp : 0);
	answer(scribe, &text);
}

/*
 * Claims the text of a bounce until this process ends.  Another that has it may
 * be of a scribe that is gone, whose worker still waits for qmail-queue.
 * Returns false if it is another's.
 */
static bool
claim_text(const struct scribe *scribe, const struct scribe_order *order)
{
	int fd;

	if (order->paragraph.len)
		return true;
	fd = file_open_nofollow(
	    queue_path(QUEUE_BOUNCE, order->number, scribe->mail.split).s);
	return fd >= 0 && lock_try(fd) == 0;
}

/*
 * The bounce is queued: its text goes, so that it cannot be queued again.  If
 * it will not go, info tells.
 */
static void
drop_text(struct scribe *scribe, const struct scribe_order *order)
{
	struct queue_path path =
	    queue_path(QUEUE_BOUNCE, order->number, scribe->mail.split);

	if (order->paragraph.len || unlink(path.s) == 0 || errno == ENOENT)
		return;
	if (info_mark_bounced(
		order->number, scribe->mail.split, (int64_t)order->birth) < 0)
		errno = 0; /* then a restart queues it again */
}

/* In a process of its own: does what the order says, and tells. */
NORETURN static void
work(struct scribe *scribe, const struct mail_kind *kind,
    const struct scribe_order *order, int tell_fd)
{
	pid_t qp;

	if (!kind) {
		qp = scribe_mail_notice(&scribe->mail, order);
	} else if (kind->is_notice) {
		qp = scribe_mail_statuses(&scribe->mail, order);
	} else {
		qp = claim_text(scribe, order)
		    ? scribe_mail_bounce(&scribe->mail, order)
		    : 0;
		if (qp > 0)
			drop_text(scribe, order);
	}
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

	if (!worker->has_told)
		answer_question(scribe, &worker->question, has_ended ? 0 : qp);
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
fork_worker(
    struct scribe *scribe, const struct scribe_question *question, int *tell_fd)
{
	struct worker worker = { .question = *question };
	int ends[2];

	while (scribe->workers.len >= WORKERS_MAX)
		(void)wait_for_something(scribe, false);
	if (fd_pipe(ends) < 0)
		return -1;
	worker.fd = ends[0];
	*tell_fd = ends[1];
	worker.pid = fork();
	if (worker.pid == 0) {
		for (size_t i = 0; i < scribe->workers.len; i++)
			fd_close(scribe->workers.at[i].fd);
		fd_close(ends[0]);
		/* Else nobody would see that the scribe is gone. */
		fd_close(scribe->peer);
		if (scribe_patience_begin(scribe->mail.patience,
			!inject_takes_parameters(home_dir)) < 0)
			_exit(111);
		return 0;
	}
	fd_close(ends[1]);
	if (worker.pid > 0)
		vec_push(&scribe->workers, worker);
	else
		fd_close(ends[0]);
	return worker.pid;
}

/* Where that cannot be told it does no harm. */
static bool
wants_folders_synced(void)
{
	return access("control/syncfolders", F_OK) == 0 || errno != ENOENT;
}

/* Reads the control files again; qmail-send has its log tell if one cannot be
 * read.  All stay as they were then. */
static void
serve_reread(struct scribe *scribe)
{
	const char *culprit = "controls";
	struct str line = STR_INIT, text = STR_INIT;

	if (chdir(home_dir) == 0 &&
	    scribe_controls_read(&scribe->mail, &culprit) == 0) {
		scribe->syncs_folders = wants_folders_synced();
	} else {
		str_add_z(&line, "unable to reread ");
		str_add_z(&line, culprit);
		record_add(&text, SCRIBE_ALERT, str_span(&line));
		answer(scribe, &text);
		str_free(&line);
	}
	if (chdir(home_queue_dir) < 0)
		_exit(111);
}

/* A process for each message: none waits for the disk behind another. */
static void
serve_mail(struct scribe *scribe, const struct mail_kind *kind,
    const struct scribe_order *order)
{
	struct scribe_question question = { kind, order->number,
		order->channel };
	int tell_fd;
	pid_t pid = fork_worker(scribe, &question, &tell_fd);

	if (pid == 0)
		work(scribe, kind, order, tell_fd);
	if (pid < 0)
		answer_question(scribe, &question, 0);
}

/*
 * Whether an order is one that the next qmail-send gives again, for this one is
 * gone and marks nothing more: a failure, a bounce.  Of successes, delays and
 * what is lost it tells once, so these are carried out.
 */
static bool
is_left_to_next(const struct scribe *scribe, struct span record)
{
	struct pollfd peer = { .fd = scribe->peer };

	return (record.s[0] == SCRIBE_APPEND || record.s[0] == SCRIBE_INJECT) &&
	    signal_poll(&peer, 1, 0) > 0;
}

static void
serve(struct scribe *scribe, struct span record)
{
	struct scribe_order order = { .number = 0 };

	if (is_left_to_next(scribe, record))
		return;
	if (record.s[0] == SCRIBE_APPEND) {
		serve_append(scribe, record);
		return;
	}
	if (record.s[0] == SCRIBE_SYNC) {
		serve_sync(scribe, record);
		return;
	}
	if (record.s[0] == SCRIBE_REREAD) {
		serve_reread(scribe);
		return;
	}
	for (size_t i = 0; i < sizeof(mail_kinds) / sizeof(*mail_kinds); i++) {
		if (record.s[0] != (char)mail_kinds[i].order)
			continue;
		if (!mail_kinds[i].parse(record, &order))
			_exit(111);
		serve_mail(scribe, &mail_kinds[i], &order);
		return;
	}
	/* Nobody waits for a notice, and if it cannot be queued the log has
	 * told. */
	if (parse_notice(record, &order))
		serve_mail(scribe, NULL, &order);
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
scribe_start(const struct scribe_mail *mail)
{
	struct scribe scribe = { .mail = *mail };
	int ends[2];
	pid_t pid;

	scribe.syncs_folders = wants_folders_synced();
	if (fd_pair(ends) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		fd_close(ends[0]);
		become_scribe();
		if (chdir(home_queue_dir) < 0 ||
		    queue_split_read(&scribe.mail.split) < 0)
			_exit(111);
		scribe.peer = ends[1];
		run(&scribe);
	}
	fd_close(ends[1]);
	if (pid > 0)
		return ends[0];
	fd_close(ends[0]);
	return -1;
}
