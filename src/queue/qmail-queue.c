/*
 * qmail-queue.c - takes a message and its envelope into the queue.
 * Runs as   qmailq (setuid), for anyone: its caller, descriptors, limits,
 *           environment and signals are NOT trusted.
 * Reads     the message on fd 0, the envelope on fd 1; users/ids.
 * Writes    queue/mess, queue/intd, queue/todo; pulls lock/trigger; no exec,
 *           no network, not a byte on fd 2.
 * Source    qmail-queue(8), envelopes(5); which fsync when: src/README.
 *
 * Exit 0 means that the message survives a power cut:
 *	mess/S/N written, fsync;  intd/S/N written, linked to todo/S/N, fsync.
 * mess/S/N is locked from its making until that is done, so that the clean-up
 * knows that its writer lives, whatever the clock says.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"
#include "config/home.h"
#include "mail/date.h"
#include "mail/dsn.h"
#include "queue/envelope.h"
#include "queue/path.h"
#include "queue/trigger.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/in.h"
#include "sys/lock.h"
#include "sys/out.h"

#define MESSAGE_FD   0
#define ENVELOPE_FD  1
#define LIFETIME     86400 /* seconds that a caller may take */
#define NUMBER_TRIES 1000  /* message numbers tried, one after the other */
#define BUFFER_SIZE  65536

/* The message is read by who is given it open, and may be opened once more by
 * the programs of users (/dev/stdin); that nobody gets to it by name is the
 * work of its folders. */
#define MESS_MODE 0644
#define INTD_MODE 0640

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

struct entry {
	uint64_t number, split;
	uint64_t uid, pid; /* the caller's, and ours */
	int mess_fd, intd_fd;
	bool has_mess, has_intd, has_todo; /* names that give_up removes */
	bool syncs_folders;		   /* control/syncfolders */
	/* There are keys to sign it on its way out, and a user submits it, or a list
	 * passes it on. */
	bool is_submitted, is_resent;
};

/* What has been made so far, for give_up, also from the signal handler. */
static struct entry entry = { .mess_fd = -1, .intd_fd = -1 };

static void
remove_file(enum queue_folder folder)
{
	/* What cannot be removed is cleared away after 36 hours. */
	(void)unlink(queue_path(folder, entry.number, entry.split).s);
}

NORETURN static void
give_up(enum outcome outcome)
{
	if (entry.has_todo)
		remove_file(QUEUE_TODO);
	if (entry.has_intd)
		remove_file(QUEUE_INTD);
	if (entry.has_mess)
		remove_file(QUEUE_MESS);
	_exit((int)outcome);
}

static void
on_no_memory(void)
{
	give_up(NO_MEMORY);
}

static void
on_alarm(int number)
{
	(void)number;
	give_up(TOO_SLOW); /* only async-signal-safe calls in there */
}

/*
 * Those that would leave files behind without need wait until we are done;
 * XFSZ makes write fail with EFBIG.  ALRM and TERM give up, but while a name
 * is made that give_up does not know of yet, and once the message is in todo:
 * what qmail-todo may have seen is not taken back.
 */
static void
hold_signals(bool holds_alarm)
{
	static const int held_back[] = { SIGPIPE, SIGVTALRM, SIGPROF, SIGQUIT,
		SIGINT, SIGHUP, SIGXCPU, SIGXFSZ, 0 };
	sigset_t mask;

	(void)sigemptyset(&mask);
	for (const int *number = held_back; *number; number++)
		(void)sigaddset(&mask, *number);
	if (holds_alarm) {
		(void)sigaddset(&mask, SIGALRM);
		(void)sigaddset(&mask, SIGTERM);
	}
	must(sigprocmask(SIG_SETMASK, &mask, NULL) == 0);
}

/* The caller may have blocked, ignored or armed any signal. */
static void
take_over_signals(void)
{
	struct sigaction on_timer = { .sa_handler = on_alarm };

	hold_signals(true);
	(void)sigemptyset(&on_timer.sa_mask);
	(void)sigaddset(&on_timer.sa_mask, SIGALRM);
	(void)sigaddset(&on_timer.sa_mask, SIGTERM);
	must(sigaction(SIGALRM, &on_timer, NULL) == 0);
	must(sigaction(SIGTERM, &on_timer, NULL) == 0);
	(void)alarm(LIFETIME);
}

