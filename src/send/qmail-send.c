/*
 * qmail-send.c - manages the queue: decides what is delivered when, and what
 * becomes of it.
 * Runs as   qmails, one process and its scribe; qmail-start becomes it.
 * Reads     words of qmail-todo, reports of the spawners, answers of
 *           qmail-clean, each on its socket, trusted as far as typed; info,
 *           local, remote; control files at its start and on HUP.
 * Writes    orders to all of them; marks in local and remote; the log on
 *           fd 1.
 * Execs     nothing itself; its scribe runs qmail-queue for bounces.
 * Source    qmail-send(8), qmail-log(5).
 *
 * The loop never waits for a disk, nor for another process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "config/control.h"
#include "config/home.h"
#include "queue/daemons.h"
#include "queue/path.h"
#include "queue/record.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/lock.h"
#include "sys/signal.h"

#include "send.h"
#include "sorted.h"

#define CONCURRENCY_MAX	  1000000 /* deliveries at once */
#define LIFETIME_DEFAULT  604800  /* seconds in the queue; a week */
#define DATAGRAMS_AT_ONCE 64	  /* from one peer in one turn of the loop */
#define MEMORY_PAUSE	  10	  /* seconds until memory is asked for again */
#define FLUSH_TIMEOUT	  1000	  /* milliseconds for the log at the end */
#define CLOCK_STEP	  600	  /* seconds back that change nothing */

static volatile sig_atomic_t got_term, got_hangup, got_alarm;

static void
on_signal(int number)
{
	if (number == SIGTERM)
		got_term = 1;
	else if (number == SIGHUP)
		got_hangup = 1;
	else
		got_alarm = 1;
}

static void
on_no_memory(void)
{
	/* A line without memory; when it cannot be written, so be it. */
	if (fd_write(DAEMONS_LOG_FD, SPAN("alert: out of memory\n")) < 0)
		errno = 0;
	(void)sleep(MEMORY_PAUSE);
}

NORETURN static void
cannot_start(struct send *send, const char *why)
{
	send_log_z(send, "alert: cannot start: ");
	send_log_line(send, why);
	send_log_flush(send);
	_exit(111);
}

/* ---- control files ---- */

static int
read_limits(struct send *send)
{
	uint64_t local = 10, remote = 20;

	if (control_read_number(
		"control/concurrencylocal", CONCURRENCY_MAX, &local) < 0 ||
	    control_read_number(
		"control/concurrencyremote", CONCURRENCY_MAX, &remote) < 0)
		return -1;
	send->channels[CHANNEL_LOCAL].limit = local;
	send->channels[CHANNEL_REMOTE].limit = remote;
	return 0;
}

static int
read_controls(struct send *send)
{
	const char *culprit;

	send->lifetime = LIFETIME_DEFAULT;
	if (control_read_line("control/me", &send->me) < 0 ||
	    routing_read(&send->routing, NULL, &culprit) < 0 ||
	    control_read_number(
		"control/queuelifetime", UINT32_MAX, &send->lifetime) < 0)
		return -1;
	return read_limits(send);
}

/* On HUP: what cannot be read stays as it was.  qmail-todo, which routes, says
 * so in the log. */
static void
reread_controls(struct send *send)
{
	struct routing fresh = ROUTING_INIT;
	const char *culprit;

	got_hangup = 0;
	record_add(&send->todo.words, SORTED_REREAD, SPAN(""));
	if (chdir(home_dir) < 0)
		return;
	if (routing_read(&fresh, str_z(&send->me), &culprit) == 0) {
		routing_free(&send->routing);
		send->routing = fresh;
	}
	if (read_limits(send) < 0)
		send_log_line(
		    send, "alert: unable to reread control/concurrency");
	if (chdir(home_queue_dir) < 0) {
		/* Nothing can be done from here, not even an orderly end. */
		send_log_line(send,
		    "alert: unable to switch back to queue directory! "
		    "dying...");
		send_log_flush(send);
		_exit(111);
	}
}

/* ---- start ---- */

