/* account.c - the accounts of the system.  Input: names hostile, accounts trusted */
#include "sys/account.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/span.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/in.h"

#define LINE_MAX_LEN 65536 /* bytes of a line of the file of accounts */

static const char accounts_file[] = "/etc/passwd";

/* Whether a line of the file of accounts is that of this account. */
static bool
is_line_of(struct span line, struct span name)
{
	return span_starts(line, name) && line.len > name.len &&
	    line.s[name.len] == ':';
}

int
account_is_in(const char *path, const char *name)
{
	char buffer[4096];
	struct str line = STR_INIT;
	struct in in;
	int fd = file_open(path), found = 0, got;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	in_init(&in, fd, buffer, sizeof(buffer));
	do {
		str_reset(&line);
		got = in_read_until(&in, '\n', &line, LINE_MAX_LEN);
		found = is_line_of(str_span(&line), span_of(name));
	} while (got > 0 && !found);
	fd_close(fd);
	str_free(&line);
	return found ? 1 : got;
}

/* Whether an account may have that name.  With a colon it would be the begin of a
 * line that is another's; and a line that begins with one of the others is a remark,
 * a word to the C library, or set in: no C library says that it is an account's, or
 * it should not. */
static bool
is_name(const char *name)
{
	return *name != '\0' && !strchr("#+- \t\v\f\r", *name) &&
	    !strpbrk(name, ":\n");
}

/* When the C library cannot read the file of accounts it asks the next source that
 * /etc/nsswitch.conf names, and passes on that this one knows no such account. */
int
account_find(const char *name, struct passwd **account)
{
	int got;

	*account = NULL;
	if (!is_name(name))
		return 0;
	errno = 0;
	*account = getpwnam(name);
	if (*account)
		return 1;
	if (errno != 0 && errno != ENOENT && errno != ESRCH && errno != EBADF &&
	    errno != EPERM)
		return -1;
	got = account_is_in(accounts_file, name);
	if (got > 0)
		errno = EAGAIN;
	return got == 0 ? 0 : -1;
}
