/* remote_sign.c - the signatures of a message that was submitted here.  Input: hostile */
#include <unistd.h>

#include "config/home.h"
#include "net/verifydoor.h"
#include "remote.h"

void
remote_sign(struct remote *remote)
{
	struct str *top = &remote->message.top;
	off_t begin;

	if (!remote->is_submitted && !remote->is_resent)
		return;
	/* Who reads it moves its place, which is ours too. */
	begin = lseek(0, 0, SEEK_CUR);
	if (begin < 0)
		remote_end(&remote->told, REMOTE_READ, SPAN(""));
	if (verifydoor_sign(
		home_dir, remote->sender, !remote->is_submitted, 0, top) < 0)
		remote_end(&remote->told, REMOTE_UNSIGNED, str_span(top));
	if (lseek(0, begin, SEEK_SET) < 0)
		remote_end(&remote->told, REMOTE_READ, SPAN(""));
}
