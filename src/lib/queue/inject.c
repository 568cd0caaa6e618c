/* inject.c - handing a message to qmail-queue. */
#include "queue/inject.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "base/str.h"
#include "queue/envelope.h"
#include "queue/queuedoor.h"
#include "sys/fd.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define CANNOT_RUN     120 /* as qmail-queue(8) has it for who starts it */
#define STANDARD       "bin/qmail-queue"
#define FILTERS	       "bin/qmail-filters"
#define FILTER_OF_OURS "bin/qmail-authfilter" /* it hands them on */

/* The program that takes the place of qmail-queue, or NULL. */
static const char *
find_substitute(void)
{
	const char *chosen = getenv("QMAILQUEUE");

	return chosen && *chosen ? chosen : NULL;
}

bool
inject_takes_parameters(const char *home)
{
	struct str path = STR_INIT;
	char target[256];
	ssize_t len;

	if (find_substitute())
		return span_equal(
		    span_of(find_substitute()), SPAN(FILTER_OF_OURS));
	str_add_z(&path, home);
	str_add_z(&path, "/" STANDARD);
	len = readlink(str_z(&path), target, sizeof(target));
	str_free(&path);
	return len < 0 ||
	    !span_ends(span_make(target, (size_t)len), SPAN("qmail-qmqpc"));
}

static bool
has_filters(const char *home)
{
	struct str path = STR_INIT;
	bool result;

	str_add_z(&path, home);
	str_add_z(&path, "/control/queuefilters");
	/* What cannot be told is told by qmail-filters. */
	result = access(str_z(&path), F_OK) == 0 || errno != ENOENT;
	str_free(&path);
	return result;
}

/* Only qmail-queue does not explain itself on descriptor 6. */
bool
inject_program(const char *home, unsigned ways, struct str *path)
{
	const char *chosen = find_substitute();

	if (!chosen && ways & INJECT_FILTERED && has_filters(home))
		chosen = FILTERS;
	if (!chosen || chosen[0] != '/') {
		str_add_z(path, home);
		str_add_byte(path, '/');
	}
	str_add_z(path, chosen ? chosen : STANDARD);
	return chosen != NULL;
}

/* The kernel tells the door who is effective; qmail-queue asks who is real. */
static bool
may_use_door(void)
{
	return getuid() == geteuid();
}

/* Starts the program.  Returns 0, -1 with errno. */
static int
start_program(struct inject *inject)
{
	int message[2] = { -1, -1 }, envelope[2] = { -1, -1 };
	int remark[2] = { -1, -1 };
	struct str path = STR_INIT;
	bool is_substitute = inject_program(inject->home, inject->ways, &path);
	char *argv[] = { path.s, NULL };
	int result = -1;

	/* What a list says of what it passes on stays. */
	if (inject->ways & INJECT_SUBMITTED &&
	    envelope_submission() != ENVELOPE_RESENT &&
	    setenv(ENVELOPE_SUBMITTED_SETTING, "", 1) < 0)
		goto done;
	if (fd_pipe(message) < 0 || fd_pipe(envelope) < 0 ||
	    (is_substitute && fd_pipe(remark) < 0))
		goto done;
	signal_default(SIGCHLD); /* ignored, there is no child to wait for */
	inject->pid = spawn_start(&(struct spawn){ .path = path.s,
	    .argv = argv,
	    /* qmail-queue sets its signals itself. */
	    .signals = is_substitute ? SPAWN_SIGNALS_RESET : SPAWN_SIGNALS_KEEP,
	    .fd_count = is_substitute ? 3 : 2,
	    .fds = { { message[0], 0 }, { envelope[0], 1 },
		{ remark[1], INJECT_REMARK_FD } } });
	if (inject->pid < 0)
		goto done;
	inject->way = INJECT_BY_PROGRAM;
	inject->out.fd = message[1];
	inject->envelope_fd = envelope[1];
	inject->remark_fd = remark[0];
	message[1] = envelope[1] = remark[0] = -1;
	result = 0;
done:
	for (int i = 0; i < 2; i++) {
		fd_close(message[i]);
		fd_close(envelope[i]);
		fd_close(remark[i]);
	}
	str_free(&path);
	return result;
}

