/* daemons.c - how the daemons of the queue that have a door begin. */
#include "queue/daemons.h"

#include "sys/fdpass.h"

bool
daemons_may_begin(int fd)
{
	char word[sizeof(DAEMONS_BEGIN)];

	return fdpass_receive(fd, word, sizeof(word), NULL) > 0;
}
