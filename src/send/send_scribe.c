/*
 * send_scribe.c - a second process of qmail-send, which may wait for the disk
 * while the first never does: it appends failures to bounce/N, with an fsync,
 * and queues bounces.
 *
 * Runs as   qmails, forked by qmail-send at its start; ends with it.
 * Reads     orders on a socket; queue/bounce, queue/mess; control files at
 *           its start.
 * Writes    queue/bounce; answers.
 * Execs     qmail-queue, or $QMAILQUEUE.
 *
 * Orders:   A number, C channel, O position, X paragraph  append to bounce/N
 *           I number, F sender {X paragraph}       queue the bounce; without
 *                                                  paragraph from bounce/N
 * Answers:  a number, C channel, O position        appended
 *           i number, Q qp                         queued
 *           f number, C channel, O position        could not append
 *           g number                               could not queue
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "config/control.h"
#include "config/home.h"
#include "mail/bounce.h"
#include "queue/daemons.h"
#include "queue/inject.h"
#include "queue/path.h"
#include "queue/record.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/file.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#include "scribe.h"
#include "waiting.h"

#define BOUNCE_FILE_MODE 0600
#define REAP_MS		 5000 /* a worker that was killed is missed after this */

/* A process that queues the bounce of a message. */
struct worker {
	pid_t pid;
	uint64_t number;
};

struct scribe {
	int peer;
	VEC(struct worker) workers;
	uint64_t split;
	bool syncs_folders;
	struct str bounce_from; /* bouncefrom@bouncehost */
	struct str double_to;	/* doublebounceto@doublebouncehost */
};

/* An order, or an answer: the words that follow its letter. */
struct scribe_order {
	uint64_t number, channel, position;
	struct span sender, paragraph;
};

static bool
parse_append(struct span rest, struct scribe_order *order)
{
	return record_next_number(
		   &rest, SCRIBE_APPEND, INT64_MAX, &order->number) &&
	    record_next_number(
		&rest, SCRIBE_CHANNEL, CHANNELS - 1, &order->channel) &&
	    record_next_number(
		&rest, SCRIBE_POSITION, INT64_MAX, &order->position) &&
	    record_next_is(&rest, SCRIBE_PARAGRAPH, &order->paragraph);
}

