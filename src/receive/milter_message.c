/* milter_message.c - what a milter makes of a message.  Input: hostile */
#include "milter_message.h"

#include <errno.h>
#include <unistd.h>

#include "mail/header.h"
#include "queue/envelope.h"
#include "queue/headerin.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/in.h"

#define BLOCK	    65536
#define CHANGES_MAX 10000      /* of one message */
#define CHANGED_MAX (4u << 20) /* bytes of them, but for the body */

/* ---- reading ---- */

int
milter_message_read(
    struct milter_message *message, int fd, int envelope, bool has_trace)
{
	static char buffer[BLOCK];
	struct str line = STR_INIT;
	struct span rest, field;
	struct in in;

	message->fd = fd;
	in_init(&in, fd, buffer, sizeof(buffer));
	if (headerin_read(&in, MILTER_HEADER_MAX, &message->header, &line) < 0)
		return -1;
	message->body = (off_t)message->header.len;
	if (span_equal(str_span(&line), SPAN("\n")))
		message->body++;
	str_free(&line);
	rest = str_span(&message->header);
	while (headerin_next(&rest, &field)) {
		bool is_trace = header_identify(header_name(field, NULL)) ==
		    HEADER_RECEIVED;

		headeredit_take(&message->edit, field, has_trace && is_trace);
		has_trace = has_trace && !is_trace;
	}
	return handover_read(envelope, &message->envelope);
}

int
milter_message_begin_body(const struct milter_message *message)
{
	return lseek(message->fd, message->body, SEEK_SET) < 0 ? -1 : 0;
}

/* ---- the envelope ---- */

/* "<a@b>" or "a@b". */
static struct span
bare_address(struct span address)
{
	address = span_trim(address);
	if (span_starts(address, SPAN("<")) && span_ends(address, SPAN(">")))
		return span_make(address.s + 1, address.len - 2);
	return address;
}

static bool
is_too_long(struct span address)
{
	return address.len >= ENVELOPE_ADDRESS_MAX;
}

static bool
add_recipient(struct milter_message *message, struct span address)
{
	address = bare_address(address);
	if (address.len == 0 || is_too_long(address))
		return false;
	str_add_byte(&message->envelope.records, ENVELOPE_RECIPIENT);
	str_add_field(&message->envelope.records, address);
	message->is_envelope_changed = true;
	return true;
}

/* With what is asked for it, which is before it. */
static void
delete_recipient(struct milter_message *message, struct span address)
{
	struct span rest = str_span(&message->envelope.records), record;
	struct str kept = STR_INIT, parameters = STR_INIT;

	address = bare_address(address);
	while (span_cut_next(&rest, '\0', &record)) {
		if (record.s[0] != ENVELOPE_RECIPIENT) {
			str_add_field(&parameters, record);
			continue;
		}
		if (!span_equal_nocase(span_from(record, 1), address)) {
			str_add(&kept, str_span(&parameters));
			str_add_field(&kept, record);
		}
		str_reset(&parameters);
	}
	str_free(&parameters);
	str_free(&message->envelope.records);
	message->envelope.records = kept;
	message->is_envelope_changed = true;
}

static bool
change_sender(struct milter_message *message, struct span address)
{
	address = bare_address(address);
	if (is_too_long(address))
		return false;
	str_set(&message->envelope.sender, address);
	message->is_envelope_changed = true;
	return true;
}

bool
milter_message_has_recipients(const struct milter_message *message)
{
	struct span rest = str_span(&message->envelope.records), record;

	while (span_cut_next(&rest, '\0', &record))
		if (record.s[0] == ENVELOPE_RECIPIENT)
			return true;
	return false;
}

/* ---- the message ---- */

/* A part of another body. */
static bool
add_body(struct milter_message *message, struct span bytes)
{
	struct span piece;

	if (message->new_body.fd < 0 &&
	    handover_make(handover_folder(), &message->new_body) < 0)
		return false;
	while (crlftext_next(&message->text, &bytes, &piece))
		if (fd_write_all(message->new_body.fd, piece) < 0)
			return false;
	return true;
}

/*
 * Puts a field in, or gives it another value.
 *   place   where, or which of those of its name
 */
static bool
put_field(struct milter_message *message, size_t place, bool is_new,
    struct span name, struct span value)
{
	struct str text = STR_INIT;
	bool result;

	if (message->has_bare_values && (value.len || is_new))
		str_add_byte(&text, ' ');
	str_add(&text, value);
	result = is_new
	    ? headeredit_insert(&message->edit, place, name, str_span(&text))
	    : headeredit_change(&message->edit, place, name, str_span(&text));
	str_free(&text);
	return result;
}

static bool
change_field(struct milter_message *message, const struct milter_words *words)
{
	return put_field(message, words->number ? words->number : 1, false,
	    words->first, words->second);
}

const char *
milter_message_change(struct milter_message *message, enum milter_change change,
    const struct milter_words *words)
{
	static const char no_recipient[] = "it adds a recipient that is none";
	static const char no_field[] = "it gives a field that is none";

	if (change != MILTER_REPLACE_BODY)
		message->changed += words->first.len + words->second.len;
	if (++message->changes > CHANGES_MAX || message->changed > CHANGED_MAX)
		return "it wants too many changes";
	switch (change) {
	case MILTER_ADD_RCPT:
	case MILTER_ADD_RCPT_PARAMETERS:
		return add_recipient(message, words->first) ? NULL
							    : no_recipient;
	case MILTER_DELETE_RCPT:
		delete_recipient(message, words->first);
		return NULL;
	case MILTER_CHANGE_FROM:
		return change_sender(message, words->first)
		    ? NULL
		    : "it gives a sender that is none";
	case MILTER_REPLACE_BODY:
		message->changes--; /* it has as many parts as it needs */
		return add_body(message, words->first) ? NULL
						       : error_text(errno);
	case MILTER_ADD_HEADER:
		return put_field(message, message->edit.fields.len, true,
			   words->first, words->second)
		    ? NULL
		    : no_field;
	case MILTER_INSERT_HEADER:
		return put_field(message, words->number, true, words->first,
			   words->second)
		    ? NULL
		    : no_field;
	case MILTER_CHANGE_HEADER:
		return change_field(message, words) ? NULL : no_field;
	case MILTER_QUARANTINE:
		return put_field(
			   message, 0, true, SPAN("X-Quarantine"), words->first)
		    ? NULL
		    : no_field;
	}
	return "it wants a change that is none";
}

/* ---- writing ---- */

static int
write_text(const struct milter_message *message, int fd)
{
	bool has_new_body = message->new_body.fd >= 0, is_hidden;
	struct span field;
	size_t place = 0;

	while (headeredit_next(&message->edit, &place, &field, &is_hidden))
		if (fd_write_all(fd, field) < 0)
			return -1;
	if (fd_write_all(fd, SPAN("\n")) < 0)
		return -1;
	if (has_new_body)
		return handover_copy(message->new_body.reader, fd) ? -1 : 0;
	if (milter_message_begin_body(message) < 0)
		return -1;
	return handover_copy(message->fd, fd) ? -1 : 0;
}

int
milter_message_write(const struct milter_message *message, int fd, int envelope)
{
	struct str text = STR_INIT;
	int result = 0;

	if ((message->edit.is_changed || message->new_body.fd >= 0) &&
	    write_text(message, fd) < 0)
		return -1;
	if (!message->is_envelope_changed)
		return 0;
	handover_format(&text, &message->envelope);
	result = fd_write_all(envelope, str_span(&text));
	str_free(&text);
	return result;
}
