/* smtpd_reply.c - what is said to the client, and every way to end. */
#include "smtpd_reply.h"

#include <errno.h>
#include <unistd.h>

#include "sys/fd.h"

/* Every way to end: the last reply, and the exit code. */
static const struct {
	const char *reply; /* NULL: nothing more is said */
	int exit_code;
} ends[] = {
	[SMTPD_QUIT] = { "221 bye\r\n", 0 },
	[SMTPD_GONE] = { NULL, 1 },
	[SMTPD_TIMEOUT] = { "451 you are too slow (#4.4.2)\r\n", 1 },
	[SMTPD_LONE_LF] = { "451 line feed without carriage return; "
			    "see RFC 5321 2.3.8\r\n",
	    1 },
	[SMTPD_CONTROL] = { "421 cannot read the configuration (#4.3.0)\r\n",
	    1 },
	[SMTPD_MEMORY] = { "421 out of memory (#4.3.0)\r\n", 1 },
};

void
smtpd_reply(struct out *out, const char *line)
{
	/* A failure shows when the replies are sent. */
	(void)out_add_z(out, line);
	(void)out_add_z(out, "\r\n");
}

void
smtpd_end(struct out *out, enum smtpd_end why)
{
	const char *reply = ends[why].reply;

	/* It ends in any case: a reply that cannot be sent is lost. */
	if (out && reply) {
		(void)out_add_z(out, reply);
		(void)out_flush(out);
	} else if (reply && fd_write_all(1, span_of(reply)) < 0) {
		_exit(ends[SMTPD_GONE].exit_code);
	}
	_exit(ends[why].exit_code);
}

void
smtpd_end_by_errno(struct out *out, int number)
{
	smtpd_end(out, number == ETIMEDOUT ? SMTPD_TIMEOUT : SMTPD_GONE);
}
