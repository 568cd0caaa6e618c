/*
 * qmail-qread.c - lists the messages in the queue and their recipients.
 * Runs as   root, or one of the suite's users that may read the queue; also as
 *           mailq, see sendmail.c.
 * Reads     queue/info, local, remote, mess, bounce: made by qmail-send, but
 *           full of addresses that strangers chose.
 * Writes    the list to fd 1; errors to fd 2.
 * Source    qmail-qread(8).
 *
 * The queue changes meanwhile: what is gone when its turn comes is left out.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/str.h"
#include "base/vec.h"
#include "config/home.h"
#include "mail/date.h"
#include "queue/channel.h"
#include "queue/info.h"
#include "queue/path.h"
#include "sys/dir.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/out.h"
#include "sys/signal.h"

#define WRITE_SIZE 65536

struct listing {
	bool is_mailq; /* for people, who want to see that there is nothing */
	uint64_t split;
	VEC(uint64_t) numbers;
	uint64_t fresh; /* messages in todo */
	struct out out;
};

#define MAY_NOT                                                               \
	"qmail-qread: the queue tells who writes to whom: only root and the " \
	"user qmails may list it, and those of group qmail by qmail-qctl list\n"

/* Every failure ends here: 111, and the reason. */
NORETURN static void
fail(const char *what, const char *which)
{
	char buffer[256];
	const char *reason = errno ? error_text(errno) : NULL;
	bool is_forbidden = errno == EACCES && geteuid() != 0;
	struct out out;

	out_init(&out, 2, buffer, sizeof(buffer));
	(void)out_add_z(&out, "qmail-qread: fatal: ");
	(void)out_add_z(&out, what);
	(void)out_add_z(&out, which);
	if (reason) {
		(void)out_add_z(&out, ": ");
		(void)out_add_z(&out, reason);
	}
	(void)out_add_z(&out, "\n");
	if (is_forbidden)
		(void)out_add_z(&out, MAY_NOT);
	(void)out_flush(&out); /* nobody else to tell */
	_exit(111);
}

static void
out_of_memory(void)
{
	errno = 0;
	fail("out of memory", "");
}

/* ---- which messages ------------------------------------------------------ */

static void
collect_folder(struct listing *listing, enum queue_folder folder, uint64_t part)
{
	struct queue_path path = queue_path_folder(folder, part);
	struct dir dir;
	uint64_t number;
	int got;

	if (dir_open(&dir, path.s) < 0)
		fail("cannot read queue/", path.s);
	while ((got = queue_folder_next(&dir, part, listing->split, &number)) >
	    0) {
		if (folder == QUEUE_INFO)
			vec_push(&listing->numbers, number);
		else
			listing->fresh++;
	}
	if (got < 0)
		fail("cannot read queue/", path.s);
	dir_close(&dir);
}

static void
collect(struct listing *listing)
{
	for (uint64_t part = 0; part < listing->split; part++)
		collect_folder(listing, QUEUE_INFO, part);
	if (listing->numbers.len > 0)
		qsort(listing->numbers.at, listing->numbers.len,
		    sizeof(*listing->numbers.at), queue_number_compare);
}

/* ---- one message --------------------------------------------------------- */

static void
add_safe(struct str *text, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		str_add_byte(
		    text, ascii_is_printable(bytes.s[i]) ? bytes.s[i] : '_');
}

static void
add_warning(struct str *text, uint64_t number, const char *what)
{
	str_add_z(text, "warning: trouble with #");
	str_add_u64(text, number);
	str_add_z(text, ": ");
	str_add_z(text, what);
	str_add_byte(text, '\n');
}

/* Appends a line for each recipient of one channel. */
static void
add_channel(
    struct str *text, enum channel_id channel, uint64_t number, uint64_t split)
{
	struct queue_path path = channel_path(channel, number, split);
	struct channel_recipient next = CHANNEL_RECIPIENT_INIT;
	struct channel_reader reader;
	int fd = file_open_nofollow(path.s), got = 1;

