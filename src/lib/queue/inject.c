/* inject.c - handing a message to qmail-queue. */
#include "queue/inject.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "queue/envelope.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/signal.h"
#include "sys/spawn.h"

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

int
inject_open(struct inject *inject, const char *home, unsigned ways)
{
	int message[2] = { -1, -1 }, envelope[2] = { -1, -1 };
	int remark[2] = { -1, -1 };
	struct str path = STR_INIT;
	bool is_substitute = inject_program(home, ways, &path);
	char *argv[] = { path.s, NULL };
	int result = -1;

	/* What a list says of what it passes on stays. */
	if (ways & INJECT_SUBMITTED &&
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
	out_init(&inject->out, message[1], inject->buffer, INJECT_BUFFER);
	inject->envelope_fd = envelope[1];
	inject->remark_fd = remark[0];
	inject->is_broken = false;
	inject->home = home;
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

/* Ends what out writes to; a failure makes the message fail. */
static void
finish_out(struct inject *inject)
{
	if (out_flush(&inject->out) < 0)
		inject->is_broken = true;
	fd_close(inject->out.fd);
}

void
inject_message(struct inject *inject, struct span bytes)
{
	(void)out_add(&inject->out, bytes); /* out_flush tells of failures */
}

void
inject_sender(struct inject *inject, struct span sender)
{
	must(inject->envelope_fd != -1);
	finish_out(inject);
	out_init(
	    &inject->out, inject->envelope_fd, inject->buffer, INJECT_BUFFER);
	inject->envelope_fd = -1;
	envelope_add(&inject->out, ENVELOPE_SENDER, sender);
}

void
inject_recipient(struct inject *inject, struct span recipient)
{
	must(inject->envelope_fd == -1);
	envelope_add(&inject->out, ENVELOPE_RECIPIENT, recipient);
}

static void
add_parameters(
    struct inject *inject, enum envelope_letter letter, struct span parameters)
{
	must(inject->envelope_fd == -1);
	if (parameters.len && inject_takes_parameters(inject->home))
		envelope_add(&inject->out, (char)letter, parameters);
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

struct verdict
inject_close(struct inject *inject)
{
	struct span remark = SPAN("");
	int status, code;

	if (!inject->is_broken) {
		must(inject->envelope_fd == -1);
		envelope_add_end(&inject->out);
		finish_out(inject);
	} else {
		fd_close(inject->out.fd);
	}
	fd_close(inject->envelope_fd);
	code =
	    spawn_wait(inject->pid, &status) < 0 ? -1 : spawn_exit_code(status);
	if (inject->remark_fd != -1)
		remark = read_remark(inject);
	if (code == 0)
		take_qp(inject, remark);
	fd_close(inject->remark_fd);
	if (code == 0 && inject->is_broken)
		code = -1;
	return verdict_of_exit(code, remark);
}
