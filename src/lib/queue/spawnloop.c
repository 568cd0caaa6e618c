/*
 * spawnloop.c - the main loop of a spawner.
 * Input: from a peer of ours; the output of programs: hostile
 */
#include "queue/spawnloop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/signal.h"
#include "sys/spawn.h"

/* One job whose program runs. */
struct running {
	struct delivery_job job;
	pid_t pid;
	int output_fd; /* -1 after its end */
	struct resident resident;
	bool has_spoken; /* the resident, in this turn */
	struct str output;
};

/* One job whose start has asked something. */
struct waiting {
	struct delivery_job job;
	int message_fd;
};

struct state {
	const struct spawnloop *loop;
	int peer;	 /* -1 when qmail-send is gone */
	int64_t kill_at; /* clock_monotonic; 0: not to be ended by force */
	VEC(struct running) running;
	VEC(struct waiting) waiting;
	struct residents residents;
	/* The peer, those of asking, then of each that runs output_fd and the
	 * resident's, if open. */
	VEC(struct pollfd) fds;
	size_t asking_fds;
	struct str reports; /* of the job that has just ended */
	char datagram[FDPASS_RECORD_MAX];
};

static volatile sig_atomic_t child_has_ended, must_stop;

static void
on_child(int number)
{
	(void)number;
	child_has_ended = 1;
}

static void
on_stop(int number)
{
	(void)number;
	must_stop = 1;
}

void
spawnloop_report_all(const struct delivery_job *job,
    enum delivery_result result, struct span text, struct str *reports)
{
	for (size_t i = 0; i < job->recipients.len; i++)
		delivery_add_report(reports,
		    &(struct delivery_report){
			.delivery = job->recipients.at[i].delivery,
			.result = (char)result,
			.text = text });
}

/* Sends reports, as many records in a datagram as fit. */
static void
send_reports(struct state *state, struct span reports)
{
	while (reports.len && state->peer != -1) {
		struct span rest = reports, part = SPAN("");
		struct delivery_report report;

		while (delivery_report_next(&rest, &report)) {
			size_t len = reports.len - rest.len;

			if (len > FDPASS_RECORD_MAX)
				break;
			part = span_upto(reports, len);
		}
		must(part.len > 0);
		if (fdpass_say(state->peer, part) < 0)
			return; /* it is gone: the next receive says so */
		reports = span_from(reports, part.len);
	}
}

static void
report_now(struct state *state, const struct delivery_job *job,
    enum delivery_result result, struct span text)
{
	struct str reports = STR_INIT;

	spawnloop_report_all(job, result, text, &reports);
	send_reports(state, str_span(&reports));
	str_free(&reports);
}

/* Believes nothing that qmail-send says of the file. */
static bool
is_message(const struct state *state, int fd)
{
	struct stat st;

	return fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == state->loop->queue_uid;
}

/* Starts the program of a job, or reports at once, and takes both over; returns
 * false if it has to wait. */
static bool
start_job(struct state *state, struct delivery_job job, int message_fd)
{
	const struct spawnloop *loop = state->loop;
	struct running running = {
		.job = job, .output_fd = -1, .resident = RESIDENT_NONE
	};
	struct str report = STR_INIT;
	int output[2] = { -1, -1 };

	if (!is_message(state, message_fd)) {
		str_add_z(
		    &report, "UThe message file cannot be used. (#4.3.0)\n");
	} else if (fd_pipe(output) < 0) {
		str_add_z(&report, "UOut of descriptors. (#4.3.0)\n");
	} else {
		running.pid = loop->start(loop->context, &running.job,
		    message_fd, output[1], &state->residents, &running.resident,
		    &report);
	}
	fd_close(output[1]);
	if (running.pid > 0) {
		running.output_fd = output[0];
		vec_push(&state->running, running);
	} else {
		fd_close(output[0]);
	}
	if (running.pid == 0) {
		must(report.len > 0);
		report_now(state, &running.job,
		    (enum delivery_result)report.s[0],
		    span_from(str_span(&report), 1));
		delivery_job_free(&running.job);
	}
	str_free(&report);
	if (running.pid == SPAWNLOOP_ASKED)
		return false;
	fd_close(message_fd);
	return true;
}

