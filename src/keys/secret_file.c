/*
 * secret_file.c - control/smtpauth: "relay:user:password", or
 * "domain@relay:user:password" for senders of that domain alone.
 * Input: trusted; what is asked for is not
 */
#include <errno.h>

#include "base/ascii.h"
#include "base/secret.h"
#include "secret.h"
#include "sys/fd.h"
#include "sys/file.h"

/* Where the part before a colon ends, which may be an IPv6 address in brackets. */
static size_t
end_of_relay(struct span line)
{
	size_t bracket = span_find(line, '[');
	size_t colon = span_find(line, ':');

	if (bracket > colon || bracket == line.len)
		return colon;
	bracket = span_find(line, ']');
	return bracket + span_find(span_from(line, bracket), ':');
}

/* Takes a line apart.  Returns whether it is one. */
static bool
parse(struct span line, struct span *key, struct span *user, struct span *word)
{
	size_t end = end_of_relay(line);

	*key = span_upto(line, end);
	line = span_from(line, end + 1);
	end = span_find(line, ':');
	*user = span_upto(line, end);
	*word = span_from(line, end + 1);
	return key->len && user->len && word->len && user->len <= SECRET_MAX &&
	    word->len <= SECRET_MAX;
}

static bool
is_line(struct span line)
{
	return line.len && line.s[0] != '#';
}

/* Looks for a key in all lines. */
static int
find_key(struct span lines, struct span wanted, struct secret *secret)
{
	struct span line, key, user, word;

	secret->line = 0;
	while (span_cut_next(&lines, '\n', &line)) {
		secret->line++;
		if (!is_line(line))
			continue;
		if (!parse(line, &key, &user, &word)) {
			errno = EINVAL;
			return -1;
		}
		if (!span_equal_nocase(key, wanted))
			continue;
		str_set(&secret->user, user);
		str_set(&secret->password, word);
		return 1;
	}
	return 0;
}

/* Reads the file straight to where it is wiped: no copy is left behind. */
static int
read_file(struct str *text)
{
	int fd = file_open(SECRET_FILE);
	ssize_t got = -1;

	str_reserve(text, SECRET_FILE_MAX);
	while (fd >= 0 && text->len < SECRET_FILE_MAX &&
	    (got = fd_read(
		 fd, text->s + text->len, SECRET_FILE_MAX - text->len)) > 0)
		text->len += (size_t)got;
	if (got > 0)
		errno = EFBIG;
	fd_close(fd);
	return got == 0 ? 0 : -1;
}

int
secret_find(struct span relay, struct span domain, struct secret *secret)
{
	struct str text = STR_INIT, key = STR_INIT;
	int result = 0;

	str_set(&secret->relay, relay);
	if (read_file(&text) < 0) {
		result = errno == ENOENT ? 0 : -1;
	} else {
		str_add(&key, domain);
		str_add_byte(&key, '@');
		str_add(&key, relay);
		result = find_key(str_span(&text), str_span(&key), secret);
		if (result == 0)
			result = find_key(str_span(&text), relay, secret);
	}
	secret_wipe(text.s, text.len);
	str_free(&text);
	str_free(&key);
	return result;
}

void
secret_free(struct secret *secret)
{
	secret_wipe(secret->password.s, secret->password.len);
	str_free(&secret->relay);
	str_free(&secret->user);
	str_free(&secret->password);
}
