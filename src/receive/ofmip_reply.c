/* ofmip_reply.c - what is said to the client, and every way to end. */
#include "ofmip.h"

#include <unistd.h>

#include "sys/fd.h"

/* Every way to end: the last reply, and the exit code. */
static const struct {
	const char *reply; /* NULL: nothing more is said */
	int exit_code;
} ends[] = {
	[OFMIP_QUIT] = { "221 2.0.0 bye\r\n", 0 },
	[OFMIP_GONE] = { NULL, 1 },
	[OFMIP_TIMEOUT] = { "421 4.4.2 you are too slow\r\n", 1 },
	[OFMIP_CONTROL] = { "451 4.3.0 cannot read the configuration\r\n", 1 },
	[OFMIP_MEMORY] = { "421 4.3.0 out of memory\r\n", 1 },
};

void
ofmip_end(struct ofmip *ofmip, enum ofmip_end why)
{
	const char *reply = ends[why].reply;

	/* It ends in any case: a reply that cannot be sent is lost. */
	if (ofmip) {
		(void)out_add_z(&ofmip->out, reply ? reply : "");
		(void)out_flush(&ofmip->out);
	} else if (reply) {
		(void)!fd_write_all(1, span_of(reply));
	}
	_exit(ends[why].exit_code);
}

void
ofmip_reply(struct ofmip *ofmip, const char *line)
{
	(void)out_add_z(&ofmip->out, line); /* a failure shows at the end */
	(void)out_add_z(&ofmip->out, "\r\n");
}