/* Some of them may be able to start now; the others keep their order. */
static void
start_waiting(struct state *state)
{
	size_t kept = 0;

	for (size_t i = 0; i < state->waiting.len; i++) {
		struct waiting waiting = state->waiting.at[i];

		if (!start_job(state, waiting.job, waiting.message_fd))
			state->waiting.at[kept++] = waiting;
	}
	state->waiting.len = kept;
}

static void
end_all(struct state *state, bool is_final)
{
	residents_end_some(&state->residents, true, &(int64_t){ 0 });
	for (size_t i = 0; i < state->running.len; i++)
		spawn_end(state->running.at[i].pid, is_final);
}

static void
lose_peer(struct state *state)
{
	fd_close(state->peer);
	state->peer = -1;
	for (size_t i = 0; i < state->waiting.len; i++) {
		fd_close(state->waiting.at[i].message_fd);
		delivery_job_free(&state->waiting.at[i].job);
	}
	state->waiting.len = 0;
	end_all(state, false);
	state->kill_at = clock_monotonic() + SPAWNLOOP_GRACE * 1000;
}

/* Takes one datagram from qmail-send. */
static void
receive_job(struct state *state)
{
	const struct spawnloop *loop = state->loop;
	struct delivery_job job;
	int message_fd;
	ssize_t got = fdpass_receive(
	    state->peer, state->datagram, sizeof(state->datagram), &message_fd);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EMSGSIZE))
		lose_peer(state);
	if (got <= 0)
		return;
	if (loop->forget &&
	    span_equal(span_make(state->datagram, (size_t)got),
		SPAN(DELIVERY_FORGET))) {
		loop->forget();
		fd_close(message_fd);
		return;
	}
	if (delivery_job_parse(span_make(state->datagram, (size_t)got), &job)) {
		if (!start_job(state, job, message_fd))
			vec_push(&state->waiting,
			    ((struct waiting){ job, message_fd }));
	} else {
		/* What can be read of it is answered; nobody waits for ever. */
		report_now(state, &job, DELIVERY_UNTRIED,
		    SPAN("The delivery order was malformed. (#4.3.0)\n"));
		delivery_job_free(&job);
		fd_close(message_fd);
	}
}

/*
 * Reads output once, and keeps what counts.  events is what poll said of it:
 * without POLLIN there is nothing, and after POLLHUP nothing will follow what
 * is there, which a read that was not filled has taken.
 */
static void
read_output(struct state *state, struct running *running, short events)
{
	char buffer[4096];
	size_t room = state->loop->output_max - running->output.len;
	ssize_t got = 0;

	if (events & POLLIN)
		got = fd_read(running->output_fd, buffer, sizeof(buffer));
	if (got > 0)
		str_add(&running->output,
		    span_upto(span_make(buffer, (size_t)got), room));
	if (got <= 0 || (events & POLLHUP && (size_t)got < sizeof(buffer))) {
		fd_close(running->output_fd);
		running->output_fd = -1;
	}
}

static void
finish(struct state *state, struct running *running, int status)
{
	/* Whatever it printed lies in the pipe; at most a pipe full of it. */
	for (int i = 0; i < 32 && running->output_fd != -1; i++) {
		struct pollfd poller = { .fd = running->output_fd,
			.events = POLLIN };

		if (poll(&poller, 1, 0) <= 0)
			break;
		read_output(state, running, poller.revents);
	}
	str_reset(&state->reports);
	fd_close(running->output_fd);
	residents_let_go(&running->resident);
	state->loop->judge(&running->job, spawn_exit_code(status),
	    str_span(&running->output), &state->reports);
	send_reports(state, str_span(&state->reports));
	str_free(&running->output);
	delivery_job_free(&running->job);
}

/* What a program that may stay has said. */
static void
hear_resident(struct state *state, size_t at)
{
	struct running ended = state->running.at[at];
	struct resident resident = ended.resident;

	if (residents_hear(&resident) <= 0) {
		state->running.at[at].resident = resident;
		return;
	}
	state->running.at[at] = state->running.at[--state->running.len];
	ended.resident = (struct resident)RESIDENT_NONE;
	finish(state, &ended, 0);
	residents_keep(&state->residents, &resident);
	/* With qmail-send gone there will be no other job. */
	if (state->peer == -1)
		residents_end_some(&state->residents, true, &(int64_t){ 0 });
}

