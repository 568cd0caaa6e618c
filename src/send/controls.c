/*
 * controls.c - the control files of qmail-send.
 * Input: trusted
 */
#include "controls.h"

#include <errno.h>
#include <unistd.h>

#include "config/control.h"
#include "config/home.h"
#include "sys/error.h"

#define CONCURRENCY_MAX	   1000000 /* deliveries at once */
#define CONCURRENCY_LOCAL  10
#define CONCURRENCY_REMOTE 20
#define LIFETIME	   604800 /* seconds in the queue; a week */
#define STOP_TIME	   60	  /* seconds */
#define BATCH		   50	  /* recipients in a run */
#define BATCH_MAX	   1000
#define LOOK_INTERVAL	   1000 /* milliseconds */

/* Numbers that HUP changes: all or none; culprit: the file.  Returns 0, -1. */
static int
read_numbers(struct send *send, const char **culprit)
{
	uint64_t local = CONCURRENCY_LOCAL, remote = CONCURRENCY_REMOTE;
	uint64_t host = 0, batch = BATCH, stop = STOP_TIME, delay = 0;
	const struct {
		const char *file;
		uint64_t max, *value;
	} numbers[] = {
		{ "control/concurrencylocal", CONCURRENCY_MAX, &local },
		{ "control/concurrencyremote", CONCURRENCY_MAX, &remote },
		{ "control/concurrencyhost", CONCURRENCY_MAX, &host },
		{ "control/remotebatch", BATCH_MAX, &batch },
		{ "control/stoptime", UINT32_MAX, &stop },
		{ "control/delaywarn", UINT32_MAX, &delay },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		*culprit = numbers[i].file;
		if (control_read_number(
			*culprit, numbers[i].max, numbers[i].value) < 0)
			return -1;
	}
	send->channels[CHANNEL_LOCAL].limit = local;
	send->channels[CHANNEL_REMOTE].limit = remote;
	send->host_limit = host;
	send->batch = batch ? batch : 1;
	send->stop_time = stop;
	send->delay_warn = delay;
	hops_set_limits(&send->hops, remote, host);
	for (int i = 0; i < CHANNELS; i++)
		send->channels[i].changes++; /* passes that rest may go on */
	return 0;
}

/* Without them qmail-remote looks for itself, and says what is wrong.  They are
 * tried again with each look, and the log is told once. */
static void
read_routes(struct send *send)
{
	bool had_them = send->has_routes;

	send->has_routes = routes_read(&send->routes) == 0;
	if (had_them && !send->has_routes)
		sendlog_line(
		    &send->log, "alert: unable to read control/smtproutes");
}

/* All of them; culprit: the file that cannot be read.  Returns 0, -1. */
static int
read_all(struct send *send, const char **culprit)
{
	*culprit = "control/me";
	if (control_read_line(*culprit, &send->me) < 0)
		return -1;
	if (routing_read(&send->routing, NULL, culprit) < 0)
		return -1;
	*culprit = "control/queuelifetime";
	if (control_read_number(*culprit, UINT32_MAX, &send->lifetime) < 0)
		return -1;
	return read_numbers(send, culprit);
}

int
controls_read(struct send *send)
{
	const char *culprit;

	send->lifetime = LIFETIME;
	if (read_all(send, &culprit) < 0) {
		const char *why = error_text(errno);

		sendlog_z(&send->log, "alert: unable to read ");
		sendlog_z(&send->log, culprit);
		sendlog_z(&send->log, ": ");
		sendlog_line(&send->log, why);
		return -1;
	}
	send->has_routes = true; /* or nobody is told */
	read_routes(send);
	return 0;
}

/* qmail-todo, which routes, says in the log what it could not read. */
int
controls_read_again(struct send *send)
{
	struct routing fresh = ROUTING_INIT;
	const char *culprit;

	if (chdir(home_dir) < 0)
		return 0;
	if (routing_read(&fresh, str_z(&send->me), &culprit) == 0) {
		routing_free(&send->routing);
		send->routing = fresh;
	}
	if (read_numbers(send, &culprit) < 0) {
		sendlog_z(&send->log, "alert: unable to reread ");
		sendlog_line(&send->log, culprit);
	}
	return chdir(home_queue_dir);
}

int
controls_look(struct send *send)
{
	struct file_stamp tcpok, routes;

	if (send->monotonic < send->next_look)
		return 0;
	send->next_look = send->monotonic + LOOK_INTERVAL;
	file_stamp_read("lock/tcpok", &tcpok);
	if (!file_stamp_equal(&tcpok, &send->tcpok))
		hops_forget_troubles(&send->hops);
	send->tcpok = tcpok;
	file_stamp_read(home_smtproutes, &routes);
	if (file_stamp_equal(&routes, &send->routes.stamp))
		return 0;
	if (chdir(home_dir) == 0)
		read_routes(send);
	return chdir(home_queue_dir);
}
