/*
 * spawnloop.h - the main loop of a spawner: takes delivery jobs from
 * qmail-send, runs one program for each, and reports how they ended.
 *
 * A job ends when its program ends; what it printed until then counts, so a
 * program that leaves a process behind does not hold the job.  Or it says that it is done,
 * and stays for the next one (queue/residents.h).
 *
 * When qmail-send is gone, its next one would try these messages again: the
 * programs are ended, with SIGTERM, and what is left after SPAWNLOOP_GRACE
 * with SIGKILL.  The same happens on SIGTERM, SIGINT and SIGHUP, which from a
 * terminal do not reach them.
 */
#ifndef QUEUE_SPAWNLOOP_H
#define QUEUE_SPAWNLOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "queue/delivery.h"
#include "queue/residents.h"

#define SPAWNLOOP_GRACE	  5	      /* seconds */
#define SPAWNLOOP_ASKED	  ((pid_t)-1) /* what start may return */
#define SPAWNLOOP_WATCHED 8 /* descriptors of struct spawnloop_asking */

/*
 * How a spawner asks others about its jobs without holding the loop.  While
 * jobs wait for an answer, and else too, its descriptors are polled; when it
 * has heard something, start is called once more for each job that waits.
 */
struct spawnloop_asking {
	/*
	 * watch: what is to be polled.
	 *   fds        room for SPAWNLOOP_WATCHED
	 *   deadline   of clock_monotonic, when hear is to be called in any
	 *              case: made earlier if need be; 0: none
	 * Returns the number of fds.
	 */
	size_t (*watch)(void *context, struct pollfd *fds, int64_t *deadline);

	/* hear: takes what came; returns whether start may know more now.
	 *   fds   those of watch, with what poll said */
	bool (*hear)(void *context, const struct pollfd *fds);

	/* child_ended: a child that belongs to no job was reaped. */
	void (*child_ended)(void *context, pid_t pid);
};

struct spawnloop {
	/*
	 * start: starts the program of a job.
	 *   message_fd   the message, open for reading, checked
	 *   output_fd    where its output is to go
	 *   resident     receives the process if it may stay; its fd is -1
	 *   residents    those that wait for a job
	 *   report       if no program is needed, or it cannot be started:
	 *                receives a letter (K, Z, D, U) and the text of the
	 *                report
	 * Returns the id of a process that leads a group (see spawn.h), 0 if
	 * report says it all, SPAWNLOOP_ASKED if something must be known
	 * first: then it is called again, with another output_fd.
	 */
	pid_t (*start)(void *context, const struct delivery_job *job,
	    int message_fd, int output_fd, struct residents *residents,
	    struct resident *resident, struct str *report);
	/*
	 * judge: makes the reports of a job whose program has ended.
	 *   exit_code   -1: killed by a signal
	 *   output      what it printed, at most output_max bytes
	 *   reports     receives one delivery_add_report for each recipient
	 */
	void (*judge)(const struct delivery_job *job, int exit_code,
	    struct span output, struct str *reports);
	/* forget: heeds DELIVERY_FORGET; NULL: it means nothing here. */
	void (*forget)(void);
	const struct spawnloop_asking *asking; /* NULL: start never asks */
	void *context;
	size_t output_max; /* bytes of output that are kept */
	uid_t queue_uid;   /* who must own the message files */
};

/*
 * spawnloop_run: serves jobs from the socket `peer` until qmail-send is gone,
 * then ends the programs that run.  Catches SIGCHLD and
 * those three, resets SIGPIPE.
 */
void spawnloop_run(const struct spawnloop *loop, int peer);

/* spawnloop_report_all: adds the same report for each recipient of a job. */
void spawnloop_report_all(const struct delivery_job *job,
    enum delivery_result result, struct span text, struct str *reports);

#endif
