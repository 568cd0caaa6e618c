/* queuedoor.c - the door of qmail-queued, as its clients see it. */
#include "queue/queuedoor.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/scan.h"
#include "base/str.h"
#include "queue/record.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define ANSWER_MAX    32
#define EXIT_CODE_MAX 255

/* Whether there is a place. */
static bool
is_let_in(int fd)
{
	char word[ANSWER_MAX];

	return fdpass_receive(fd, word, sizeof(word), NULL) > 0 &&
	    word[0] == QUEUEDOOR_GO;
}

int
queuedoor_enter(
    const char *home, enum envelope_submission submission, bool waits)
{
	static const char letters[] = { [ENVELOPE_RELAYED] = QUEUEDOOR_RELAYED,
		[ENVELOPE_SUBMITTED] = QUEUEDOOR_SUBMITTED,
		[ENVELOPE_RESENT] = QUEUEDOOR_RESENT };
	const char how[] = { letters[submission], QUEUEDOOR_WAITS };
	struct str path = STR_INIT;
	int fd;

	str_add_z(&path, home);
	str_add_z(&path, "/" QUEUEDOOR);
	fd = door_connect(str_z(&path));
	str_free(&path);
	if (fd < 0)
		return -1;
	if (fdpass_say(fd, span_make(how, waits ? 2 : 1)) == 0 &&
	    (!waits || is_let_in(fd)))
		return fd;
	fd_close(fd);
	return -1;
}

int
queuedoor_put(int fd, struct span bytes)
{
	while (bytes.len) {
		struct span piece = span_upto(bytes, QUEUEDOOR_PIECE);

		if (fdpass_say(fd, piece) < 0)
			return -1;
		bytes = span_from(bytes, piece.len);
	}
	return 0;
}

int
queuedoor_put_end(int fd)
{
	return fdpass_say(fd, SPAN(""));
}

void
queuedoor_break(int fd)
{
	(void)shutdown(fd, SHUT_WR);
}

int
queuedoor_answer(int fd, pid_t *pid)
{
	char answer[ANSWER_MAX], letter;
	ssize_t got = fdpass_receive(fd, answer, sizeof(answer), NULL);
	struct span rest = span_make(answer, got > 0 ? (size_t)got : 0), digits;
	uint64_t number;

	if (!record_next(&rest, &letter, &digits))
		return QUEUEDOOR_LOST;
	if (letter == QUEUEDOOR_FULL)
		return QUEUEDOOR_NO_PLACE;
	if (letter == QUEUEDOOR_ACCEPTED &&
	    scan_u64(digits, INT32_MAX, &number)) {
		*pid = (pid_t)number;
		return 0;
	}
	return letter == QUEUEDOOR_REFUSED &&
		scan_u64(digits, EXIT_CODE_MAX, &number) && number
	    ? (int)number
	    : QUEUEDOOR_LOST;
}
