/*
 * rcptcheck.c - whether anybody here gets mail for an address.
 * Input: from a peer of ours
 */
#include "queue/rcptcheck.h"

#include <errno.h>
#include <stdbool.h>

#include "base/str.h"
#include "queue/record.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/file.h"
#include "sys/lock.h"

/* Sends the question and hears the answer, on an open connection. */
static enum rcptcheck_answer
ask(int fd, struct span address)
{
	struct str question = STR_INIT;
	struct span rest, value;
	char answer[2], letter;
	ssize_t got = -1;

	record_add(&question, RCPTCHECK_QUESTION, address);
	if (fdpass_send(fd, str_span(&question), -1) == 0)
		got = fdpass_receive(fd, answer, sizeof(answer), NULL);
	str_free(&question);
	rest = span_make(answer, got > 0 ? (size_t)got : 0);
	if (!record_next(&rest, &letter, &value) || value.len)
		return RCPTCHECK_LATER;
	return letter == RCPTCHECK_KNOWN || letter == RCPTCHECK_UNKNOWN
	    ? (enum rcptcheck_answer)letter
	    : RCPTCHECK_LATER;
}

/* Whether the suite runs: qmail-clean holds the lock. */
static bool
is_running(void)
{
	int fd = file_open(RCPTCHECK_LOCK);
	bool is_locked = fd >= 0 && lock_try(fd) < 0;

	fd_close(fd);
	return is_locked;
}

enum rcptcheck_answer
rcptcheck_ask(struct rcptcheck *check, struct span address)
{
	enum rcptcheck_answer answer;

	if (address.len > RCPTCHECK_ADDRESS_MAX)
		return RCPTCHECK_KNOWN; /* no name is so long: delivery says */
	if (check->fd == -1) {
		check->fd = door_connect(RCPTCHECK_DOOR);
		if (check->fd < 0)
			return errno != EAGAIN && !is_running()
			    ? RCPTCHECK_KNOWN
			    : RCPTCHECK_LATER;
		if (fdpass_set_timeout(check->fd, RCPTCHECK_SECONDS) < 0)
			return RCPTCHECK_LATER;
	}
	answer = ask(check->fd, address);
	/* After a failure nobody can tell to what an answer belongs. */
	if (answer == RCPTCHECK_LATER)
		rcptcheck_close(check);
	return answer;
}

void
rcptcheck_close(struct rcptcheck *check)
{
	fd_close(check->fd);
	check->fd = -1;
}
