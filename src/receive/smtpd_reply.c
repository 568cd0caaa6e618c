/* smtpd_reply.c - what is said to the client, and every way to end. */
#include "smtpd_reply.h"

#include <errno.h>
#include <unistd.h>

#include "base/fmt.h"
#include "smtpd_log.h"
#include "sys/clock.h"
#include "sys/fd.h"

/* Every way to end: its name in the log, the last reply, the exit code. */
static const struct {
	const char *name;
	const char *reply; /* NULL: nothing more is said */
	int exit_code;
} ends[] = {
	[SMTPD_QUIT] = { "quit", "221 2.0.0 bye", 0 },
	[SMTPD_GONE] = { "gone", NULL, 1 },
	[SMTPD_TIMEOUT] = { "timeout", "451 4.4.2 you are too slow", 1 },
	[SMTPD_LONE_LF] = { "lone-lf",
	    "451 4.6.0 line feed without carriage return; see RFC 5321 2.3.8",
	    1 },
	[SMTPD_ERRORS] = { "errors", "421 4.7.0 too many errors", 1 },
	[SMTPD_STRANGE] = { "unknown", "421 4.7.0 too many unknown recipients",
	    1 },
	[SMTPD_LOGINS] = { "logins", "421 4.7.0 too many failed logins", 1 },
	[SMTPD_CONTROL] = { "control",
	    "421 4.3.0 cannot read the configuration", 1 },
	[SMTPD_HANDSHAKE] = { "handshake", NULL, 1 },
	[SMTPD_MEMORY] = { "memory", "421 4.3.0 out of memory", 1 },
};

void
smtpd_reply(struct smtpd *smtpd, const char *line)
{
	/* A failure shows when the replies are sent. */
	(void)out_add_z(&smtpd->out, line);
	(void)out_add_z(&smtpd->out, "\r\n");
	/* Unknown recipients have a limit of their own. */
	if (line[0] == '5' && !span_starts(span_of(line), SPAN("550 5.1.1")))
		smtpd->counts.errors++;
	if (line[0] == '4' || line[0] == '5')
		smtpd_log_refused(smtpd, line);
}

/* Without any memory: what it tells of has happened. */
static void
say_taken(struct out *out, const struct answer *answer)
{
	char code[FMT_U64_MAX];

	(void)out_add(out, span_make(code, fmt_u64(code, answer->code)));
	(void)out_add_z(out, " ");
	(void)out_add(out, answer->status);
	(void)out_add_z(out, " ");
	(void)out_add(out, answer->text);
	(void)out_add_z(out, "\r\n");
}

void
smtpd_answer(struct smtpd *smtpd, struct answer answer)
{
	struct str line = STR_INIT;

	if (answer.code < 400) {
		say_taken(&smtpd->out, &answer);
		return;
	}
	str_add_u64(&line, answer.code);
	str_add_byte(&line, ' ');
	str_add(&line, answer.status);
	str_add_byte(&line, ' ');
	str_add(&line, answer.text);
	smtpd_reply(smtpd, str_z(&line));
	str_free(&line);
}

void
smtpd_send_late(struct smtpd *smtpd)
{
	int64_t end = clock_monotonic() + SMTPD_LATE_SECONDS * 1000;

	if (smtpd->out.deadline && smtpd->out.deadline < end)
		out_set_deadline(&smtpd->out, end);
	(void)out_flush(&smtpd->out); /* a failure shows at the end */
}

/* Without any of our memory. */
static void
say_at_once(const char *reply)
{
	if (fd_write_all(1, span_of(reply)) < 0 ||
	    fd_write_all(1, SPAN("\r\n")) < 0)
		_exit(ends[SMTPD_GONE].exit_code);
}

void
smtpd_end(struct smtpd *smtpd, enum smtpd_end why)
{
	const char *reply = ends[why].reply;

	/* It ends in any case: a reply that cannot be sent is lost. */
	if (smtpd && reply) {
		smtpd_reply(smtpd, reply);
		smtpd_send_late(smtpd);
	} else if (reply) {
		say_at_once(reply);
	}
	if (smtpd)
		smtpd_log_closed(smtpd, ends[why].name);
	_exit(ends[why].exit_code);
}

void
smtpd_end_by_errno(struct smtpd *smtpd, int number)
{
	smtpd_end(smtpd, number == ETIMEDOUT ? SMTPD_TIMEOUT : SMTPD_GONE);
}

/* Replies leave when there is nothing more to read. */
static void
send_replies(void *argument)
{
	struct smtpd *smtpd = argument;

	if (out_flush(&smtpd->out) < 0)
		smtpd_end(smtpd, SMTPD_GONE);
}

void
smtpd_begin_input(struct smtpd *smtpd)
{
	in_set_timeout(&smtpd->in, (unsigned)smtpd->limits.timeout);
	out_set_timeout(&smtpd->out, (unsigned)smtpd->limits.timeout);
	in_before_wait(&smtpd->in, send_replies, smtpd);
}
