/*
 * qmail-send.c - manages the queue: decides what is delivered when, and what
 * becomes of it.
 * Runs as   qmails, one process and its scribe; qmail-start becomes it.
 * Reads     words of qmail-todo, reports of the spawners, answers of
 *           qmail-clean, each on its socket, trusted as far as typed; info,
 *           local, remote; control files at its start and on HUP.
 * Writes    orders to all of them; marks in local, remote and info; the log
 *           on fd 1.
 * Execs     nothing itself; its scribe runs qmail-queue for bounces.
 * Source    qmail-send(8), qmail-log(5).
 *
 * The loop never waits for a disk, nor for another process.  The parts hear
 * the peers and make events; here stands what each event means.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/must.h"
#include "config/home.h"
#include "queue/clean.h"
#include "queue/daemons.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/lock.h"
#include "sys/signal.h"

#include "controls.h"
#include "life.h"
#include "orders.h"
#include "scribe.h"
#include "send.h"
#include "slots.h"
#include "sorted.h"
#include "times.h"

#define DATAGRAMS_AT_ONCE 64   /* from one peer in one turn of the loop */
#define MEMORY_PAUSE	  10   /* seconds until memory is asked for again */
#define STOP_NOW_AFTER	  1000 /* milliseconds; see heed_term */

/* ---- what follows what ---- */

/* Of any message, whatever its state. */
static life_step *const always[EVENTS] = {
	[EVENT_ALERT] = life_alert,
	[EVENT_SORTED] = life_sorted,
	[EVENT_NOT_SORTED] = life_not_sorted,
	[EVENT_RESTORED] = life_restored,
	[EVENT_NOT_RESTORED] = life_not_restored,
	[EVENT_CANNOT_RESTORE] = life_cannot_restore,
	[EVENT_EXAMINED] = life_examined,
	[EVENT_CANNOT_EXAMINE] = life_cannot_examine,
	[EVENT_SYNCED] = life_mark_synced,
	[EVENT_NOT_SYNCED] = life_examined,
	[EVENT_TOLD] = life_told_of_delay,
	[EVENT_NOT_TOLD] = life_not_told_of_delay,
};

static life_step *const table[JOB_STATES][EVENTS] = {
	[JOB_NONE] = {
		[EVENT_NEW] = life_begin_straight,
		[EVENT_WAITING] = life_admit,
		[EVENT_REMADE] = life_admit_again,
		[EVENT_WHOLE] = life_admit_whole,
		[EVENT_BROKEN] = life_broken,
		[EVENT_ORPHAN] = life_give_up_orphan,
		[EVENT_REMOVED] = life_orphan_removed,
		[EVENT_NOT_REMOVED] = life_examined,
		[EVENT_AGAIN] = life_resume,
	},
	[JOB_IN_LINE] = {
		[EVENT_BROKEN] = life_broken,
	},
	[JOB_TRIED] = {
		[EVENT_DELIVERED] = life_straight_done,
		[EVENT_FAILED] = life_straight_failed,
		[EVENT_DEFERRED] = life_straight_deferred,
		[EVENT_BROKEN] = life_broken,
	},
	[JOB_PARKING] = {
		[EVENT_WAITING] = life_parked,
		[EVENT_BROKEN] = life_not_parked,
	},
	[JOB_ACTIVE] = {
		[EVENT_DELIVERED] = life_recipient_done,
		[EVENT_FAILED] = life_recipient_failed,
		[EVENT_DEFERRED] = life_recipient_deferred,
		[EVENT_RECORDED] = life_recorded,
		[EVENT_NOT_RECORDED] = life_not_recorded,
		[EVENT_AGAIN] = life_write_again,
		[EVENT_WHOLE] = life_keep_open,
		[EVENT_REMADE] = life_keep_open,
		[EVENT_BROKEN] = life_broken,
	},
	[JOB_BOUNCING] = {
		[EVENT_QUEUED] = life_bounce_queued,
		[EVENT_NOT_QUEUED] = life_bounce_not_queued,
		[EVENT_AGAIN] = life_bounce,
		[EVENT_BROKEN] = life_broken,
	},
	[JOB_REMOVING] = {
		[EVENT_REMOVED] = life_removed,
		[EVENT_NOT_REMOVED] = life_not_removed,
		[EVENT_AGAIN] = life_remove,
		[EVENT_BROKEN] = life_broken,
	},
	[JOB_KEEPING] = { [EVENT_WAITING] = life_kept,
		[EVENT_BROKEN] = life_not_kept,
		[EVENT_AGAIN] = life_keep_again },
};

