/* pop3d_end.c - every way to end a session. */
#include "pop3d_end.h"

#include <unistd.h>

#include "sys/clock.h"
#include "sys/fd.h"

#define LAST_WORD_SECONDS 5 /* whatever deadline has passed */

static const char *const last_words[] = {
	[POP3D_GONE] = NULL,
	[POP3D_TIMEOUT] = "-ERR you are too slow\r\n",
	[POP3D_MEMORY] = "-ERR [SYS/TEMP] out of memory\r\n",
	[POP3D_USAGE] = "-ERR [SYS/PERM] this server is not set up\r\n",
	[POP3D_NO_MAILDIR] = "-ERR [SYS/PERM] there is no Maildir here\r\n",
	[POP3D_TROUBLE] = "-ERR [SYS/TEMP] the Maildir cannot be read\r\n",
};

void
pop3d_end(struct out *out, enum pop3d_end why)
{
	const char *words = last_words[why];

	/* It ends in any case: a reply that cannot be sent is lost. */
	if (out && words) {
		out_set_deadline(
		    out, clock_monotonic() + LAST_WORD_SECONDS * 1000);
		(void)out_add_z(out, words);
		(void)out_flush(out);
	} else if (words && fd_write_all(1, span_of(words)) < 0) {
		_exit(POP3D_EXIT);
	}
	_exit(POP3D_EXIT);
}