	if (fd < 0) {
		if (errno != ENOENT)
			add_warning(text, number, path.s);
		return;
	}
	channel_read(&reader, fd);
	while (got > 0 && (got = channel_next(&reader, &next)) > 0) {
		str_add_z(text, next.is_done ? "  done\t" : "\t");
		str_add_z(text, queue_folder_name(channel_folder(channel)));
		str_add_byte(text, '\t');
		add_safe(text, str_span(&next.address));
		str_add_byte(text, '\n');
	}
	if (got != 0)
		add_warning(text, number, path.s);
	fd_close(fd);
	channel_recipient_free(&next);
}

static void
add_head(struct str *text, uint64_t number, const struct info *info,
    const struct stat *mess)
{
	date_add_utc_bare(text, info->birth);
	str_add_z(text, " GMT  #");
	str_add_u64(text, number);
	str_add_z(text, "  ");
	str_add_u64(text, (uint64_t)mess->st_size);
	str_add_z(text, "  <");
	add_safe(text, str_span(&info->sender));
	str_add_z(text, "> ");
}

/* What is to be said of a message; nothing if it is gone. */
static void
add_message(struct str *text, uint64_t number, uint64_t split)
{
	struct queue_path path = queue_path(QUEUE_INFO, number, split);
	struct info info = INFO_INIT;
	struct stat mess, bounce;

	if (info_read(number, split, &info) < 0) {
		if (errno != ENOENT)
			add_warning(text, number, path.s);
	} else if (stat(queue_path(QUEUE_MESS, number, split).s, &mess) == 0) {
		add_head(text, number, &info, &mess);
		if (stat(queue_path(QUEUE_BOUNCE, number, split).s, &bounce) ==
		    0)
			str_add_z(text, " bouncing");
		str_add_byte(text, '\n');
		for (int i = 0; i < CHANNELS; i++)
			add_channel(text, (enum channel_id)i, number, split);
	} else if (errno != ENOENT || access(path.s, F_OK) == 0) {
		/* Not gone altogether, but damaged. */
		add_warning(text, number, "its message in queue/mess");
	}
	info_free(&info);
}

/* What mailq says where there is nothing to list.  A message that goes straight
 * is in todo alone. */
static void
add_emptiness(struct str *text, struct listing *listing)
{
	for (uint64_t part = 0; part < listing->split; part++)
		collect_folder(listing, QUEUE_TODO, part);
	if (listing->fresh == 0) {
		str_add_z(text, "Mail queue is empty\n");
		return;
	}
	str_add_z(text, "No message waits; new, and not yet tried: ");
	str_add_u64(text, listing->fresh);
	str_add_byte(text, '\n');
}

static void
print(struct listing *listing)
{
	struct str text = STR_INIT;

	if (listing->is_mailq && listing->numbers.len == 0)
		add_emptiness(&text, listing);
	(void)out_add(&listing->out, str_span(&text));
	for (size_t i = 0; i < listing->numbers.len; i++) {
		str_reset(&text);
		add_message(&text, listing->numbers.at[i], listing->split);
		(void)out_add(&listing->out, str_span(&text));
	}
	if (out_flush(&listing->out) < 0)
		fail("cannot write", "");
	str_free(&text);
}

/* Whether we are called by the other name. */
static bool
is_mailq(const char *name)
{
	return name && span_equal(span_of(name), SPAN("mailq"));
}

int
main(int argc, char **argv)
{
	static char buffer[WRITE_SIZE];
	struct listing listing = { .numbers = VEC_INIT };

	must_hooks(111, out_of_memory);
	signal_ignore(SIGPIPE);
	listing.is_mailq = argc > 0 && is_mailq(argv[0]);
	if (chdir(home_queue_dir) < 0)
		fail("cannot enter ", home_queue_dir);
	if (queue_split_read(&listing.split) < 0)
		fail("cannot read queue/lock/split", "");
	out_init(&listing.out, 1, buffer, sizeof(buffer));
	collect(&listing);
	print(&listing);
	return 0;
}
