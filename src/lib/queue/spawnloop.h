/*
 * spawnloop.h - the main loop of a spawner: takes delivery jobs from
 * qmail-send, runs one program for each, and reports how they ended.
 *
 * A job ends when its program ends; what it printed until then counts, so a
 * program that leaves a process behind does not hold the job.
 *
 * When qmail-send is gone, its next one would try these messages again: the
 * programs are ended, with SIGTERM, and what is left after SPAWNLOOP_GRACE
 * with SIGKILL.
 */
#ifndef QUEUE_SPAWNLOOP_H
#define QUEUE_SPAWNLOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "queue/delivery.h"

#define SPAWNLOOP_GRACE 5 /* seconds */

struct spawnloop {
	/*
	 * start: starts the program of a job.
	 *   message_fd   the message, open for reading, checked
	 *   output_fd    where its output is to go
	 *   report       if no program is needed, or it cannot be started:
	 *                receives a letter (K, Z, D) and the text of the report
	 * Returns the id of a process that leads a group (see spawn.h), 0 if
	 * report says it all.
	 */
	pid_t (*start)(void *context, const struct delivery_job *job,
	    int message_fd, int output_fd, struct str *report);
	/*
	 * judge: makes the reports of a job whose program has ended.
	 *   exit_code   -1: killed by a signal
	 *   output      what it printed, at most output_max bytes
	 *   reports     receives one delivery_add_report for each recipient
	 */
	void (*judge)(const struct delivery_job *job, int exit_code,
	    struct span output, struct str *reports);
	void *context;
	size_t output_max; /* bytes of output that are kept */
	uid_t queue_uid;   /* who must own the message files */
};

/*
 * spawnloop_run: serves jobs from the socket `peer` until qmail-send is gone,
 * then ends the programs that run.  Catches SIGCHLD, resets SIGPIPE.
 */
void spawnloop_run(const struct spawnloop *loop, int peer);

/* spawnloop_report_all: adds the same report for each recipient of a job. */
void spawnloop_report_all(const struct delivery_job *job,
    enum delivery_result result, struct span text, struct str *reports);

#endif
