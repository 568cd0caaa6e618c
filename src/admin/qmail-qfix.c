/*
 * qmail-qfix.c - checks a queue, mends it, changes its split, and takes over
 * that of another suite where it lies.
 * Runs as   root, by hand, while nothing of the suite runs on that queue.
 * Reads     the queue: files and names of which its users have a say; the
 *           accounts.  Follows no link in it.
 * Writes    owners, modes and names in the queue; an end record behind
 *           envelopes of other suites; lock/.  Removes empty folders only.
 * Source    qmail-qfix(8); src/README.
 *
 * Order, so that a run that ends anywhere does no harm: what needs room on the
 * disk is made; the queue is shut, and that is on the disk before the first
 * name changes; all is on the disk before it is opened.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"

#include "qfix.h"

enum outcome {
	ALL_RIGHT = 0,
	IS_WRONG = 1,
	USAGE = 100,
	CANNOT_TELL = 111
};

struct wish {
	bool mends;
	uint64_t split; /* 0: as it is */
};

NORETURN static void
end(enum outcome outcome, const char *words)
{
	struct str text = STR_INIT;

	str_add_z(&text, words);
	str_add_byte(&text, '\n');
	(void)!fd_write_all(2, str_span(&text)); /* the code says the same */
	_exit((int)outcome);
}

/* A call has failed: says which, and in what state the queue is. */
NORETURN static void
give_up(struct qfix *qfix, struct gate *gate)
{
	const struct qfix_failure *failure = &qfix->failure;
	struct str text = STR_INIT;
	bool was_shut = gate->is_shut, is_shut;

	if (!qfix->has_begun)
		folders_unmake(qfix);
	is_shut = !gate_give_back(qfix, gate);
	str_add_z(&text, "qmail-qfix: cannot ");
	str_add_z(&text, failure->verb);
	str_add_byte(&text, ' ');
	str_add(&text, str_span(&failure->name));
	str_add_z(&text, ": ");
	str_add_z(&text, error_text(failure->number));
	if (is_shut)
		str_add_z(&text,
		    "\nqmail-qfix: the queue is shut, and all mail is in it: "
		    "run qmail-qfix again");
	else if (was_shut)
		str_add_z(&text, "\nqmail-qfix: the queue is as it was");
	end(CANNOT_TELL, str_z(&text));
}

static void
out_of_memory(void)
{
	end(CANNOT_TELL, "qmail-qfix: out of memory; run it again");
}

static struct wish
read_arguments(int argc, char **argv)
{
	struct wish wish = { .mends = argc > 1 };

	if (argc <= 1 || (argc == 2 && !strcmp(argv[1], "--check"))) {
		wish.mends = false;
		return wish;
	}
	if (argc == 2 && !strcmp(argv[1], "--repair"))
		return wish;
	if (argc == 3 && !strcmp(argv[1], "--split") &&
	    scan_u64(span_of(argv[2]), QUEUE_SPLIT_MAX, &wish.split) &&
	    wish.split >= 1)
		return wish;
	end(USAGE, "usage: qmail-qfix [--check | --repair | --split N]");
}

/* The queue is open, and nobody is at work in it. */
static void
get_in(struct qfix *qfix, struct gate *gate)
{
	const char *trouble;

	if (geteuid() != 0)
		end(CANNOT_TELL, "qmail-qfix: only root can do this");
	if (home_ids_find(&qfix->ids) < 0)
		end(CANNOT_TELL,
		    "qmail-qfix: the users and groups of conf-users do not "
		    "all exist: make users");
	errno = 0;
	trouble = gate_begin(qfix, gate);
	if (trouble && errno)
		error_exit("qmail-qfix", trouble);
	if (trouble) {
		struct str text = STR_INIT;

		str_add_z(&text, "qmail-qfix: ");
		str_add_z(&text, trouble);
		end(CANNOT_TELL, str_z(&text));
	}
}

static void
find_split(struct qfix *qfix, const struct wish *wish)
{
	static const struct spot lock = { .folder = QUEUE_FOLDERS,
		.is_lock = true };
	int result = queue_split_read(&qfix->split);

	if (result < 0 && errno != EBADMSG)
		error_exit("qmail-qfix", "cannot read lock/split");
	if (result < 0 && !wish->split) {
		qfix->tells_all = true;
		qfix_wrong(qfix, &lock, "split",
		    "is no number from 1 to 100000: qmail-qfix --split N");
		_exit(IS_WRONG);
	}
	if (wish->split && (result < 0 || qfix->split != wish->split)) {
		qfix->split = wish->split;
		qfix->sets_split = true;
	}
}

