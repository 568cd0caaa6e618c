/* signal.c - signals. */
#include "sys/signal.h"

#include <errno.h>
#include <time.h>

#include "base/must.h"

static void
set_handler(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	(void)sigemptyset(&action.sa_mask);
	must(sigaction(number, &action, NULL) == 0);
}

void
signal_ignore(int number)
{
	set_handler(number, SIG_IGN);
}

void
signal_default(int number)
{
	set_handler(number, SIG_DFL);
}

void
signal_catch(int number, void (*handler)(int))
{
	set_handler(number, handler);
}

void
signal_catch_if_heard(int number, void (*handler)(int))
{
	struct sigaction old;

	must(sigaction(number, NULL, &old) == 0);
	if (old.sa_handler != SIG_IGN)
		set_handler(number, handler);
}

static void
change_mask(int how, const int *numbers)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (; *numbers; numbers++)
		(void)sigaddset(&set, *numbers);
	must(sigprocmask(how, &set, NULL) == 0);
}

void
signal_unblock_all(void)
{
	change_mask(SIG_SETMASK, (const int[]){ 0 });
}

void
signal_block(int number)
{
	change_mask(SIG_BLOCK, (const int[]){ number, 0 });
}

void
signal_unblock(int number)
{
	change_mask(SIG_UNBLOCK, (const int[]){ number, 0 });
}

void
signal_block_set(const int *numbers)
{
	change_mask(SIG_SETMASK, numbers);
}

/* ppoll that finds a descriptor ready returns with the signals still held back:
 * as long as there is always one, they would wait. */
static void
let_through(const sigset_t *none)
{
	const struct timespec now = { .tv_sec = 0 };
	sigset_t pending;

	if (sigpending(&pending) == 0 && !sigisemptyset(&pending))
		(void)ppoll(NULL, 0, &now, none);
}

int
signal_poll(struct pollfd *fds, nfds_t count, int64_t timeout)
{
	struct timespec wait = { .tv_sec = timeout / 1000,
		.tv_nsec = timeout % 1000 * 1000000 };
	sigset_t none;
	int ready;

	(void)sigemptyset(&none);
	ready = ppoll(fds, count, timeout < 0 ? NULL : &wait, &none);
	must(ready >= 0 || errno == EINTR || errno == ENOMEM);
	if (ready > 0)
		let_through(&none);
	return ready > 0 ? ready : 0;
}

static volatile sig_atomic_t is_stopped, is_hung_up;

static const int of_services[] = { SIGTERM, SIGHUP, SIGCHLD, 0 };

static void
on_end(int number)
{
	(void)number;
	is_stopped = 1;
}

static void
on_hangup_or_child(int number)
{
	if (number == SIGHUP)
		is_hung_up = 1;
}

void
signal_hear_end(void)
{
	signal_block(SIGTERM);
	signal_catch(SIGTERM, on_end);
}

void
signal_serve(void)
{
	signal_ignore(SIGPIPE);
	signal_block_set(of_services);
	signal_catch(SIGTERM, on_end);
	signal_catch(SIGHUP, on_hangup_or_child);
	signal_catch(SIGCHLD, on_hangup_or_child);
}

void
signal_serve_not(void)
{
	for (size_t i = 0; of_services[i]; i++)
		signal_default(of_services[i]);
	signal_unblock_all();
}

bool
signal_is_to_end(void)
{
	return is_stopped;
}

bool
signal_take_hangup(void)
{
	bool result = is_hung_up;

	is_hung_up = 0;
	return result;
}
