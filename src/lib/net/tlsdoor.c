/*
 * tlsdoor.c - how a program has TLS spoken on its connection.
 * Input: from programs of ours; values in a report are hostile
 */
#include "net/tlsdoor.h"

#include <errno.h>

#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/in.h"

int
tlsdoor_open(const char *home, const char *path)
{
	struct str whole = STR_INIT;
	int sock;

	str_add_z(&whole, home);
	str_add_byte(&whole, '/');
	str_add_z(&whole, path);
	sock = door_connect(str_z(&whole));
	str_free(&whole);
	return sock;
}

int
tlsdoor_ask(int sock, struct span record, const int fds[TLSDOOR_FDS])
{
	return fdpass_send_all(sock, record, fds, TLSDOOR_FDS);
}

int
tlsdoor_pass(int sock, struct span record, int network, int *control, int *text)
{
	int controls[2] = { -1, -1 }, texts[2] = { -1, -1 }, result = -1;

	if (fd_stream_pair(controls) == 0 && fd_stream_pair(texts) == 0)
		result = tlsdoor_ask(sock, record,
		    (int[TLSDOOR_FDS]){ [TLSDOOR_NETWORK] = network,
			[TLSDOOR_CONTROL] = controls[1],
			[TLSDOOR_TO_PROGRAM] = texts[1],
			[TLSDOOR_FROM_PROGRAM] = texts[1] });
	fd_close(controls[1]);
	fd_close(texts[1]);
	if (result < 0) {
		int cause = errno;

		fd_close(controls[0]);
		fd_close(texts[0]);
		controls[0] = texts[0] = -1;
		errno = cause;
	}
	*control = controls[0];
	*text = texts[0];
	return result;
}

/* Its end is an empty variable. */
int
tlsdoor_read_report(int control, int64_t deadline, struct str *report)
{
	char buffer[512];
	struct in in;

	in_init(&in, control, buffer, sizeof(buffer));
	in_set_deadline(&in, deadline);
	do {
		struct span bytes;
		int got = in_peek(&in, &bytes);

		if (got < 0)
			return -1;
		if (got == 0 || report->len + bytes.len > TLSDOOR_REPORT_MAX) {
			errno = EPROTO;
			return -1;
		}
		str_add(report, bytes);
		in_consume(&in, bytes.len);
	} while (!span_ends(str_span(report), SPAN("\0\0")));
	str_cut(report, report->len - 1);
	return 0;
}

struct span
tlsdoor_value(struct span report, struct span name)
{
	struct span variable;

	while (span_cut_next(&report, '\0', &variable))
		if (span_starts(variable, name))
			return span_from(variable, name.len);
	return SPAN("");
}

ssize_t
tlsdoor_hear(int sock, char record[TLSDOOR_RECORD_MAX], int fds[TLSDOOR_FDS])
{
	ssize_t got = fdpass_receive_all(
	    sock, record, TLSDOOR_RECORD_MAX, fds, TLSDOOR_FDS);

	if (got <= 0)
		return got;
	if (record[0] == TLSDOOR_START || record[0] == TLSDOOR_REPORT ||
	    record[0] == TLSDOOR_VERDICT)
		return got;
	for (int i = 0; i < TLSDOOR_FDS; i++)
		fd_close(fds[i]);
	errno = EBADMSG;
	return -1;
}
