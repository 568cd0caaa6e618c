/* signal.h - signals: ignored, caught, and waited for together with input. */
#ifndef SYS_SIGNAL_H
#define SYS_SIGNAL_H

#include <poll.h>
#include <signal.h>
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
 * signal_poll: poll(2), during which no signal is blocked: signals blocked
 * elsewhere are handled here and only here.
 *   timeout   milliseconds; negative: none
 * Returns the number of ready descriptors, 0 on timeout or after a signal.
 */
int signal_poll(struct pollfd *fds, nfds_t count, int64_t timeout);

#endif
