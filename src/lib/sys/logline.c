/*
 * logline.c - lines for the administrator.
 * Input: hostile
 */
#include "sys/logline.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "sys/fd.h"

#define LOG_FD	  2
#define CLIENT_FD 1

void
logline_quoted(struct str *line, const char *name, struct span value)
{
	static const char digits[] = "0123456789abcdef";

	str_add_z(line, name);
	str_add_z(line, "=\"");
	value = span_upto(value, LOGLINE_VALUE_MAX);
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.s[i];

		if (ascii_is_printable((char)c) && c != '"' && c != '\\') {
			str_add_byte(line, (char)c);
			continue;
		}
		str_add_z(line, "\\x");
		str_add_byte(line, digits[c >> 4]);
		str_add_byte(line, digits[c & 15]);
	}
	str_add_byte(line, '"');
}

void
logline_number(struct str *line, const char *name, uint64_t value)
{
	str_add_z(line, name);
	str_add_byte(line, '=');
	str_add_u64(line, value);
}

void
logline_begin(struct str *line, const char *event, struct span ip)
{
	str_add_z(line, event);
	logline_number(line, " pid", (uint64_t)getpid());
	logline_quoted(line, " client", ip);
}

/* Under inetd descriptor 2 is the client. */
static bool
is_client(void)
{
	struct stat log, client;

	return fstat(LOG_FD, &log) < 0 || fstat(CLIENT_FD, &client) < 0 ||
	    (log.st_ino == client.st_ino && log.st_dev == client.st_dev);
}

void
logline_write(struct str *line)
{
	str_add_byte(line, '\n');
	/* In one piece, for other sessions write there as well; and where
	 * nobody reads the log, mail goes on. */
	fd_write_line(LOG_FD, str_span(line));
	str_free(line);
}

void
logline_end(struct str *line)
{
	if (!is_client())
		logline_write(line);
	else
		str_free(line);
}
