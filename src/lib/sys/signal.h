/* signal.h - signals: ignored, caught, and waited for together with input. */
#ifndef SYS_SIGNAL_H
#define SYS_SIGNAL_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* signal_ignore, signal_default, signal_catch: what happens on a signal.
 * Caught signals interrupt system calls (no SA_RESTART). */
void signal_ignore(int number);
void signal_default(int number);
void signal_catch(int number, void (*handler)(int));

/* signal_catch_if_heard: catches a signal that the caller has not ignored for
 * us, as nohup(1) does, and shells for what they put into the background. */
void signal_catch_if_heard(int number, void (*handler)(int));

/* signal_unblock_all: an empty mask, whatever the caller left us. */
void signal_unblock_all(void);

/* signal_block, signal_unblock: holds back one signal, lets it through. */
void signal_block(int number);
void signal_unblock(int number);

/*
 * signal_block_set: blocks exactly these signals and unblocks all others, in
 * one system call.  numbers ends in 0.
 */
void signal_block_set(const int *numbers);

/*
 * signal_serve: what a service hears: SIGTERM, that it is to end; SIGHUP, that it is to
 * look at its files; SIGCHLD.  All are held back but in signal_poll; SIGPIPE is ignored.
 * signal_serve_not: a child of it hears them as if it had not been called, but for
 * SIGPIPE; nothing is held back.
 */
void signal_serve(void);
void signal_serve_not(void);

/* signal_hear_end: only SIGTERM of these, held back but in signal_poll. */
void signal_hear_end(void);

/* signal_is_to_end: whether SIGTERM has come.  signal_take_hangup: whether SIGHUP has
 * come since the last call. */
bool signal_is_to_end(void);
bool signal_take_hangup(void);

/*
 * signal_poll: poll(2), during which no signal is blocked: signals blocked
 * elsewhere are handled here and only here.
 *   timeout   milliseconds; negative: none
 * Returns the number of ready descriptors, 0 on timeout or after a signal.
 */
int signal_poll(struct pollfd *fds, nfds_t count, int64_t timeout);

#endif
