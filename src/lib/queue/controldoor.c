/* controldoor.c - how qmail-qctld is asked. */
#include "queue/controldoor.h"

#include <errno.h>
#include <stdint.h>

#include "base/scan.h"
#include "sys/fdpass.h"

#define CODE_MAX 255

int
controldoor_ask(int fd, struct span request,
    void (*say)(void *context, char letter, struct span text), void *context)
{
	static char datagram[FDPASS_RECORD_MAX];
	ssize_t got;

	/* What is said at the door is heard though nobody listens there. */
	if (fdpass_say(fd, request) < 0 && errno != EPIPE)
		return -1;
	while (
	    (got = fdpass_receive(fd, datagram, sizeof(datagram), NULL)) > 0) {
		struct span text = span_make(datagram + 1, (size_t)got - 1);
		uint64_t code;

		if (datagram[0] != CONTROLDOOR_EXIT)
			say(context, datagram[0], text);
		else if (scan_u64(text, CODE_MAX, &code))
			return (int)code;
	}
	if (got == 0)
		errno = ECONNRESET;
	return -1;
}