static void
happen(struct send *send, const struct event *event)
{
	struct job *job =
	    event->number ? job_find(&send->jobs, event->number) : NULL;
	life_step *step = always[event->kind];

	if (!step)
		step = table[job ? job->state : JOB_NONE][event->kind];
	if (step) {
		step(send, job, event);
		return;
	}
	sendlog_z(&send->log, "warning: internal error: event ");
	sendlog_u64(&send->log, event->kind);
	sendlog_z(&send->log, " of msg ");
	sendlog_u64(&send->log, event->number);
	sendlog_z(&send->log, " in state ");
	sendlog_u64(&send->log, job ? job->state : JOB_NONE);
	sendlog_end(&send->log);
}

/* A delivery has its result: first the log, then the message, then its slot. */
static void
end_delivery(struct send *send, struct event *event)
{
	struct str text = STR_INIT;
	struct run *run;

	slots_end_delivery(send, event, &text);
	happen(send, event);
	run = deliveries_end(&send->deliveries, event->delivery);
	if (run)
		life_run_ended(send, run);
	str_free(&text);
}

/* ---- what the peers say ---- */

/* Each hears one datagram; -1 if it is malformed. */
static int
hear_todo(struct send *send, struct span record)
{
	struct event event;

	if (arrivals_read_event(record, &event) < 0)
		return -1;
	happen(send, &event);
	return 0;
}

static int
hear_clean(struct send *send, struct span record)
{
	struct event event;
	int got;

	while (
	    (got = cleaning_next_event(&send->cleaning, &record, &event)) > 0)
		happen(send, &event);
	return got;
}

static int
hear_scribe(struct send *send, struct span record)
{
	struct event event;

	if (scribing_read_event(&send->scribing, record, &event) < 0)
		return -1;
	happen(send, &event);
	return 0;
}

/* What a spawner says, or its children: never a reason to end. */
static int
hear_spawner(struct send *send, enum channel_id channel, struct span record)
{
	struct event event;
	int got;

	while ((got = deliveries_next_event(
		    &send->deliveries, channel, &record, &event)) > 0) {
		if (event.delivery)
			end_delivery(send, &event);
		else
			sendlog_line(&send->log,
			    "warning: internal error: delivery report out of "
			    "range");
	}
	if (got < 0)
		sendlog_line(&send->log, "warning: malformed delivery report");
	return 0;
}

static int
hear_lspawn(struct send *send, struct span record)
{
	return hear_spawner(send, CHANNEL_LOCAL, record);
}

static int
hear_rspawn(struct send *send, struct span record)
{
	return hear_spawner(send, CHANNEL_REMOTE, record);
}

#define LINK(member) offsetof(struct send, member)

static const struct peer {
	const char *name; /* in the log, when it is gone */
	size_t link;	  /* where that is in struct send */
	int (*hear)(struct send *send, struct span record); /* or NULL */
} peers[] = {
	[DAEMONS_TODO] = { "qmail-todo connection", LINK(arrivals.link),
	    hear_todo },
	[DAEMONS_LSPAWN] = { "spawn connection",
	    LINK(deliveries.links[CHANNEL_LOCAL]), hear_lspawn },
	[DAEMONS_RSPAWN] = { "spawn connection",
	    LINK(deliveries.links[CHANNEL_REMOTE]), hear_rspawn },
	[DAEMONS_CLEAN] = { "qmail-clean connection", LINK(cleaning.link),
	    hear_clean },
	[DAEMONS_RCPTD] = { "qmail-rcptd connection", LINK(rcptd), NULL },
	[DAEMONS_QCTLD] = { "qmail-qctld connection", LINK(qctld),
	    orders_hear },
	[DAEMONS_QUEUED] = { "qmail-queued connection", LINK(queued), NULL },
	[DAEMONS_LINKS] = { "the scribe", LINK(scribing.link), hear_scribe },
};

#define PEERS (sizeof(peers) / sizeof(*peers))

static struct link *
link_of(struct send *send, size_t peer)
{
	return (struct link *)(void *)((char *)send + peers[peer].link);
}

/* ---- the end ---- */

static void
begin_exit(struct send *send)
{
	if (send->exits_asap)
		return;
	send->exits_asap = true;
	send->stop_at = send->monotonic + (int64_t)send->stop_time * 1000;
	trouble_hurry(&send->trouble, send->monotonic);
	arrivals_say(&send->arrivals, SORTED_STOP);
}

/* A daemon is gone: finish what goes on without it, then end, so that the
 * supervisor starts all again. */
