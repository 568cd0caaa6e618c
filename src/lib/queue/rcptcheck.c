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

/* No answer: the peer has ended the connection. */
#define ENDED '\0'

/* Sends the question and hears the answer, on an open connection. */
static char
ask(int fd, struct span address)
{
	struct str question = STR_INIT;
	struct span rest, value;
	char answer[2], letter;
	ssize_t got;

	record_add(&question, RCPTCHECK_QUESTION, address);
	if (fdpass_send(fd, str_span(&question), -1) < 0)
		got = errno == EPIPE ? 0 : -1;
	else
		got = fdpass_receive(fd, answer, sizeof(answer), NULL);
	str_free(&question);
	if (got == 0)
		return ENDED;
	rest = span_make(answer, got > 0 ? (size_t)got : 0);
	if (!record_next(&rest, &letter, &value) || value.len)
		return RCPTCHECK_LATER;
	return letter == RCPTCHECK_KNOWN || letter == RCPTCHECK_UNKNOWN
	    ? letter
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

/* RCPTCHECK_KNOWN if there is a connection; else what that means. */
static enum rcptcheck_answer
connect_to_service(struct rcptcheck *check)
{
	check->fd = door_connect(RCPTCHECK_DOOR);
	/* Another group than qmaild's does not get in: there it is delivery that says. */
	if (check->fd < 0)
		return errno == EACCES || (errno != EAGAIN && !is_running())
		    ? RCPTCHECK_KNOWN
		    : RCPTCHECK_LATER;
	return fdpass_set_timeout(check->fd, RCPTCHECK_SECONDS) < 0
	    ? RCPTCHECK_LATER
	    : RCPTCHECK_KNOWN;
}

enum rcptcheck_answer
rcptcheck_ask(struct rcptcheck *check, struct span address)
{
	char letter = ENDED;

	if (address.len > RCPTCHECK_ADDRESS_MAX)
		return RCPTCHECK_KNOWN; /* no name is so long: delivery says */
	if (check->fd != -1)
		letter = ask(check->fd, address);
	/* The service ends connections that are idle. */
	if (letter == ENDED) {
		enum rcptcheck_answer answer;

		rcptcheck_close(check);
		answer = connect_to_service(check);
		if (answer != RCPTCHECK_KNOWN || check->fd == -1) {
			rcptcheck_close(check);
			return answer;
		}
		letter = ask(check->fd, address);
	}
	/* After a failure nobody can tell to what an answer belongs. */
	if (letter == ENDED || letter == RCPTCHECK_LATER) {
		rcptcheck_close(check);
		return RCPTCHECK_LATER;
	}
	return (enum rcptcheck_answer)letter;
}

void
rcptcheck_close(struct rcptcheck *check)
{
	fd_close(check->fd);
	check->fd = -1;
}
