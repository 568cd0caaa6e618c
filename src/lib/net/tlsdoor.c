/*
 * tlsdoor.c - how a program asks qmail-tlsd to speak TLS on a connection.
 * Input: from a program of ours
 */
#include "net/tlsdoor.h"

#include <errno.h>

#include "base/str.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

int
tlsdoor_open(const char *home)
{
	struct str path = STR_INIT;
	int sock;

	str_add_z(&path, home);
	str_add_z(&path, "/" TLSDOOR_PATH);
	sock = door_connect(str_z(&path));
	str_free(&path);
	return sock;
}

int
tlsdoor_ask(int sock, char letter, const int fds[TLSDOOR_FDS])
{
	return fdpass_send_all(sock, span_make(&letter, 1), fds, TLSDOOR_FDS);
}

int
tlsdoor_hear(int sock, int fds[TLSDOOR_FDS])
{
	char record[TLSDOOR_RECORD];
	ssize_t got =
	    fdpass_receive_all(sock, record, sizeof(record), fds, TLSDOOR_FDS);

	if (got <= 0)
		return (int)got;
	if (got == 1 &&
	    (record[0] == TLSDOOR_START || record[0] == TLSDOOR_REPORT))
		return record[0];
	for (int i = 0; i < TLSDOOR_FDS; i++)
		fd_close(fds[i]);
	errno = EBADMSG;
	return -1;
}
