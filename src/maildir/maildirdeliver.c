/*
 * maildirdeliver.c - delivers a message to a Maildir, if its quota allows it.
 * Runs as   the recipient, from a .qmail file.
 * Reads     the message on fd 0, hostile; RPLINE, DTLINE.
 * Writes    the message to the Maildir of its argument, and its maildirsize.
 * Source    maildirdeliver(1), maildir(5).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "mail/maildirname.h"
#include "quota.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/out.h"
#include "sys/signal.h"

#define PERMANENT_EXIT 100
#define TEMPORARY_EXIT 111
#define NAME_TRIES     3
#define HOST_MAX       256
#define BLOCK	       65536

struct delivery {
	const char *maildir;
	struct span quota;
	bool is_patient; /* over quota is for now */
	struct str top;	 /* lines before the message */
	struct str tmp;	 /* the file while it is written; empty: none */
	int fd;
	struct maildirname_sizes sizes;
	uint64_t size; /* of the message, once it is known */
	bool is_folder;
	int here; /* the Maildir, or the folder of one */
};

/* ---- ways to end ---- */

/* What the signal handler must know: the name of the file in tmp. */
static const char *volatile unlink_path;

static void
on_stop(int number)
{
	(void)number;
	if (unlink_path)
		(void)unlink(unlink_path);
	_exit(TEMPORARY_EXIT);
}

/* What was written is taken away. */
NORETURN static void
fail(struct delivery *delivery, const char *what)
{
	int number = errno;

	if (delivery->tmp.len)
		(void)unlink(str_z(&delivery->tmp));
	fprintf(stderr, "maildirdeliver: fatal: %s: %s: %s\n",
	    delivery->maildir, what, error_text(number));
	_exit(TEMPORARY_EXIT);
}

NORETURN static void
fail_full(struct delivery *delivery)
{
	if (delivery->tmp.len)
		(void)unlink(str_z(&delivery->tmp));
	fprintf(stderr,
	    "maildirdeliver: fatal: the mailbox is full (#%s.2.2)\n",
	    delivery->is_patient ? "4" : "5");
	_exit(delivery->is_patient ? TEMPORARY_EXIT : PERMANENT_EXIT);
}

/* A mistake in a .qmail file must not bounce mail. */
NORETURN static void
fail_usage(void)
{
	fputs("usage: maildirdeliver [-d] [-q quota] maildir\n", stderr);
	_exit(TEMPORARY_EXIT);
}

static void
out_of_memory(void)
{
	_exit(TEMPORARY_EXIT);
}

/* ---- the quota ---- */

/* Calls with the Maildir as the working folder, also where the message is for a
 * folder of it, and comes back.  Returns what that did, -1 with errno. */
static int
visit_maildir(
    const struct delivery *delivery, int (*call)(const struct delivery *))
{
	int result;

	if (!delivery->is_folder)
		return call(delivery);
	if (chdir("..") < 0)
		return -1;
	result = call(delivery);
	return fchdir(delivery->here) < 0 ? -1 : result;
}

static int
call_check(const struct delivery *delivery)
{
	return quota_check(delivery->quota, delivery->size);
}

static int
call_add(const struct delivery *delivery)
{
	return quota_add(delivery->size);
}

static void
check_quota(struct delivery *delivery)
{
	int found = visit_maildir(delivery, call_check);

	if (found < 0)
		fail(delivery,
		    errno == EINVAL && delivery->quota.len
			? "a quota is bytes with S, messages with C behind, "
			  "as 100000000S,10000C"
			: "cannot tell whether the quota allows it");
	if (found == 0)
		fail_full(delivery);
}

/* ---- the message ---- */

static void
create_file(struct delivery *delivery)
{
	char host[HOST_MAX];

	if (gethostname(host, sizeof(host)) < 0)
		host[0] = '\0';
	host[sizeof(host) - 1] = '\0';
	for (unsigned number = 1;; number++) {
		str_set(&delivery->tmp, SPAN("tmp/"));
		maildirname_add_unique(&delivery->tmp, clock_microseconds(),
		    (uint64_t)getpid(), number, host);
		unlink_path = str_z(&delivery->tmp);
		delivery->fd = file_create(unlink_path, 0600);
		if (delivery->fd >= 0)
			return;
		unlink_path = NULL;
		if (errno == EEXIST && number < NAME_TRIES)
			continue;
		str_reset(&delivery->tmp); /* it is not ours */
		fail(delivery, "cannot make a file in tmp");
	}
}

