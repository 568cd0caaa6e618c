/*
 * scribe_copy.c - copies files of the queue into the messages of the scribe.
 * Input: hostile (messages, reports)
 */
#include "scribe_copy.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/dsn.h"
#include "queue/headerin.h"
#include "queue/path.h"
#include "sys/fd.h"
#include "sys/file.h"

#include "scribe_patience.h"

#define RETURNED_HEADER_MAX 65536 /* bytes */
#define PIECE		    16384 /* bytes read at once */

#define REST_REMARK "\n--- The rest of the message is left out here: bytes "

static size_t
size_of_piece(uint64_t left)
{
	return left < PIECE ? (size_t)left : PIECE;
}

/* Copies a file, up to `most` bytes; *last receives the last one, if there is
 * one. */
static bool
copy_file(struct inject *inject, const struct scribe_mail *mail, int fd,
    uint64_t most, char *last)
{
	char buffer[PIECE];
	ssize_t got = 0;

	while (
	    most > 0 && (got = fd_read(fd, buffer, size_of_piece(most))) > 0) {
		inject_message(inject, span_make(buffer, (size_t)got));
		*last = buffer[got - 1];
		most -= (uint64_t)got;
		scribe_patience_renew(mail->patience);
	}
	return got >= 0;
}

bool
scribe_copy_paragraphs(struct inject *inject, const struct scribe_mail *mail,
    const struct scribe_order *order)
{
	char last;
	bool fine;
	int fd;

	if (order->paragraph.len) {
		inject_message(inject, order->paragraph);
		return true;
	}
	fd = file_open_nofollow(
	    queue_path(QUEUE_BOUNCE, order->number, mail->split).s);
	if (fd < 0)
		return false;
	fine = copy_file(inject, mail, fd, UINT64_MAX, &last);
	fd_close(fd);
	return fine;
}

static int
open_message(const struct scribe_mail *mail, const struct scribe_order *order)
{
	return file_open_nofollow(
	    queue_path(QUEUE_MESS, order->number, mail->split).s);
}

bool
scribe_copy_header(struct inject *inject, const struct scribe_mail *mail,
    const struct scribe_order *order, size_t max)
{
	struct str header = STR_INIT, line = STR_INIT;
	char buffer[4096];
	struct in in;
	int fd = open_message(mail, order), result;

	if (fd < 0)
		return false;
	in_init(&in, fd, buffer, sizeof(buffer));
	result = headerin_read(&in, max, &header, &line);
	if (result < 0 && errno == EMSGSIZE)
		result = 0;
	inject_message(inject, str_span(&header));
	fd_close(fd);
	str_free(&header);
	str_free(&line);
	return result == 0;
}

/* How many of the first `most` bytes are whole lines, which may be of any
 * length.  Returns -1 with errno. */
static int64_t
size_of_lines(int fd, uint64_t most)
{
	char buffer[PIECE];
	uint64_t read = 0, lines = 0;
	ssize_t got = 0;

	while (read < most &&
	    (got = fd_read(fd, buffer, size_of_piece(most - read))) > 0) {
		struct span piece = span_make(buffer, (size_t)got);
		size_t end = span_find_last(piece, '\n');

		if (end < piece.len)
			lines = read + end + 1;
		read += piece.len;
	}
	return got < 0 ? -1 : (int64_t)lines;
}

/* Copies whole lines, as many as may be, and says what is left out. */
static bool
copy_beginning(struct inject *inject, const struct scribe_mail *mail, int fd,
    uint64_t size)
{
	int64_t lines = size_of_lines(fd, mail->copy_max);
	struct str remark = STR_INIT;
	char last;

	if (lines < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    !copy_file(inject, mail, fd, (uint64_t)lines, &last))
		return false;
	str_add_z(&remark, REST_REMARK);
	str_add_u64(&remark, size - (uint64_t)lines);
	str_add_byte(&remark, '\n');
	inject_message(inject, str_span(&remark));
	str_free(&remark);
	return true;
}

static bool
copy_message(struct inject *inject, const struct scribe_mail *mail, int fd)
{
	char last = '\n';
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	if ((uint64_t)st.st_size > mail->copy_max)
		return copy_beginning(inject, mail, fd, (uint64_t)st.st_size);
	if (!copy_file(inject, mail, fd, UINT64_MAX, &last))
		return false;
	if (last != '\n')
		inject_message(inject, SPAN("\n"));
	return true;
}

bool
scribe_wants_header(const struct scribe_order *order)
{
	struct dsn_envelope envelope;

	/* What may not be read on its way may not be read on its way back
	 * (RFC 8689 5). */
	return dsn_parse_envelope(order->parameters, &envelope) &&
	    (envelope.returns == DSN_RETURN_HEADER || envelope.needs_tls);
}

bool
scribe_copy_returned(struct inject *inject, const struct scribe_mail *mail,
    const struct scribe_order *order)
{
	bool fine;
	int fd;

	if (scribe_wants_header(order))
		return scribe_copy_header(
		    inject, mail, order, RETURNED_HEADER_MAX);
	fd = open_message(mail, order);
	if (fd < 0)
		return false;
	fine = copy_message(inject, mail, fd);
	fd_close(fd);
	return fine;
}