/* What the caller says: he may sign what he submits, and is one of our users; or a list,
 * which passes on what others have written. */
static void
take_submission(void)
{
	enum envelope_submission submission = envelope_submission();

	if (access(home_signing_keys, F_OK) < 0)
		return;
	entry.is_resent = submission == ENVELOPE_RESENT;
	entry.is_submitted = submission == ENVELOPE_SUBMITTED;
}

static void
enter_queue(void)
{
	(void)umask(0);
	if (chdir(home_queue_dir) < 0)
		give_up(chdir(home_dir) < 0 ? NO_HOME : NO_QUEUE);
	/* Where that cannot be told it does no harm. */
	entry.syncs_folders =
	    access(home_sync_folders, F_OK) == 0 || errno != ENOENT;
	take_submission();
	if (queue_split_read(&entry.split) < 0)
		give_up(CANNOT_CONFIGURE);
}

/*
 * The number is the time of arrival in microseconds, or the next free one.
 * If the file gets descriptor 0 or 1, that was closed: nothing to read there.
 */
static void
create_mess(void)
{
	entry.number = clock_microseconds();
	for (int tries = 0; entry.mess_fd < 0; tries++) {
		entry.mess_fd = file_create(
		    queue_path(QUEUE_MESS, entry.number, entry.split).s,
		    MESS_MODE);
		if (entry.mess_fd >= 0)
			break;
		if (errno != EEXIST || tries >= NUMBER_TRIES)
			give_up(NO_MESS);
		entry.number++;
	}
	entry.has_mess = true;
	if (entry.mess_fd <= ENVELOPE_FD)
		give_up(CANNOT_READ);
	if (lock_try(entry.mess_fd) < 0)
		give_up(NO_MESS);
}

static void
add_caller(struct str *line)
{
	uid_t uid = (uid_t)entry.uid;
	struct home_ids ids;

	if (home_ids_read(&ids) < 0)
		give_up(CANNOT_CONFIGURE);
	if (uid == ids.uid[HOME_ALIAS]) {
		str_add_z(line, "by alias");
	} else if (uid == ids.uid[HOME_QMAILD]) {
		str_add_z(line, "from network");
	} else if (uid == ids.uid[HOME_QMAILS]) {
		str_add_z(line, "for bounce");
	} else {
		str_add_z(line, "by uid ");
		str_add_u64(line, uid);
	}
}

static void
add_received(struct str *line)
{
	str_add_z(line, "Received: (qmail ");
	str_add_u64(line, entry.pid);
	str_add_z(line, " invoked ");
	add_caller(line);
	str_add_z(line, "); ");
	date_add_utc(line, (int64_t)(entry.number / 1000000));
	str_add_byte(line, '\n');
}

/*
 * Started by a stranger with descriptor 0 closed, the C library has put
 * /dev/null there, open for reading and writing.  That is no message.
 */
static void
refuse_missing_message(void)
{
	struct stat given, null;

	if ((fcntl(MESSAGE_FD, F_GETFL) & O_ACCMODE) == O_RDWR &&
	    fstat(MESSAGE_FD, &given) == 0 && stat("/dev/null", &null) == 0 &&
	    S_ISCHR(given.st_mode) && given.st_rdev == null.st_rdev)
		give_up(CANNOT_READ);
}

/* Copies the message behind its Received line; memory does not depend on
 * its size. */
static void
copy_message(void)
{
	char buffer[BUFFER_SIZE];
	struct str received = STR_INIT;
	struct out out;
	bool is_empty = true;
	ssize_t got;

	add_received(&received);
	out_init(&out, entry.mess_fd, buffer, sizeof(buffer));
	(void)out_add(&out, str_span(&received));
	do {
		if (out.size - out.len < BUFFER_SIZE / 4 && out_flush(&out) < 0)
			give_up(CANNOT_WRITE);
		got = fd_read(MESSAGE_FD, buffer + out.len, out.size - out.len);
		if (got < 0)
			give_up(CANNOT_READ);
		out.len += (size_t)got;
		if (got > 0)
			is_empty = false;
	} while (got > 0);
	if (is_empty)
		refuse_missing_message();
	if (out_flush(&out) < 0 || file_sync(entry.mess_fd) < 0)
		give_up(CANNOT_WRITE);
	if (entry.syncs_folders &&
	    file_sync_folder(
		queue_path_folder(QUEUE_MESS, entry.number % entry.split).s) <
		0)
		give_up(CANNOT_WRITE);
}