static void
write_message(struct delivery *delivery)
{
	static char buffer[BLOCK], out_buffer[BLOCK];
	struct out out;
	ssize_t got;

	out_init(&out, delivery->fd, out_buffer, sizeof(out_buffer));
	maildirname_count(&delivery->sizes, str_span(&delivery->top));
	(void)out_add(&out, str_span(&delivery->top)); /* see out_flush */
	while ((got = fd_read(0, buffer, sizeof(buffer))) > 0) {
		struct span bytes = span_make(buffer, (size_t)got);

		maildirname_count(&delivery->sizes, bytes);
		if (out_add(&out, bytes) < 0)
			break;
	}
	if (got < 0)
		fail(delivery, "cannot read the message");
	if (out_flush(&out) < 0)
		fail(delivery, "cannot write the message");
}

/* Whatever fails, it will be delivered again, and so must not be there. */
static void
put_in_place(struct delivery *delivery)
{
	struct str new = STR_INIT;

	if (file_sync(delivery->fd) < 0)
		fail(delivery, "cannot write the message");
	str_add_z(&new, "new/");
	str_add(&new, span_from(str_span(&delivery->tmp), sizeof("tmp/") - 1));
	maildirname_add_sizes(&new, &delivery->sizes);
	/* From here on a signal takes nothing back: somebody may have read it. */
	signal_block(SIGTERM);
	if (file_move(str_z(&delivery->tmp), str_z(&new)) < 0)
		fail(delivery, "cannot move the message to new");
	str_set(&delivery->tmp, str_span(&new));
	if (file_sync_folder("new") < 0)
		fail(delivery, "cannot keep the message in new");
	str_free(&new);
}

/* ---- all of it ---- */

static void
take_options(struct delivery *delivery, int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "dq:")) != -1)
		switch (letter) {
		case 'd':
			delivery->is_patient = true;
			break;
		case 'q':
			delivery->quota = span_of(optarg);
			break;
		default:
			fail_usage();
		}
	if (optind != argc - 1)
		fail_usage();
	delivery->maildir = argv[optind];
}

static void
enter(struct delivery *delivery)
{
	if (chdir(delivery->maildir) < 0)
		fail(delivery, "cannot enter it");
	delivery->here = file_open(".");
	if (delivery->here < 0)
		fail(delivery, "cannot open it");
	delivery->is_folder = access("maildirfolder", F_OK) == 0;
}

/* Goes to the start of the message.  Returns whether its size is known now. */
static bool
find_size(struct delivery *delivery)
{
	struct stat status;

	if (fstat(0, &status) < 0)
		fail(delivery, "cannot look at the message");
	if (!S_ISREG(status.st_mode))
		return false;
	if (lseek(0, 0, SEEK_SET) < 0)
		fail(delivery, "cannot go back to the start of the message");
	delivery->size = (uint64_t)status.st_size + delivery->top.len;
	return true;
}

int
main(int argc, char **argv)
{
	struct delivery delivery = { .sizes = MAILDIRNAME_SIZES_INIT };
	bool is_checked;

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	signal_ignore(SIGXFSZ); /* a limit gives an error, not death */
	signal_catch(SIGTERM, on_stop);
	take_options(&delivery, argc, argv);
	str_add(&delivery.top, span_of(getenv("RPLINE")));
	str_add(&delivery.top, span_of(getenv("DTLINE")));
	enter(&delivery);
	is_checked = find_size(&delivery);
	if (is_checked)
		check_quota(&delivery);
	create_file(&delivery);
	write_message(&delivery);
	delivery.size = delivery.sizes.bytes;
	if (!is_checked)
		check_quota(&delivery);
	put_in_place(&delivery);
	if (visit_maildir(&delivery, call_add) < 0)
		fprintf(stderr,
		    "maildirdeliver: warning: cannot add to maildirsize: %s\n",
		    error_text(errno));
	return 0;
}
