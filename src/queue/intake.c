/*
 * intake.c - takes one message and its envelope into the queue.
 * Input: hostile
 */
#include "intake.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"
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

#define NUMBER_TRIES 1000 /* message numbers tried, one after the other */
/* Process ids are below it; they and how often they are used fit into 31 bits. */
#define PID_END	    (1 << 22)
#define TAKEN_END   500
#define BUFFER_SIZE 65536

/* The message is read by who is given it open, and may be opened once more by
 * the programs of users (/dev/stdin); that nobody gets to it by name is the
 * work of its folders. */
#define MESS_MODE 0644
#define INTD_MODE 0640

/* What all messages have in common. */
static struct {
	struct home_ids ids;
	uint64_t taken; /* messages, by this process, or about to be */
} common;

struct entry {
	const struct intake *intake;
	uint64_t number, qp, split;
	int mess_fd, intd_fd;
	bool has_mess, has_intd, has_todo; /* names that give_up removes */
	bool syncs_folders;		   /* control/syncfolders */
	/* There are keys to sign it on its way out, and a user submits it, or a list
	 * passes it on. */
	bool is_submitted, is_resent;
};

#define ENTRY_INIT                           \
	{                                    \
		.mess_fd = -1, .intd_fd = -1 \
	}

/* What has been made so far, for give_up, also from the signal handler. */
static struct entry entry = ENTRY_INIT;

static void
remove_file(enum queue_folder folder)
{
	/* What cannot be removed is cleared away after 36 hours. */
	(void)unlink(queue_path(folder, entry.number, entry.split).s);
}

void
intake_give_up(enum outcome outcome)
{
	if (entry.has_todo)
		remove_file(QUEUE_TODO);
	if (entry.has_intd)
		remove_file(QUEUE_INTD);
	if (entry.has_mess)
		remove_file(QUEUE_MESS);
	if (entry.intake && entry.intake->fail)
		entry.intake->fail(outcome);
	_exit((int)outcome);
}

static void
on_alarm(int number)
{
	(void)number;
	intake_give_up(TOO_SLOW); /* only async-signal-safe calls in there */
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
}

enum outcome
intake_prepare(void)
{
	take_over_signals();
	(void)umask(0);
	if (chdir(home_queue_dir) < 0)
		return chdir(home_dir) < 0 ? NO_HOME : NO_QUEUE;
	return home_ids_read(&common.ids) < 0 ? CANNOT_CONFIGURE : ACCEPTED;
}

static void
begin_entry(const struct intake *intake)
{
	entry = (struct entry)ENTRY_INIT;
	entry.intake = intake;
	entry.qp = (uint64_t)getpid() + common.taken * PID_END;
	common.taken++;
	if (queue_split_read(&entry.split) < 0)
		intake_give_up(CANNOT_CONFIGURE);
	/* Where that cannot be told it does no harm. */
	entry.syncs_folders =
	    access(home_sync_folders, F_OK) == 0 || errno != ENOENT;
	if (access(home_signing_keys, F_OK) < 0)
		return;
	entry.is_submitted = intake->submission == ENVELOPE_SUBMITTED;
	entry.is_resent = intake->submission == ENVELOPE_RESENT;
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
			intake_give_up(NO_MESS);
		entry.number++;
	}
	entry.has_mess = true;
	if (entry.mess_fd <= STDOUT_FILENO)
		intake_give_up(CANNOT_READ);
	if (lock_try(entry.mess_fd) < 0)
		intake_give_up(NO_MESS);
}

