/* local_resident.c - one delivery after the other, by one process. */
#include "local.h"

#include <unistd.h>

#include "local_end.h"
#include "queue/residents.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

bool
local_resident_begin(void)
{
	/* Whoever closed them wants no more than this one. */
	return fd_close_on_exec(RESIDENTS_FD) == 0 &&
	    fd_close_on_exec(RESIDENTS_DONE_FD) == 0;
}

char **
local_resident_next(struct words *words)
{
	char record[FDPASS_RECORD_MAX];
	int fds[RESIDENTS_FDS];
	ssize_t got;

	if (fd_write_all(RESIDENTS_DONE_FD, SPAN(RESIDENTS_DONE)) < 0)
		return NULL;
	/* It is told: who wants us to end now may have that. */
	local_end_forget();
	got = fdpass_receive_all(
	    RESIDENTS_FD, record, sizeof(record), fds, RESIDENTS_FDS);
	/* Perhaps it was given one all the same: that is not done. */
	if (got <= 0)
		local_end_quietly(LOCAL_TEMPORARY_EXIT);
	for (int i = 0; i <= STDERR_FILENO; i++)
		if (dup2(fds[i ? 1 : 0], i) < 0)
			local_end_quietly(LOCAL_TEMPORARY_EXIT);
	for (int i = 0; i < RESIDENTS_FDS; i++)
		fd_close(fds[i]);
	str_reset(&words->text);
	words_add(words, span_make(record, (size_t)got - 1));
	return words_end(words);
}
