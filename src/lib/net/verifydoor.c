/* verifydoor.c - how a filter has a message checked.  Input: from peers of ours; what
 * strangers chose is in it */
#include "net/verifydoor.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include "mail/address.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define HELO_MAX 512u /* bytes of a name that are told */
#define AT_WORK	 'w'

/* Header fields, and nothing that would end the header: so no empty line. */
static bool
are_fields(struct span text)
{
	if (text.len == 0)
		return true;
	if (text.s[text.len - 1] != '\n' || text.s[0] == '\n' ||
	    text.s[0] == ' ' || text.s[0] == '\t')
		return false;
	for (size_t i = 1; i < text.len; i++)
		if (text.s[i] == '\n' && text.s[i - 1] == '\n')
			return false;
	return true;
}

static bool
parse_answer(struct span record, struct verifydoor_answer *answer)
{
	struct span domain, fields;

	if (record.len < 4 || record.s[0] != 'A' ||
	    !span_has(SPAN("nqrfmshu"), record.s[1]))
		return false;
	answer->wish = (enum verifydoor_wish)record.s[1];
	record = span_from(record, 2);
	if (!span_cut_next(&record, '\0', &domain) ||
	    !span_cut_next(&record, '\0', &fields) || record.len ||
	    !are_fields(fields))
		return false;
	str_set(&answer->domain, domain);
	str_set(&answer->fields, fields);
	return true;
}

/* Receives the answer, which may take its time as long as somebody works for it. */
static ssize_t
receive_answer(int door, char *buffer)
{
	int64_t deadline = clock_monotonic() + VERIFYDOOR_TOTAL_MS;
	ssize_t got;

	while ((got = fdpass_receive(
		    door, buffer, VERIFYDOOR_RECORD_MAX, NULL)) == 1 &&
	    buffer[0] == AT_WORK)
		if (clock_monotonic() >= deadline) {
			errno = ETIMEDOUT;
			return -1;
		}
	return got;
}

/*
 * Asks.
 *   door_path   below HOME
 *   record      the question; receives the answer
 * Returns 0; -1 with errno.
 */
static int
ask(const char *home, const char *door_path, int message, struct str *record)
{
	struct str path = STR_INIT;
	ssize_t got = -1;
	int door, number;

	str_add_z(&path, home);
	str_add_byte(&path, '/');
	str_add_z(&path, door_path);
	door = door_connect(str_z(&path));
	str_free(&path);
	if (door >= 0 && fdpass_set_timeout(door, VERIFYDOOR_SECONDS) == 0 &&
	    fdpass_send(door, str_span(record), message) == 0) {
		str_reserve(record, VERIFYDOOR_RECORD_MAX);
		got = receive_answer(door, record->s);
	}
	number = errno;
	fd_close(door);
	record->len = got > 0 ? (size_t)got : 0;
	errno = got == 0 ? EPROTO : number;
	return got > 0 ? 0 : -1;
}

int
verifydoor_ask(const char *home, const struct verifydoor_question *question,
    int message, struct verifydoor_answer *answer)
{
	struct str record = STR_INIT;
	int result;

	str_add_byte(&record, 'Q');
	str_add_field(&record, question->ip);
	str_add_field(&record, span_upto(question->helo, HELO_MAX));
	str_add_field(&record, span_upto(question->sender, ADDRESS_MAX));
	result = ask(home, VERIFYDOOR_PATH, message, &record);
	if (result == 0 && !parse_answer(str_span(&record), answer)) {
		errno = EPROTO;
		result = -1;
	}
	str_free(&record);
	return result;
}

/* The text of an answer, which begins with this letter.  False: it is none. */
static bool
take_text(struct span record, char letter, struct str *text)
{
	size_t end = span_find(record, '\0');

	if (record.len < 2 || record.s[0] != letter || end + 1 != record.len)
		return false;
	str_set(text, span_from(span_upto(record, end), 1));
	return true;
}

int
verifydoor_sign(const char *home, struct span sender, bool is_resent,
    int message, struct str *fields)
{
	struct str record = STR_INIT;
	int result = -1;

	str_add_byte(&record, is_resent ? 'R' : 'S');
	str_add_field(&record, span_upto(sender, ADDRESS_MAX));
	str_reset(fields);
	if (ask(home, VERIFYDOOR_SIGN, message, &record) < 0) {
		result = errno == ENOENT ? 0 : -1;
		str_set(fields, SPAN("qmail-signd does not answer: "));
		str_add_z(fields, error_text(errno));
	} else if (take_text(str_span(&record), 's', fields) &&
	    are_fields(str_span(fields))) {
		result = 1;
	} else if (!take_text(str_span(&record), 't', fields)) {
		str_set(fields, SPAN("qmail-signd gave no proper answer"));
	}
	str_free(&record);
	return result;
}

struct span
verifydoor_receive(int sock, char *record, struct verifydoor_message *message)
{
	struct stat st;
	ssize_t got;

	message->fd = -1;
	message->sock = sock;
	if (fdpass_set_timeout(sock, VERIFYDOOR_SECONDS) < 0 ||
	    fd_wait(sock, POLLIN, 0, clock_monotonic() + VERIFYDOOR_ASK_MS,
		false) < 0)
		return SPAN("");
	got = fdpass_receive(sock, record, VERIFYDOOR_RECORD_MAX, &message->fd);
	if (got <= 0 || message->fd < 0 || fstat(message->fd, &st) < 0 ||
	    !S_ISREG(st.st_mode))
		return SPAN("");
	message->said = clock_monotonic();
	message->deadline = message->said + VERIFYDOOR_TOTAL_MS;
	return span_make(record, (size_t)got);
}

ssize_t
verifydoor_read(struct verifydoor_message *message, char *buffer, size_t size)
{
	static const char sign = AT_WORK;
	int64_t now = clock_monotonic();

	if (now >= message->deadline) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (now - message->said >= VERIFYDOOR_WORK_MS) {
		if (fdpass_send(message->sock, span_make(&sign, 1), -1) < 0)
			return -1;
		message->said = now;
	}
	return fd_read(message->fd, buffer, size);
}

bool
verifydoor_parse(struct span record, struct verifydoor_question *question)
{
	if (record.len < 4 || record.s[0] != 'Q' ||
	    record.s[record.len - 1] != '\0')
		return false;
	record = span_from(record, 1);
	return span_cut_next(&record, '\0', &question->ip) &&
	    span_cut_next(&record, '\0', &question->helo) &&
	    span_cut_next(&record, '\0', &question->sender) && record.len == 0;
}

void
verifydoor_format(struct str *record, enum verifydoor_wish wish,
    struct span domain, struct span fields)
{
	str_reset(record);
	str_add_byte(record, 'A');
	str_add_byte(record, (char)wish);
	str_add_field(record, domain);
	str_add_field(record, fields);
}

bool
verifydoor_parse_sign(struct span record, struct span *sender, bool *is_resent)
{
	size_t end = span_find(record, '\0');

	*sender = span_from(span_upto(record, end), 1);
	*is_resent = span_starts(record, SPAN("R"));
	return record.len > 1 && (*is_resent || record.s[0] == 'S') &&
	    end + 1 == record.len;
}

void
verifydoor_format_signed(struct str *record, bool is_signed, struct span text)
{
	str_reset(record);
	str_add_byte(record, is_signed ? 's' : 't');
	str_add_field(record, text);
}

void
verifydoor_answer_free(struct verifydoor_answer *answer)
{
	str_free(&answer->domain);
	str_free(&answer->fields);
}