static void
create_intd(void)
{
	/* It can only be ours: mess/S/N was new. */
	entry.has_intd = true;
	entry.intd_fd = file_create(
	    queue_path(QUEUE_INTD, entry.number, entry.split).s, INTD_MODE);
	if (entry.intd_fd < 0)
		give_up(NO_INTD);
	if (entry.intd_fd <= ENVELOPE_FD)
		give_up(CANNOT_READ);
}

NORETURN static void
refuse_envelope(int number)
{
	if (number == EMSGSIZE)
		give_up(ADDRESS_TOO_LONG);
	give_up(number == EBADMSG ? BAD_ENVELOPE : CANNOT_READ);
}

/*
 * Copies a record; what the sender asks for gets the word that it is submitted here.
 *   before   the letter of the record before it
 */
static void
copy_record(struct out *out, char before, char letter, struct str *value)
{
	struct dsn_envelope asked = { .is_submitted = false };
	struct str text = STR_INIT;

	if ((entry.is_submitted || entry.is_resent) &&
	    before == ENVELOPE_SENDER) {
		/* It is sound: it has been read in order. */
		if (letter == ENVELOPE_PARAMETERS)
			(void)!dsn_parse_envelope(str_span(value), &asked);
		/* One of our users stays the author behind a list, too. */
		asked.is_submitted = asked.is_submitted || entry.is_submitted;
		asked.is_resent = entry.is_resent && !asked.is_submitted;
		dsn_add_envelope(&text, &asked);
		envelope_add(out, ENVELOPE_PARAMETERS, str_span(&text));
		str_free(&text);
		if (letter == ENVELOPE_PARAMETERS)
			return;
	}
	envelope_add(out, letter, str_span(value));
}

/* Copies the envelope from fd 1, record by record, up to and with its end. */
static void
copy_envelope(void)
{
	char in_buffer[BUFFER_SIZE], out_buffer[BUFFER_SIZE];
	struct str address = STR_INIT;
	char letter = ENVELOPE_END, before;
	struct out out;
	struct in in;

	in_init(&in, ENVELOPE_FD, in_buffer, sizeof(in_buffer));
	out_init(&out, entry.intd_fd, out_buffer, sizeof(out_buffer));
	envelope_add_number(&out, 'u', entry.uid);
	envelope_add_number(&out, 'p', entry.pid);
	for (;;) {
		before = letter;
		if (envelope_next_in_order(&in, &letter, &address) < 0)
			refuse_envelope(errno);
		if (letter == ENVELOPE_END)
			break;
		copy_record(&out, before, letter, &address);
	}
	envelope_add_end(&out);
	if (out_flush(&out) < 0)
		give_up(CANNOT_WRITE);
}

/*
 * The link comes before the fsync, which keeps the name with the file.  Only a
 * failing fsync takes the link back; the lock on mess holds qmail-todo off
 * until that is decided.
 */
static void
commit(void)
{
	struct queue_path intd =
	    queue_path(QUEUE_INTD, entry.number, entry.split);
	struct queue_path todo =
	    queue_path(QUEUE_TODO, entry.number, entry.split);

	hold_signals(true);
	entry.has_todo = true;
	if (link(intd.s, todo.s) < 0)
		give_up(NO_TODO);
	if (file_sync(entry.intd_fd) < 0)
		give_up(CANNOT_WRITE);
	if (entry.syncs_folders &&
	    (file_sync_folder(
		 queue_path_folder(QUEUE_INTD, entry.number % entry.split).s) <
		    0 ||
		file_sync_folder(
		    queue_path_folder(QUEUE_TODO, entry.number % entry.split)
			.s) < 0))
		give_up(CANNOT_WRITE);
}

int
main(void)
{
	must_hooks(BUG, on_no_memory);
	take_over_signals();
	entry.uid = getuid();
	entry.pid = (uint64_t)getpid();
	enter_queue();
	create_mess();
	hold_signals(false);
	copy_message();
	create_intd();
	copy_envelope();
	commit();
	fd_close(entry.mess_fd); /* the lock goes: qmail-todo may take it */
	trigger_pull(entry.number);
	_exit(ACCEPTED);
}