static void
take_mutex(struct send *send)
{
	int fd = open("lock/sendmutex", O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		cannot_start(send, "unable to open mutex");
	if (lock_try(fd) < 0)
		cannot_start(send, "qmail-send is already running");
}

static void
open_links(struct send *send)
{
	struct link *links[DAEMONS_LINKS] = { [DAEMONS_TODO] = &send->todo,
		[DAEMONS_LSPAWN] = &send->channels[CHANNEL_LOCAL].link,
		[DAEMONS_RSPAWN] = &send->channels[CHANNEL_REMOTE].link,
		[DAEMONS_CLEAN] = &send->clean };

	for (int i = 0; i < DAEMONS_LINKS; i++)
		if (link_init(links[i], DAEMONS_FIRST_LINK_FD + i) < 0)
			cannot_start(send, "qmail-start did not start me");
}

static void
set_up(struct send *send)
{
	int scribe_fd;

	signal_ignore(SIGPIPE);
	signal_catch(SIGTERM, on_signal);
	signal_catch(SIGHUP, on_signal);
	signal_catch(SIGALRM, on_signal);
	signal_block_set((const int[]){ SIGTERM, SIGHUP, SIGALRM, 0 });
	send->now = clock_seconds();
	if (chdir(home_dir) < 0 || read_controls(send) < 0)
		cannot_start(send, "unable to read controls");
	open_links(send);
	if ((scribe_fd = scribe_start()) < 0 ||
	    link_init(&send->scribe, scribe_fd) < 0)
		cannot_start(send, "unable to start the scribe");
	if (chdir(home_queue_dir) < 0 || queue_split_read(&send->split) < 0)
		cannot_start(send, "unable to switch to queue directory");
	take_mutex(send);
	record_add(&send->todo.words, SORTED_BEGIN, SPAN(""));
	if (load_begin(send) < 0)
		cannot_start(send, "unable to read the queue");
	send_log_status(send);
}

/* ---- the loop ---- */

static void
begin_exit(struct send *send)
{
	if (send->exits_asap)
		return;
	send->exits_asap = true;
	record_add(&send->todo.words, SORTED_STOP, SPAN(""));
}

/* A daemon is gone: finish what goes on without it, then end, so that the
 * supervisor starts all again. */
static void
lose(struct send *send, struct link *link, const char *alert)
{
	link_close(link);
	send_log_line(send, alert);
	begin_exit(send);
}

/*
 * Receives what a peer has to say: one datagram, and more in each turn in
 * which it goes on, so that neither a quiet peer costs a call too many nor a
 * busy one a poll for each.  Without `hear` it is a spawner of the channel.
 * Returns false when the peer is gone.
 */
static bool
receive(struct send *send, struct link *link, enum channel_id channel,
    void (*hear)(struct send *, struct span))
{
	static char record[FDPASS_RECORD_MAX];

	for (unsigned i = 0; i < link->burst; i++) {
		ssize_t got =
		    fdpass_receive(link->fd, record, sizeof(record), NULL);
		struct span text;

		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			link->burst = 1;
			return true;
		}
		if (got <= 0)
			return false;
		text = span_make(record, (size_t)got);
		if (hear)
			hear(send, text);
		else
			deliver_hear(send, channel, text);
	}
	if (link->burst < DATAGRAMS_AT_ONCE)
		link->burst *= 2;
	return true;
}

enum poll_place {
	POLL_LOG,
	POLL_TODO,
	POLL_CLEAN,
	POLL_SCRIBE,
	POLL_CHANNELS,
	POLL_PLACES = POLL_CHANNELS + CHANNELS
};

static struct pollfd
poll_link(const struct link *link)
{
	return (struct pollfd){ .fd = link->fd,
		.events =
		    (short)(POLLIN | (link_is_waiting(link) ? POLLOUT : 0)) };
}

/* Hears a link, if it has something to say; see receive. */
static void
hear_link(struct send *send, struct link *link, const struct pollfd *poller,
    enum channel_id channel, void (*hear)(struct send *, struct span),
    const char *alert)
{
	if (!poller->revents)
		link->burst = 1;
	else if (!receive(send, link, channel, hear))
		lose(send, link, alert);
}

static void
hear_all(struct send *send, const struct pollfd *fds)
{
	if (fds[POLL_LOG].revents)
		send_log_flush(send);
	hear_link(send, &send->todo, &fds[POLL_TODO], 0, job_hear_todo,
	    "alert: oh no! lost qmail-todo connection! dying...");
	hear_link(send, &send->clean, &fds[POLL_CLEAN], 0, job_hear_clean,
	    "alert: oh no! lost qmail-clean connection! dying...");
	hear_link(send, &send->scribe, &fds[POLL_SCRIBE], 0, scribe_hear,
	    "alert: oh no! lost the scribe! dying...");
	for (int i = 0; i < CHANNELS; i++)
		hear_link(send, &send->channels[i].link,
		    &fds[POLL_CHANNELS + i], (enum channel_id)i, NULL,
		    "alert: oh no! lost spawn connection! dying...");
}

