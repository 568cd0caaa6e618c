/*
 * qmail-clean.c - removes queue files that belong to qmailq, on request.
 * Runs as   qmailq, one process, started by qmail-start; no exec, no network.
 * Reads     requests on fd 0 from qmail-send, NOT trusted to name files:
 *           a request is a letter and a number.
 * Writes    one answer per request on fd 0; unlinks below queue/mess, intd
 *           and todo; links intd to todo again.  A lock on the folder intd.
 * Source    qmail-clean(8); queue/clean.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"
#include "config/home.h"
#include "queue/clean.h"
#include "queue/envelope.h"
#include "queue/path.h"
#include "queue/record.h"
#include "queue/state.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/signal.h"

#define PEER_FD	      0
#define LOCK_PATIENCE 2000 /* milliseconds before the log tells of a wait */

static bool
remove_file(enum queue_folder folder, uint64_t number, uint64_t split)
{
	return unlink(queue_path(folder, number, split).s) == 0 ||
	    errno == ENOENT;
}

static enum clean_answer
remove_sorted(uint64_t *number, uint64_t split)
{
	return remove_file(QUEUE_TODO, *number, split) ? CLEAN_DONE
						       : CLEAN_FAILED;
}

/* The text goes last: as long as it is there the rest can be made again. */
static enum clean_answer
remove_finished(uint64_t *number, uint64_t split)
{
	return remove_file(QUEUE_TODO, *number, split) &&
		remove_file(QUEUE_INTD, *number, split) &&
		remove_file(QUEUE_MESS, *number, split)
	    ? CLEAN_DONE
	    : CLEAN_FAILED;
}

/*
 * Whether intd holds an envelope up to its end record.
 * Returns 1; 0 if it is missing or breaks off; -1 if that cannot be told now.
 */
static int
is_envelope_whole(uint64_t number, uint64_t split)
{
	char buffer[16384], letter = '\0';
	struct str value = STR_INIT;
	uint64_t uid, pid;
	struct in in;
	int result;
	struct queue_path path = queue_path(QUEUE_INTD, number, split);
	int fd = file_open_nofollow(path.s);

	if (fd < 0)
		return queue_is_missing(path) ? 0 : -1;
	in_init(&in, fd, buffer, sizeof(buffer));
	result = envelope_read_head(&in, &uid, &pid, &value);
	if (result == 0)
		do
			result = envelope_next(&in, NULL, &letter, &value);
		while (result == 0 && letter != '\0');
	if (result == 0)
		result = 1;
	else if (errno == EPROTO || errno == EBADMSG || errno == EMSGSIZE)
		result = 0;
	fd_close(fd);
	str_free(&value);
	return result;
}

/* Sees to it that a whole envelope is in todo; CLEAN_KEPT if there is none. */
static enum clean_answer
restore_envelope(uint64_t number, uint64_t split)
{
	struct queue_path todo = queue_path(QUEUE_TODO, number, split);
	int whole;

	if (access(todo.s, F_OK) == 0)
		return CLEAN_RESTORED;
	if ((whole = is_envelope_whole(number, split)) < 0)
		return CLEAN_FAILED;
	if (!whole)
		return CLEAN_KEPT;
	return link(queue_path(QUEUE_INTD, number, split).s, todo.s) == 0
	    ? CLEAN_RESTORED
	    : CLEAN_FAILED;
}

/* Decides on a message that nobody claims; without the lock, which its writer
 * holds, it is left alone. */
static enum clean_answer
examine_text(int fd, uint64_t number, uint64_t split, int64_t age)
{
	enum clean_answer answer;

	if (lock_try(fd) < 0)
		return CLEAN_KEPT;
	answer = restore_envelope(number, split);
	if (answer != CLEAN_KEPT || age < CLEAN_LEFTOVER_AGE)
		return answer;
	return remove_file(QUEUE_INTD, number, split) &&
		remove_file(QUEUE_MESS, number, split)
	    ? CLEAN_REMOVED
	    : CLEAN_FAILED;
}

static enum clean_answer
look_at(uint64_t number, uint64_t split, bool is_claimed)
{
	enum clean_answer answer = CLEAN_KEPT;
	struct stat st;
	int fd = file_open_nofollow(queue_path(QUEUE_MESS, number, split).s);

	if (fd < 0) /* missing, or nothing that qmail-queue has made */
		return error_is_temporary(errno) ? CLEAN_FAILED : CLEAN_KEPT;
	if (fstat(fd, &st) < 0)
		answer = CLEAN_FAILED;
	else if (S_ISREG(st.st_mode))
		answer = is_claimed
		    ? restore_envelope(number, split)
		    : examine_text(fd, number, split,
			  clock_seconds() - (int64_t)st.st_mtime);
	fd_close(fd);
	return answer;
}