/* The job of this process, or none, is over. */
static void
finish_child(struct state *state, pid_t pid, int status)
{
	const struct spawnloop *loop = state->loop;

	for (size_t i = 0; i < state->running.len; i++) {
		struct running ended = state->running.at[i];

		if (ended.pid != pid)
			continue;
		state->running.at[i] = state->running.at[--state->running.len];
		/* What it said first is what counts: it was done. */
		if (ended.resident.done != -1 &&
		    residents_hear(&ended.resident) > 0)
			status = 0;
		finish(state, &ended, status);
		return;
	}
	if (!residents_bury(&state->residents, pid) && loop->asking)
		loop->asking->child_ended(loop->context, pid);
}

static void
reap(struct state *state)
{
	int status;
	pid_t pid;

	child_has_ended = 0;
	while ((pid = spawn_reap(&status)) > 0)
		finish_child(state, pid, status);
}

static void
add_poll(struct state *state, int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	vec_push(&state->fds, poller);
}

/* Only open ones: poll takes no more than a process may have open.
 *   deadline   made earlier if need be */
static void
collect_fds(struct state *state, int64_t *deadline)
{
	const struct spawnloop *loop = state->loop;
	struct pollfd asked[SPAWNLOOP_WATCHED];

	state->fds.len = 0;
	add_poll(state, state->peer); /* poll passes over -1 */
	state->asking_fds = loop->asking
	    ? loop->asking->watch(loop->context, asked, deadline)
	    : 0;
	for (size_t i = 0; i < state->asking_fds; i++)
		add_poll(state, asked[i].fd);
	for (size_t i = 0; i < state->running.len; i++) {
		const struct running *running = &state->running.at[i];

		if (running->output_fd != -1)
			add_poll(state, running->output_fd);
		if (running->resident.done != -1)
			add_poll(state, running->resident.done);
	}
}

static void
read_outputs(struct state *state, size_t next)
{
	for (size_t i = 0; i < state->running.len; i++) {
		struct running *running = &state->running.at[i];
		short events = 0;

		running->has_spoken = false;
		if (running->output_fd != -1)
			events = state->fds.at[next++].revents;
		if (running->resident.done != -1)
			running->has_spoken =
			    state->fds.at[next++].revents != 0;
		if (events)
			read_output(state, running, events);
	}
	/* The last takes the place of one that is done: it has been heard. */
	for (size_t i = state->running.len; i-- > 0;)
		if (state->running.at[i].has_spoken)
			hear_resident(state, i);
}

/* One turn: outputs, answers, and a new job. */
static void
wait_for_something(struct state *state)
{
	const struct spawnloop *loop = state->loop;
	int64_t deadline = state->kill_at, left = -1;
	short peer_events;

	residents_end_some(&state->residents, false, &deadline);
	collect_fds(state, &deadline);
	if (deadline && (left = deadline - clock_monotonic()) < 0)
		left = 0;
	/* After a signal or a timeout no descriptor is said to be ready. */
	(void)signal_poll(state->fds.at, state->fds.len, left);
	peer_events = state->fds.at[0].revents;
	read_outputs(state, 1 + state->asking_fds);
	/* Jobs that it has left behind the next one gives again. */
	if (peer_events & POLLHUP)
		lose_peer(state);
	if (loop->asking &&
	    loop->asking->hear(loop->context, state->fds.at + 1))
		start_waiting(state);
	if (peer_events && state->peer != -1)
		receive_job(state);
}

void
spawnloop_run(const struct spawnloop *loop, int peer)
{
	struct state state = { .loop = loop, .peer = peer };

	/* For what we start; our own writes to sockets do not raise it. */
	signal_default(SIGPIPE);
	signal_catch(SIGCHLD, on_child);
	signal_catch_if_heard(SIGTERM, on_stop);
	signal_catch_if_heard(SIGINT, on_stop);
	signal_catch_if_heard(SIGHUP, on_stop);
	signal_block_set((const int[]){ SIGCHLD, SIGTERM, SIGINT, SIGHUP, 0 });
	while (state.peer != -1 || state.running.len > 0) {
		wait_for_something(&state);
		if (child_has_ended)
			reap(&state);
		if (must_stop && state.peer != -1)
			lose_peer(&state);
		if (state.kill_at && clock_monotonic() >= state.kill_at) {
			end_all(&state, true);
			state.kill_at = 0;
		}
	}
	vec_free(&state.running);
	vec_free(&state.waiting);
	vec_free(&state.residents.waiting);
	vec_free(&state.fds);
	str_free(&state.reports);
}
