/*
 * intake.h - takes one message and its envelope into the queue; for qmail-queue
 * and the workers of qmail-queued.  Source: qmail-queue(8), envelopes(5); which fsync
 * when: src/README.
 *
 * ACCEPTED means that the message survives a power cut:
 *	mess/S/N written, fsync;  intd/S/N written, linked to todo/S/N, fsync.
 * mess/S/N is locked from its making until that is done, so that the clean-up
 * knows that its writer lives, whatever the clock says.
 */
#ifndef QUEUE_INTAKE_H
#define QUEUE_INTAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "config/home.h"
#include "queue/envelope.h"

#define INTAKE_LIFETIME 86400 /* seconds that a message may take to come */
/* A read takes at least so much, or the rest of what a record had is lost. */
#define INTAKE_READ 16384

/* Every way to end, with the exit codes of qmail-queue(8). */
enum outcome {
	ACCEPTED = 0,
	ADDRESS_TOO_LONG = 11,
	NO_MEMORY = 51,
	TOO_SLOW = 52,
	CANNOT_WRITE = 53,
	CANNOT_READ = 54,
	CANNOT_CONFIGURE = 55,
	NO_HOME = 61,
	NO_QUEUE = 62,
	NO_MESS = 63,
	NO_INTD = 65,
	NO_TODO = 66,
	BUG = 81,
	BAD_ENVELOPE = 91
};

/* Where a message comes from. */
struct intake {
	int message_fd;	 /* up to the end of input, or an empty record */
	int envelope_fd; /* may be the same */
	/* How both are read; an interrupted one goes on. */
	ssize_t (*read)(int fd, char *buffer, size_t size);
	uid_t uid; /* of who brings it */
	/* What he says: he may sign what he submits. */
	enum envelope_submission submission;
	/* Tells him how it failed; also in a handler of signals, so it may do only what
	 * may be done in one.  NULL: the exit code tells. */
	void (*fail)(enum outcome outcome);
};

/*
 * intake_prepare: what all messages have in common: the working folder becomes
 * that of the queue.  Signals are held back from now on, but while a message
 * comes.
 * Returns ACCEPTED; else why there can be no message.
 */
MUST_CHECK enum outcome intake_prepare(void);

/*
 * intake_be_ready: before a message, and after one for another: nothing of the last is
 * left, SIGTERM ends the process, and so does a SIGALRM that came too late.
 */
void intake_be_ready(void);

/*
 * intake_take: takes one message.  Returns when it is accepted, its lock is given back,
 * and qmail-todo knows of it, the number that is logged as qp: the process id, and 4194304
 * more for each message before; else it removes what there is of it, and ends the
 * process: the exit code is the outcome.
 */
uint64_t intake_take(const struct intake *intake);

/* intake_is_used_up: whether there is no number for another: the process is to end. */
bool intake_is_used_up(void);

/* intake_give_up: ends what intake_take has begun, as above. */
NORETURN void intake_give_up(enum outcome outcome);

#endif