static int
look_at_all(struct qfix *qfix)
{
	qfix->mends = false;
	qfix->wrong = qfix->in_way = 0;
	return folders_look(qfix) < 0 || files_look(qfix) < 0 ||
		envelopes_look(qfix) < 0 || fixed_look(qfix) < 0
	    ? -1
	    : 0;
}

/* The folder of the queue itself, as it was found. */
static int
look_at_queue(struct qfix *qfix, const struct gate *gate)
{
	static const struct spot here = { .folder = QUEUE_FOLDERS };

	if (!gate->was_shut)
		return qfix_rights(qfix, &here, "queue", &gate->before,
		    rights_of_folder(QUEUE_FOLDERS), true);
	qfix_wrong(qfix, &here, "queue",
	    "is shut: only root may enter it, as while qmail-qfix mends it");
	return 0;
}

static int
mend_all(struct qfix *qfix, struct gate *gate)
{
	qfix->mends = true;
	return folders_make(qfix) < 0 || files_gather(qfix) < 0 ||
		fixed_set_split(qfix) < 0 || fixed_look(qfix) < 0 ||
		files_give(qfix) < 0 || folders_trim(qfix) < 0 ||
		folders_look(qfix) < 0 || look_at_all(qfix) < 0 ||
		gate_open(qfix, gate) < 0
	    ? -1
	    : 0;
}

static void
refuse_writer(struct qfix *qfix, struct gate *gate)
{
	struct str text = STR_INIT;
	int found = gate_find_writer(qfix);

	if (found == 0)
		return;
	if (found < 0)
		give_up(qfix, gate);
	str_add_z(&text, "qmail-qfix: ");
	str_add(&text, str_span(&qfix->failure.name));
	str_add_z(&text,
	    " is locked: a qmail-queue or a delivery is at work on it; wait "
	    "for its end");
	(void)gate_give_back(qfix, gate);
	end(CANNOT_TELL, str_z(&text));
}

static void
add_count(struct str *text, const char *what, uint64_t count)
{
	if (count == 0)
		return;
	if (text->len)
		str_add_z(text, ", ");
	str_add_z(text, what);
	str_add_byte(text, ' ');
	str_add_u64(text, count);
}

/* The last line, and the exit code. */
static enum outcome
sum_up(const struct qfix *qfix)
{
	struct str text = STR_INIT;

	add_count(&text, "made", qfix->made);
	add_count(&text, "moved", qfix->moved);
	add_count(&text, "owners and modes", qfix->given);
	add_count(&text, "envelopes completed", qfix->completed);
	add_count(&text, "folders removed", qfix->removed);
	if (text.len)
		qfix_line(str_span(&text));
	str_reset(&text);
	if (qfix->wrong == 0) {
		qfix_line(SPAN("all right"));
		return ALL_RIGHT;
	}
	str_add_u64(&text, qfix->wrong);
	str_add_z(
	    &text, qfix->wrong == 1 ? " thing is wrong" : " things are wrong");
	qfix_line(str_span(&text));
	str_free(&text);
	return IS_WRONG;
}

int
main(int argc, char **argv)
{
	static struct qfix qfix;
	struct wish wish = read_arguments(argc, argv);
	static struct gate gate;

	must_hooks(CANNOT_TELL, out_of_memory);
	signal_ignore(SIGPIPE);
	(void)umask(077);
	for (int i = 0; i < QUEUE_FOLDERS; i++)
		qfix.folders[i] = -1;
	get_in(&qfix, &gate);
	qfix.tells_all = !wish.mends;
	find_split(&qfix, &wish);
	if (folders_open(&qfix) < 0)
		give_up(&qfix, &gate);
	refuse_writer(&qfix, &gate);
	if (look_at_all(&qfix) < 0 || look_at_queue(&qfix, &gate) < 0)
		give_up(&qfix, &gate);
	if (!wish.mends || (qfix.wrong == 0 && !qfix.sets_split))
		return (int)sum_up(&qfix);
	if (qfix.in_way)
		end(IS_WRONG, "qmail-qfix: nothing was changed");
	if (gate_shut(&qfix, &gate) < 0)
		give_up(&qfix, &gate);
	refuse_writer(&qfix, &gate);
	qfix.tells_all = true;
	if (mend_all(&qfix, &gate) < 0)
		give_up(&qfix, &gate);
	return (int)sum_up(&qfix);
}