static int64_t
next_event(const struct send *send)
{
	int64_t next = pass_next_event(send), other = load_next_event(send);

	if (other < next)
		next = other;
	if (send->clean_again.len && send->clean_again_at < next)
		next = send->clean_again_at;
	return next;
}

/* All times are those of the clock.  When it was set back they would be far
 * away: then everything is due, once, as after ALRM. */
static void
look_at_clock(struct send *send)
{
	int64_t old = send->now;

	send->now = clock_seconds();
	if (send->now > old - CLOCK_STEP)
		return;
	send_log_line(send, "warning: the clock was set back");
	for (int i = 0; i < CHANNELS; i++)
		heap_set_all(&send->channels[i].waiting, send->now);
	heap_set_all(&send->finishing, send->now);
	send->next_sweep = send->clean_again_at = send->now;
}

static void
wait_for_something(struct send *send)
{
	struct pollfd fds[POLL_PLACES];
	int64_t next = next_event(send), wait = -1;

	fds[POLL_LOG] =
	    (struct pollfd){ .fd = send->log.len ? DAEMONS_LOG_FD : -1,
		    .events = POLLOUT };
	fds[POLL_TODO] = poll_link(&send->todo);
	fds[POLL_CLEAN] = poll_link(&send->clean);
	fds[POLL_SCRIBE] = poll_link(&send->scribe);
	for (int i = 0; i < CHANNELS; i++)
		fds[POLL_CHANNELS + i] = poll_link(&send->channels[i].link);
	if (next <= send->now)
		wait = 0;
	else if (next - send->now < 86400)
		wait = (next - send->now) * 1000;
	else if (next != INT64_MAX)
		wait = 86400 * 1000;
	if (send->finished.len && (wait < 0 || wait > SEND_HOLD_MS))
		wait = SEND_HOLD_MS;
	if (signal_poll(fds, POLL_PLACES, wait) > 0)
		hear_all(send, fds);
	look_at_clock(send);
}

static void
heed_signals(struct send *send)
{
	if (got_hangup)
		reread_controls(send);
	if (got_alarm) {
		got_alarm = 0;
		send->loads_due = send->loading.len > 0;
		for (int i = 0; i < CHANNELS; i++)
			heap_set_all(&send->channels[i].waiting, send->now);
	}
	if (got_term)
		begin_exit(send);
}

static void
clean_again(struct send *send)
{
	if (!send->clean_again.len || send->now < send->clean_again_at)
		return;
	for (size_t i = 0; i < send->clean_again.len; i++)
		job_order_clean(send, send->clean_again.at[i].letter,
		    send->clean_again.at[i].number);
	send->clean_again.len = 0;
}

static void
flush_links(struct send *send)
{
	link_flush(&send->todo);
	link_flush(&send->clean);
	link_flush(&send->scribe);
	for (int i = 0; i < CHANNELS; i++)
		link_flush(&send->channels[i].link);
}

/* Whether the end can come: nothing is at work that could still report. */
static bool
is_done(const struct send *send)
{
	if (!send->exits_asap)
		return false;
	for (int i = 0; i < CHANNELS; i++)
		if (send->channels[i].running &&
		    send->channels[i].link.fd != -1)
			return false;
	return (send->scribe.fd == -1 || send->scribe_orders == 0) &&
	    (send->todo.fd == -1 || send->parking == 0) &&
	    (send->clean.fd == -1 || send->clean_orders.len == 0);
}

static void
write_last_lines(struct send *send)
{
	struct pollfd poller = { .fd = DAEMONS_LOG_FD, .events = POLLOUT };

	send_log_line(send, "status: exiting");
	while (send->log.len && signal_poll(&poller, 1, FLUSH_TIMEOUT) > 0)
		send_log_flush(send);
}

int
main(void)
{
	static struct send send;

	must_hooks(111, on_no_memory);
	set_up(&send);
	for (;;) {
		heed_signals(&send);
		load_step(&send);
		load_sweep(&send);
		clean_again(&send);
		pass_run(&send);
		job_release(&send, send.exits_asap);
		if (is_done(&send))
			break;
		flush_links(&send);
		wait_for_something(&send);
	}
	pass_store_times(&send);
	write_last_lines(&send);
	_exit(0);
}