static void
lose(struct send *send, size_t peer)
{
	link_close(link_of(send, peer));
	if (peer == DAEMONS_CLEAN)
		life_keep_finished(send);
	sendlog_z(&send->log, "alert: oh no! lost ");
	sendlog_z(&send->log, peers[peer].name);
	sendlog_z(&send->log, "! dying...");
	sendlog_end(&send->log);
	begin_exit(send);
}

/* Whether the end can come: nothing is at work that could still report, or
 * what is has had its time.  Interrupted deliveries are tried again. */
static bool
is_done(const struct send *send)
{
	if (!send->exits_asap)
		return false;
	if (send->monotonic >= send->stop_at)
		return true;
	for (int i = 0; i < CHANNELS; i++)
		if (send->channels[i].running &&
		    send->deliveries.links[i].fd != -1)
			return false;
	return (send->scribing.link.fd == -1 || send->scribing.orders == 0) &&
	    (send->arrivals.link.fd == -1 || send->parking == 0) &&
	    (send->cleaning.link.fd == -1 || cleaning_is_idle(&send->cleaning));
}

/* ---- signals ---- */

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
	(void)!fd_write(DAEMONS_LOG_FD, SPAN("alert: out of memory\n"));
	(void)sleep(MEMORY_PAUSE);
}

NORETURN static void
die(struct send *send, const char *alert)
{
	sendlog_line(&send->log, alert);
	sendlog_flush(&send->log);
	_exit(111);
}

/* The second one means now; but not if the same wish just came twice, and not
 * because a daemon had died before the first. */
static void
heed_term(struct send *send)
{
	if (send->asked_at == 0) {
		send->asked_at = send->monotonic;
		begin_exit(send);
	} else if (send->monotonic - send->asked_at >= STOP_NOW_AFTER) {
		send->stop_at = send->monotonic;
	}
}

static void
heed_signals(struct send *send)
{
	int here = 0;

	if (got_hangup) {
		got_hangup = 0;
		arrivals_say(&send->arrivals, SORTED_REREAD);
		here = controls_read_again(send);
	}
	if (here < 0 || controls_look(send) < 0)
		die(send,
		    "alert: unable to switch back to queue directory! "
		    "dying...");
	if (got_alarm) {
		got_alarm = 0;
		times_make_all_due(send);
	}
	if (got_term) {
		got_term = 0;
		heed_term(send);
	}
}

/* ---- start ---- */

NORETURN static void
cannot_start(struct send *send, const char *why)
{
	sendlog_z(&send->log, "alert: cannot start: ");
	die(send, why);
}

static void
take_mutex(struct send *send)
{
	int fd = open("lock/sendmutex", O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		cannot_start(send,
		    "unable to open mutex: is the disk of the queue mounted?");
	if (lock_try(fd) < 0)
		cannot_start(send, "qmail-send is already running");
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
	times_look(send);
	hops_init(&send->hops, 0, 0);
	if (chdir(home_dir) < 0 || controls_read(send) < 0)
		cannot_start(send, "unable to read controls");
	for (int i = 0; i < DAEMONS_LINKS; i++)
		if (link_init(link_of(send, (size_t)i),
			DAEMONS_FIRST_LINK_FD + i) < 0)
			cannot_start(send, "qmail-start did not start me");
	if ((scribe_fd = scribe_start(&send->bounces)) < 0 ||
	    link_init(&send->scribing.link, scribe_fd) < 0)
		cannot_start(send, "unable to start the scribe");
	if (chdir(home_queue_dir) < 0 || queue_split_read(&send->split) < 0)
		cannot_start(send, "unable to switch to queue directory");
	take_mutex(send);
	if (!queue_has_its_parts(send->split))
		cannot_start(send,
		    "the parts of the queue are not those of its split: is a disk not "
		    "mounted, or is it of another suite?  See qmail-qfix(8)");
	for (size_t i = DAEMONS_RCPTD; i < DAEMONS_LINKS; i++)
		link_send(link_of(send, i), SPAN(DAEMONS_BEGIN), -1);
	arrivals_say(&send->arrivals, SORTED_BEGIN);
	if (loading_begin(&send->loading, send->split) < 0)
		cannot_start(send, "unable to read the queue");
	send->sweep.next = send->now;
	slots_log_status(send);
}

/* ---- the loop ---- */

/*
 * Receives what a peer has to say: one datagram, and more in each turn in
 * which it goes on, so that neither a quiet peer costs a call too many nor a
 * busy one a poll for each.  Returns false when the peer is gone, or speaks
 * what nobody understands.
 */
static bool
receive(struct send *send, size_t peer)
{
	static char record[FDPASS_RECORD_MAX];
	struct link *link = link_of(send, peer);

	for (unsigned i = 0; i < link->burst; i++) {
		ssize_t got =
		    fdpass_receive(link->fd, record, sizeof(record), NULL);

		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			link->burst = 1;
			return true;
		}
		if (got <= 0)
			return false;
		if (!peers[peer].hear ||
		    peers[peer].hear(send, span_make(record, (size_t)got)) <
			0) {
			sendlog_line(&send->log,
			    "alert: a daemon speaks words that nobody knows");
			return false;
		}
	}
	if (link->burst < DATAGRAMS_AT_ONCE)
		link->burst *= 2;
	return true;
}