/* One that waits was accepted: whoever may have locked it is not its writer. */
static enum clean_answer
restore(uint64_t *number, uint64_t split)
{
	return look_at(*number, split, true);
}

static enum clean_answer
examine(uint64_t *number, uint64_t split)
{
	return look_at(*number, split, false);
}

/* Whether this is an old envelope, not in todo, whose text is certainly gone. */
static bool
is_orphan(uint64_t number, uint64_t split)
{
	struct stat st;

	return message_file_exists(queue_path(QUEUE_MESS, number, split)) ==
	    0 &&
	    message_file_exists(queue_path(QUEUE_TODO, number, split)) == 0 &&
	    lstat(queue_path(QUEUE_INTD, number, split).s, &st) == 0 &&
	    clock_seconds() - (int64_t)st.st_mtime >= CLEAN_LEFTOVER_AGE;
}

/* Puts such envelopes of one part back into todo: qmail-todo, which can read
 * them, tells to whom the message was, and then they go. */
static enum clean_answer
sweep(uint64_t *number, uint64_t split)
{
	uint64_t part = *number - 1, found;
	enum clean_answer answer = CLEAN_KEPT;
	struct dir dir;
	int got;

	if (part >= split ||
	    dir_open(&dir, queue_path_folder(QUEUE_INTD, part).s) < 0)
		return CLEAN_FAILED;
	while ((got = queue_folder_next(&dir, part, split, &found)) > 0)
		if (is_orphan(found, split) &&
		    link(queue_path(QUEUE_INTD, found, split).s,
			queue_path(QUEUE_TODO, found, split).s) == 0) {
			answer = CLEAN_RESTORED;
			*number = found;
		}
	dir_close(&dir);
	return got < 0 ? CLEAN_FAILED : answer;
}

struct verb {
	char letter;
	/* number may change: the answer has it */
	enum clean_answer (*act)(uint64_t *number, uint64_t split);
};

static const struct verb verbs[] = {
	{ CLEAN_SORTED, remove_sorted },
	{ CLEAN_FINISHED, remove_finished },
	{ CLEAN_RESTORE, restore },
	{ CLEAN_EXAMINE, examine },
	{ CLEAN_SWEEP, sweep },
};

static const struct verb *
find_verb(char letter)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (verbs[i].letter == letter)
			return &verbs[i];
	return NULL;
}

/* Answers the requests of one datagram; false if it breaks the format. */
static bool
serve(struct span requests, uint64_t split)
{
	struct str answers = STR_INIT;
	struct span digits;
	bool fine = true;
	char letter;

	while (fine && requests.len) {
		const struct verb *verb = NULL;
		uint64_t number;

		if (record_next(&requests, &letter, &digits))
			verb = find_verb(letter);
		fine = verb && queue_path_number(digits, &number);
		if (fine) {
			enum clean_answer answer = verb->act(&number, split);

			record_add_number(&answers, (char)answer, number);
		}
	}
	if (answers.len && fdpass_say(PEER_FD, str_span(&answers)) < 0)
		fine = false;
	str_free(&answers);
	return fine;
}

/*
 * One that outlives its qmail-send, with requests that it has not done yet, is
 * waited for: it would take away what this one has put into todo.
 */
static void
take_lock(void)
{
	int fd = file_open(queue_folder_name(QUEUE_INTD));
	struct str text = STR_INIT;

	if (fd < 0)
		_exit(111);
	if (lock_wait_shortly(fd, LOCK_PATIENCE) == 0)
		return;
	if (errno != EWOULDBLOCK)
		_exit(111);
	record_add_number(&text, CLEAN_WAITS, 1);
	if (fdpass_say(PEER_FD, str_span(&text)) < 0)
		_exit(111);
	str_free(&text);
	while (lock_wait(fd) < 0)
		if (errno != EINTR)
			_exit(111);
}

int
main(void)
{
	static char datagram[FDPASS_RECORD_MAX];
	bool is_locked = false;
	uint64_t split;
	ssize_t got;

	must_hooks(111, NULL);
	signal_ignore(SIGPIPE);
	if (chdir(home_queue_dir) < 0 || queue_split_read(&split) < 0)
		_exit(111);
	while ((got = fdpass_receive(
		    PEER_FD, datagram, sizeof(datagram), NULL)) > 0) {
		/* Who asks is the only qmail-send by now. */
		if (!is_locked)
			take_lock();
		is_locked = true;
		if (!serve(span_make(datagram, (size_t)got), split))
			_exit(111);
	}
	_exit(got == 0 ? 0 : 111);
}