static void
add_caller(struct str *line)
{
	uid_t uid = entry.intake->uid;
	const uid_t *roles = common.ids.uid;

	if (uid == roles[HOME_ALIAS]) {
		str_add_z(line, "by alias");
	} else if (uid == roles[HOME_QMAILD]) {
		str_add_z(line, "from network");
	} else if (uid == roles[HOME_QMAILS]) {
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
	str_add_u64(line, entry.qp);
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

	if ((fcntl(entry.intake->message_fd, F_GETFL) & O_ACCMODE) == O_RDWR &&
	    fstat(entry.intake->message_fd, &given) == 0 &&
	    stat("/dev/null", &null) == 0 && S_ISCHR(given.st_mode) &&
	    given.st_rdev == null.st_rdev)
		intake_give_up(CANNOT_READ);
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
		if (out.size - out.len < INTAKE_READ && out_flush(&out) < 0)
			intake_give_up(CANNOT_WRITE);
		got = entry.intake->read(entry.intake->message_fd,
		    buffer + out.len, out.size - out.len);
		if (got < 0)
			intake_give_up(CANNOT_READ);
		out.len += (size_t)got;
		if (got > 0)
			is_empty = false;
	} while (got > 0);
	str_free(&received);
	if (is_empty)
		refuse_missing_message();
	if (out_flush(&out) < 0 || file_sync(entry.mess_fd) < 0)
		intake_give_up(CANNOT_WRITE);
	if (entry.syncs_folders &&
	    file_sync_folder(
		queue_path_folder(QUEUE_MESS, entry.number % entry.split).s) <
		0)
		intake_give_up(CANNOT_WRITE);
}

static void
create_intd(void)
{
	/* It can only be ours: mess/S/N was new. */
	entry.has_intd = true;
	entry.intd_fd = file_create(
	    queue_path(QUEUE_INTD, entry.number, entry.split).s, INTD_MODE);
	if (entry.intd_fd < 0)
		intake_give_up(NO_INTD);
	if (entry.intd_fd <= STDOUT_FILENO)
		intake_give_up(CANNOT_READ);
}

NORETURN static void
refuse_envelope(int number)
{
	if (number == EMSGSIZE)
		intake_give_up(ADDRESS_TOO_LONG);
	intake_give_up(number == EBADMSG ? BAD_ENVELOPE : CANNOT_READ);
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

	in_init(&in, entry.intake->envelope_fd, in_buffer, sizeof(in_buffer));
	in.read = entry.intake->read;
	out_init(&out, entry.intd_fd, out_buffer, sizeof(out_buffer));
	envelope_add_number(&out, 'u', entry.intake->uid);
	envelope_add_number(&out, 'p', entry.qp);
	for (;;) {
		before = letter;
		if (envelope_next_in_order(&in, &letter, &address) < 0)
			refuse_envelope(errno);
		if (letter == ENVELOPE_END)
			break;
		copy_record(&out, before, letter, &address);
	}
	envelope_add_end(&out);
	str_free(&address);
	if (out_flush(&out) < 0)
		intake_give_up(CANNOT_WRITE);
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
		intake_give_up(NO_TODO);
	if (file_sync(entry.intd_fd) < 0)
		intake_give_up(CANNOT_WRITE);
	if (entry.syncs_folders &&
	    (file_sync_folder(
		 queue_path_folder(QUEUE_INTD, entry.number % entry.split).s) <
		    0 ||
		file_sync_folder(
		    queue_path_folder(QUEUE_TODO, entry.number % entry.split)
			.s) < 0))
		intake_give_up(CANNOT_WRITE);
}

void
intake_be_ready(void)
{
	fd_close(entry.intd_fd);
	entry = (struct entry)ENTRY_INIT;
	(void)alarm(0);
	hold_signals(false);
}

bool
intake_is_used_up(void)
{
	return common.taken >= TAKEN_END;
}

uint64_t
intake_take(const struct intake *intake)
{
	hold_signals(true);
	begin_entry(intake);
	(void)alarm(INTAKE_LIFETIME);
	create_mess();
	hold_signals(false);
	copy_message();
	create_intd();
	copy_envelope();
	commit();
	fd_close(entry.mess_fd); /* the lock goes: qmail-todo may take it */
	trigger_pull(entry.number);
	return entry.qp;
}