int
inject_open(struct inject *inject, const char *home, unsigned ways)
{
	struct str path = STR_INIT;
	bool is_substitute = inject_program(home, ways, &path);

	str_free(&path);
	inject->home = home;
	inject->ways = ways;
	inject->way = INJECT_KEPT;
	inject->pid = 0;
	inject->envelope_fd = inject->remark_fd = -1;
	inject->has_envelope = inject->is_broken = false;
	out_init(&inject->out, -1, inject->buffer, INJECT_BUFFER);
	return is_substitute || !may_use_door() ? start_program(inject) : 0;
}

static enum envelope_submission
submission(const struct inject *inject)
{
	enum envelope_submission claimed = envelope_submission();

	return claimed == ENVELOPE_RELAYED && inject->ways & INJECT_SUBMITTED
	    ? ENVELOPE_SUBMITTED
	    : claimed;
}

/* Comes to the door.  Returns whether there is one, and a place. */
static bool
enter_door(struct inject *inject, bool waits)
{
	int fd;

	if (!may_use_door())
		return false;
	fd = queuedoor_enter(inject->home, submission(inject), waits);
	if (fd < 0)
		return false;
	inject->way = INJECT_BY_DOOR;
	inject->out.fd = fd;
	return true;
}

/* Ends what out writes to; a failure makes the message fail. */
static void
finish_out(struct inject *inject)
{
	if (out_flush(&inject->out) < 0)
		inject->is_broken = true;
	if (inject->way == INJECT_BY_PROGRAM)
		fd_close(inject->out.fd);
}

/* Between the message and its envelope. */
static void
turn_to_envelope(struct inject *inject)
{
	if (inject->way == INJECT_BY_DOOR) {
		if (queuedoor_put_end(inject->out.fd) < 0)
			inject->is_broken = true;
		return;
	}
	out_init(
	    &inject->out, inject->envelope_fd, inject->buffer, INJECT_BUFFER);
	inject->envelope_fd = -1;
}

/* Sends what was kept, where out.fd leads; the buffer still has it.  What cannot be sent
 * whole gets no end. */
static void
send_kept(struct inject *inject)
{
	struct span kept = span_make(inject->buffer, inject->out.len);
	struct span message =
	    inject->has_envelope ? span_upto(kept, inject->message_len) : kept;

	inject->out.len = 0;
	if (fd_write_all(inject->out.fd, message) < 0)
		inject->is_broken = true;
	if (inject->is_broken || !inject->has_envelope)
		return;
	finish_out(inject);
	turn_to_envelope(inject);
	if (fd_write_all(inject->out.fd, span_from(kept, message.len)) < 0)
		inject->is_broken = true;
}

/* Sees to it that len bytes more can be added: what cannot be kept goes on its way. */
static void
make_room(struct inject *inject, size_t len)
{
	if (inject->way != INJECT_KEPT ||
	    len <= inject->out.size - inject->out.len)
		return;
	if (enter_door(inject, true) || start_program(inject) == 0) {
		send_kept(inject);
	} else {
		inject->way = INJECT_NOWHERE;
		inject->is_broken = true;
	}
}

void
inject_message(struct inject *inject, struct span bytes)
{
	make_room(inject, bytes.len);
	while (bytes.len && inject->way != INJECT_NOWHERE) {
		/* More at once than the door takes in a record is not written. */
		struct span piece = span_upto(bytes, INJECT_BUFFER);

		/* out_flush tells of failures. */
		(void)out_add(&inject->out, piece);
		bytes = span_from(bytes, piece.len);
	}
}

static void
add_record(
    struct inject *inject, enum envelope_letter letter, struct span value)
{
	make_room(inject, value.len + 2);
	if (inject->way != INJECT_NOWHERE)
		envelope_add(&inject->out, (char)letter, value);
}

void
inject_sender(struct inject *inject, struct span sender)
{
	must(!inject->has_envelope);
	inject->has_envelope = true;
	if (inject->way == INJECT_KEPT) {
		inject->message_len = inject->out.len;
	} else if (inject->way != INJECT_NOWHERE) {
		finish_out(inject);
		turn_to_envelope(inject);
	}
	add_record(inject, ENVELOPE_SENDER, sender);
}

void
inject_recipient(struct inject *inject, struct span recipient)
{
	must(inject->has_envelope);
	add_record(inject, ENVELOPE_RECIPIENT, recipient);
}

