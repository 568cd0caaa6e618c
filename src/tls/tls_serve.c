/*
 * tls_serve.c - what comes in at the door: a connection, and what is wanted.
 * Input: from programs of the suite; what is behind the connections is hostile
 */
#include <poll.h>
#include <unistd.h>

#include "net/tlsdoor.h"
#include "sys/fd.h"
#include "tls.h"

#define MS	      1000
#define FIRST_FREE_FD 16

/* Puts what came on the numbers of a tunnel, and closes all else. */
static bool
place_descriptors(const int fds[TLSDOOR_FDS])
{
	static const int numbers[TLSDOOR_FDS] = {
		[TLSDOOR_NETWORK] = TUNNEL_NETWORK,
		[TLSDOOR_CONTROL] = TUNNEL_CONTROL,
		[TLSDOOR_TO_PROGRAM] = TUNNEL_TO_PROGRAM,
		[TLSDOOR_FROM_PROGRAM] = TUNNEL_FROM_PROGRAM,
	};
	int aside[TLSDOOR_FDS];

	for (int i = 0; i < TLSDOOR_FDS; i++) {
		aside[i] = fd_duplicate_above(fds[i], FIRST_FREE_FD);
		if (aside[i] < 0)
			return false;
	}
	for (int i = 0; i < TLSDOOR_FDS; i++)
		if (dup2(aside[i], numbers[i]) < 0)
			return false;
	fd_close_from(TUNNEL_FDS);
	return true;
}

int
tls_serve(void *context, int sock)
{
	const struct tls_service *service = context;
	char record[TLSDOOR_RECORD_MAX];
	int fds[TLSDOOR_FDS];
	ssize_t len;

	if (fd_wait(sock, POLLIN, service->kind->patience * MS, 0, false) < 0)
		return 1;
	len = tlsdoor_hear(sock, record, fds);
	if (len <= 0 || !place_descriptors(fds))
		return 1;
	return service->kind->session(
	    service->fresh, span_make(record, (size_t)len));
}