static bool
parse_inject(struct span rest, struct scribe_order *order)
{
	order->paragraph = SPAN("");
	return record_next_number(
		   &rest, SCRIBE_INJECT, INT64_MAX, &order->number) &&
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

/* Writes a paragraph so that it survives a power cut. */
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

	must(parse_append(record, &order));
	record_add_number(&text,
	    append(scribe, &order) ? SCRIBE_APPENDED : SCRIBE_NOT_APPENDED,
	    order.number);
	record_add_number(&text, SCRIBE_CHANNEL, order.channel);
	record_add_number(&text, SCRIBE_POSITION, order.position);
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

/* A process for each bounce: none waits for the disk behind another. */
static void
serve_inject(struct scribe *scribe, struct span record)
{
	struct scribe_order order;
	struct worker worker;

	must(parse_inject(record, &order));
	worker = (struct worker){ fork(), order.number };
	if (worker.pid == 0) {
		answer_inject(
		    scribe, order.number, queue_bounce(scribe, &order));
		_exit(0);
	}
	if (worker.pid > 0)
		vec_push(&scribe->workers, worker);
	else
		answer_inject(scribe, order.number, 0);
}

/* Collects workers; for one that was killed the answer is given here. */
static void
reap_workers(struct scribe *scribe)
{
	int status;
	pid_t pid;

	while ((pid = spawn_reap(&status)) > 0)
		for (size_t i = 0; i < scribe->workers.len; i++) {
			struct worker worker = scribe->workers.at[i];

			if (worker.pid != pid)
				continue;
			scribe->workers.at[i] =
			    scribe->workers.at[--scribe->workers.len];
			if (spawn_exit_code(status) != 0)
				answer_inject(scribe, worker.number, 0);
			break;
		}
}

NORETURN static void
run(struct scribe *scribe)
{
	static char record[FDPASS_RECORD_MAX];

	for (;;) {
		struct pollfd poller = { .fd = scribe->peer, .events = POLLIN };
		ssize_t got;

		if (scribe->workers.len) {
			int ready = signal_poll(&poller, 1, REAP_MS);

			reap_workers(scribe);
			if (!ready)
				continue;
		}
		got =
		    fdpass_receive(scribe->peer, record, sizeof(record), NULL);
		if (got <= 0)
			_exit(0);
		if (record[0] == SCRIBE_APPEND)
			serve_append(scribe, span_make(record, (size_t)got));
		else
			serve_inject(scribe, span_make(record, (size_t)got));
	}
}

/* One mailbox out of two control files. */
static int
read_mailbox(struct str *mailbox, const char *box_file, const char *box,
    const char *host_file, const char *host)
{
	struct str part = STR_INIT;
	int result = -1;

	str_set(&part, span_of(box));
	if (control_read_line(box_file, &part) < 0)
		goto done;
	str_set(mailbox, str_span(&part));
	if (control_read_line_or_me(host_file, &part, host) < 0)
		goto done;
	str_add_byte(mailbox, '@');
	str_add(mailbox, str_span(&part));
	result = 0;
done:
	str_free(&part);
	return result;
}

static int
read_controls(struct scribe *scribe)
{
	if (read_mailbox(&scribe->bounce_from, "control/bouncefrom",
		"MAILER-DAEMON", "control/bouncehost", "bouncehost") < 0 ||
	    read_mailbox(&scribe->double_to, "control/doublebounceto",
		"postmaster", "control/doublebouncehost",
		"doublebouncehost") < 0)
		return -1;
	scribe->syncs_folders = access("control/syncfolders", F_OK) == 0;
	return 0;
}

/* Forgets all that belongs to qmail-send alone. */
static void
become_scribe(void)
{
	signal_ignore(SIGTERM);
	signal_ignore(SIGHUP);
	signal_ignore(SIGALRM);
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

/* ---- in qmail-send ---- */

void
scribe_record(struct send *send, const struct job *job, enum channel_id channel,
    uint64_t position, struct span paragraph)
{
	struct str text = STR_INIT;

	record_add_number(&text, SCRIBE_APPEND, job->number);
	record_add_number(&text, SCRIBE_CHANNEL, channel);
	record_add_number(&text, SCRIBE_POSITION, position);
	record_add(&text, SCRIBE_PARAGRAPH, paragraph);
	send->scribe_orders++;
	link_send(&send->scribe, str_span(&text), -1);
	str_free(&text);
}

void
scribe_inject(struct send *send, const struct job *job)
{
	struct str text = STR_INIT;

	record_add_number(&text, SCRIBE_INJECT, job->number);
	record_add(&text, SCRIBE_SENDER, str_span(&job->sender));
	if (job->is_straight)
		record_add(&text, SCRIBE_PARAGRAPH, str_span(&job->failure));
	send->scribe_orders++;
	link_send(&send->scribe, str_span(&text), -1);
	str_free(&text);
}

/* A failure is in bounce/N, or could not be put there. */
static void
hear_append(struct send *send, struct span rest, bool done)
{
	struct job *job;
	uint64_t number, channel, position;

	must(record_next_number(&rest,
		 done ? SCRIBE_APPENDED : SCRIBE_NOT_APPENDED, INT64_MAX,
		 &number) &&
	    record_next_number(&rest, SCRIBE_CHANNEL, CHANNELS - 1, &channel) &&
	    record_next_number(&rest, SCRIBE_POSITION, INT64_MAX, &position));
	job = job_find(send, number);
	must(job != NULL);
	if (done)
		deliver_mark(send, job, (enum channel_id)channel, position);
	else
		send_log_trouble(send, "unable to append to", "bounce", number,
		    "; will try the recipient again later");
	job->channels[channel].recording--;
	job->channels[channel].running--;
	job_settle(send, job, (enum channel_id)channel);
}

static void
hear_inject(struct send *send, struct span rest)
{
	struct job *job;
	uint64_t number, qp;

	must(record_next_number(&rest, SCRIBE_INJECTED, INT64_MAX, &number) &&
	    record_next_number(&rest, SCRIBE_QP, INT64_MAX, &qp));
	job = job_find(send, number);
	must(job && job->state == JOB_BOUNCING);
	send_log_z(send, "bounce msg ");
	send_log_u64(send, number);
	send_log_z(send, " qp ");
	send_log_u64(send, qp);
	send_log_end(send);
	job_remove(send, job);
}

static void
hear_not_injected(struct send *send, struct span rest)
{
	struct job *job;
	uint64_t number;

	must(
	    record_next_number(&rest, SCRIBE_NOT_INJECTED, INT64_MAX, &number));
	job = job_find(send, number);
	must(job && job->state == JOB_BOUNCING);
	send_log_line(
	    send, "warning: trouble injecting bounce message, will try later");
	heap_add(&send->finishing,
	    (struct heap_entry){ send->now + SEND_SYSTEM_RETRY, number });
	if (job->is_straight)
		job->state = JOB_ACTIVE;
	else
		job_free(send, job);
}

void
scribe_hear(struct send *send, struct span record)
{
	must(send->scribe_orders > 0);
	send->scribe_orders--;
	switch (record.s[0]) {
	case SCRIBE_APPENDED:
	case SCRIBE_NOT_APPENDED:
		hear_append(send, record, record.s[0] == SCRIBE_APPENDED);
		break;
	case SCRIBE_INJECTED:
		hear_inject(send, record);
		break;
	default:
		hear_not_injected(send, record);
	}
}