static void
add_parameters(
    struct inject *inject, enum envelope_letter letter, struct span parameters)
{
	must(inject->has_envelope);
	if (parameters.len && inject_takes_parameters(inject->home))
		add_record(inject, letter, parameters);
}

void
inject_sender_parameters(struct inject *inject, struct span parameters)
{
	add_parameters(inject, ENVELOPE_PARAMETERS, parameters);
}

void
inject_recipient_parameters(struct inject *inject, struct span parameters)
{
	add_parameters(inject, ENVELOPE_RECIPIENT_PARAMETERS, parameters);
}

void
inject_break(struct inject *inject)
{
	inject->is_broken = true;
}

/* What the program wrote to descriptor 6 before it ended, as far as it counts:
 * it lies in the pipe, and what it left behind is not waited for. */
static struct span
read_remark(struct inject *inject)
{
	bool is_ready = fd_set_nonblocking(inject->remark_fd) == 0;
	size_t len = 0;

	while (is_ready && len < sizeof(inject->remark)) {
		ssize_t got = fd_read(inject->remark_fd, inject->remark + len,
		    sizeof(inject->remark) - len);

		if (got <= 0)
			break;
		len += (size_t)got;
	}
	return span_make(inject->remark, len);
}

/* "qp N": not the program has queued it, but one that it has started. */
static void
take_qp(struct inject *inject, struct span remark)
{
	uint64_t qp;

	if (span_starts(remark, SPAN(INJECT_QP)) &&
	    span_ends(remark, SPAN("\n")) &&
	    scan_u64(span_from(span_upto(remark, remark.len - 1),
			 sizeof(INJECT_QP) - 1),
		INT32_MAX, &qp) &&
	    qp)
		inject->pid = (pid_t)qp;
}

/* Waits for the program; its exit code, or -1. */
static int
wait_for_program(struct inject *inject, struct span *remark)
{
	int status, code;

	fd_close(inject->envelope_fd);
	code =
	    spawn_wait(inject->pid, &status) < 0 ? -1 : spawn_exit_code(status);
	if (inject->remark_fd != -1)
		*remark = read_remark(inject);
	if (code == 0)
		take_qp(inject, *remark);
	fd_close(inject->remark_fd);
	return code;
}

/* Waits for the answer at the door, and leaves. */
static int
wait_at_door(struct inject *inject)
{
	int code;

	if (inject->is_broken) /* it may be in the middle of the message */
		queuedoor_break(inject->out.fd);
	code = queuedoor_answer(inject->out.fd, &inject->pid);
	fd_close(inject->out.fd);
	return code;
}

/* Ends a message that was kept whole.  Returns the exit code, or -1. */
static int
hand_over_kept(struct inject *inject, struct span *remark)
{
	size_t len = inject->out.len;
	int code = QUEUEDOOR_NO_PLACE;

	if (inject->is_broken)
		return -1;
	if (enter_door(inject, false)) {
		send_kept(inject);
		code = wait_at_door(inject);
	}
	if (code != QUEUEDOOR_NO_PLACE)
		return code;
	inject->is_broken = false; /* it was there; it went unread */
	if (start_program(inject) < 0)
		return CANNOT_RUN;
	inject->out.len = len;
	send_kept(inject);
	finish_out(inject);
	return wait_for_program(inject, remark);
}

struct verdict
inject_close(struct inject *inject)
{
	struct span remark = SPAN("");
	int code;

	must(inject->is_broken || inject->has_envelope);
	if (!inject->is_broken) {
		make_room(inject, 1);
		envelope_add_end(&inject->out);
	}
	if (inject->way == INJECT_NOWHERE) {
		code = CANNOT_RUN;
	} else if (inject->way == INJECT_KEPT) {
		code = hand_over_kept(inject, &remark);
	} else {
		if (!inject->is_broken)
			finish_out(inject);
		else if (inject->way == INJECT_BY_PROGRAM)
			fd_close(inject->out.fd);
		code = inject->way == INJECT_BY_DOOR
		    ? wait_at_door(inject)
		    : wait_for_program(inject, &remark);
	}
	if (code == 0 && inject->is_broken)
		code = -1;
	return verdict_of_exit(code, remark);
}