static void
hear_peers(struct send *send, const struct pollfd *fds)
{
	for (size_t i = 0; i < PEERS; i++) {
		if (!fds[i].revents)
			link_of(send, i)->burst = 1;
		else if (!receive(send, i))
			lose(send, i);
	}
}

static void
wait_for_something(struct send *send)
{
	struct pollfd fds[PEERS + 1];
	int got;

	for (size_t i = 0; i < PEERS; i++) {
		const struct link *link = link_of(send, i);

		fds[i] = (struct pollfd){ .fd = link->fd,
			.events = (short)(POLLIN |
			    (link_is_waiting(link) ? POLLOUT : 0)) };
	}
	fds[PEERS] =
	    (struct pollfd){ .fd = send->log.text.len ? DAEMONS_LOG_FD : -1,
		    .events = POLLOUT };
	got = signal_poll(fds, PEERS + 1, times_to_wait(send));
	times_look(send);
	/* First: what somebody changed counts for what came after it. */
	heed_signals(send);
	if (got <= 0)
		return;
	if (fds[PEERS].revents)
		sendlog_flush(&send->log);
	hear_peers(send, fds);
}

/* A job that was not there when the trouble was has work of its own, and one
 * that had several troubles tries again once. */
static void
try_message_again(struct send *send, uint64_t number)
{
	struct job *job = job_find(&send->jobs, number);

	if (job && !job->is_again)
		return;
	if (job)
		job->is_again = false;
	happen(send, &(struct event){ .kind = EVENT_AGAIN, .number = number });
}

/* What failed is tried again, as far as the scribe can take it. */
static void
try_again(struct send *send)
{
	if (send->next_again == send->again_end) {
		if (!trouble_is_over(&send->trouble, send->monotonic))
			return;
		send->next_again = 0;
		send->again_end = send->again.len;
	}
	while (send->next_again < send->again_end &&
	    !scribing_is_busy(&send->scribing)) {
		struct again again = send->again.at[send->next_again++];

		if (again.kind == AGAIN_SORTED)
			cleaning_order(
			    &send->cleaning, CLEAN_SORTED, again.number);
		else if (again.kind == AGAIN_RESTORE)
			cleaning_order(
			    &send->cleaning, CLEAN_RESTORE, again.number);
		else
			try_message_again(send, again.number);
	}
	if (send->next_again < send->again_end)
		return;
	/* What failed once more stands behind those. */
	send->again.len -= send->again_end;
	for (size_t i = 0; i < send->again.len; i++)
		send->again.at[i] = send->again.at[i + send->again_end];
	send->next_again = send->again_end = 0;
}

static void
fill_slots(struct send *send)
{
	struct str text = STR_INIT;
	struct event event;

	for (int i = 0; i < CHANNELS; i++) {
		slots_fill(send, (enum channel_id)i);
		while (slots_next_refused(send, &event, &text))
			end_delivery(send, &event);
	}
	slots_park_late(send);
	str_free(&text);
}

static void
clean_up(struct send *send)
{
	if (send->exits_asap)
		return;
	sweep_step(&send->sweep, send->split, send->now, &send->jobs,
	    &send->loading, &send->cleaning);
	for (size_t i = 0; i < send->sweep.orphans.len; i++)
		life_give_up(send, send->sweep.orphans.at[i]);
	send->sweep.orphans.len = 0;
}

int
main(void)
{
	static struct send send;

	must_hooks(111, on_no_memory);
	set_up(&send);
	for (;;) {
		loading_step(&send.loading, &send.cleaning);
		clean_up(&send);
		try_again(&send);
		fill_slots(&send);
		cleaning_release(&send.cleaning,
		    send.exits_asap || send.deliveries.table.len == 0);
		for (size_t i = 0; i < PEERS; i++)
			link_flush(link_of(&send, i));
		if (is_done(&send))
			break;
		wait_for_something(&send);
	}
	slots_interrupt(&send);
	times_store(&send);
	sendlog_line(&send.log, "status: exiting");
	sendlog_finish(&send.log);
	_exit(0);
}
