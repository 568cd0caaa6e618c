/*
 * remote_message.c - the message, read piece by piece.
 * Input: hostile, but for being a file.
 */
#include "remote_message.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "mail/header.h"
#include "queue/headerin.h"
#include "sys/fd.h"

void
message_inspect(struct remote_message *message)
{
	struct stat st;

	message->is_file = fstat(0, &st) == 0 && S_ISREG(st.st_mode);
	message->file_size = message->is_file ? (uint64_t)st.st_size : 0;
}

/* The lines before the first empty one, as far as they are whole. */
static struct span
header_of(struct span text)
{
	size_t end = 0;

	while (end < text.len) {
		struct span rest = span_from(text, end);
		size_t len = span_find(rest, '\n');

		if (len == rest.len || len == 0 ||
		    span_equal(span_upto(rest, len), SPAN("\r")))
			break;
		end += len + 1;
	}
	return span_upto(text, end);
}

/* A word with blanks and folds around it (RFC 8689 5). */
static bool
is_no(struct span value)
{
	struct span blank = SPAN(" \t\r\n");

	while (value.len && span_has(blank, value.s[0]))
		value = span_from(value, 1);
	while (value.len && span_has(blank, value.s[value.len - 1]))
		value = span_upto(value, value.len - 1);
	return span_equal_nocase(value, SPAN("No"));
}

static bool
frees_of_tls(struct span header)
{
	struct span field, name;
	size_t colon;

	while (headerin_next(&header, &field)) {
		name = header_name(field, &colon);
		if (span_equal_nocase(name, SPAN("TLS-Required")) &&
		    is_no(span_from(field, colon + 1)))
			return true;
	}
	return false;
}

static void
look_at_it(struct remote_message *message)
{
	struct span text = span_make(message->piece, message->piece_len);
	struct span header = header_of(text);

	message->is_tls_free = frees_of_tls(header);
	message->is_eight = !utf8_is_ascii(text);
	if (!message->is_eight)
		return;
	message->is_utf8 = !utf8_is_ascii(header) && utf8_is_valid(header);
}

int
message_read(struct remote_message *message)
{
	ssize_t got = fd_read(0, message->piece, REMOTE_MESSAGE_PIECE);

	if (got < 0)
		return -1;
	message->piece_len = (size_t)got;
	message->is_over = got == 0 ||
	    (message->is_file && message->piece_len < REMOTE_MESSAGE_PIECE);
	return 0;
}

void
message_encode(struct remote_message *message)
{
	smtpdata_encode(&message->data,
	    span_make(message->piece, message->piece_len), &message->wire);
	if (message->is_over)
		smtpdata_finish(&message->data, &message->wire);
}

int
message_begin(struct remote_message *message)
{
	message->data = (struct smtpdata)SMTPDATA_INIT;
	str_reset(&message->wire);
	message->is_eight = message->is_utf8 = false;
	smtpdata_encode(
	    &message->data, str_span(&message->top), &message->wire);
	if (message_read(message) < 0)
		return -1;
	message_encode(message);
	look_at_it(message);
	return 0;
}

uint64_t
message_size(const struct remote_message *message)
{
	uint64_t size = message->data.size;

	if (!message->is_file)
		return 0;
	if (!message->is_over && message->file_size > message->piece_len)
		size += message->file_size - message->piece_len;
	return size;
}

bool
message_may_be_eight(const struct remote_message *message)
{
	return message->is_eight || !message->is_over;
}

int
message_is_eight(struct remote_message *message)
{
	char piece[REMOTE_MESSAGE_PIECE];
	bool is_eight = message->is_eight;
	ssize_t got = 0;
	off_t behind;

	if (is_eight || message->is_over)
		return is_eight;
	behind = lseek(0, 0, SEEK_CUR);
	while (!is_eight && (got = fd_read(0, piece, sizeof(piece))) > 0)
		is_eight = !utf8_is_ascii(span_make(piece, (size_t)got));
	if (got < 0 || lseek(0, behind, SEEK_SET) < 0)
		return -1;
	return is_eight;
}

int
message_rewind(struct remote_message *message)
{
	if (lseek(0, 0, SEEK_SET) < 0)
		return -1;
	return message_begin(message);
}
