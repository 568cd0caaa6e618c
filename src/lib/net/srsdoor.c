/* srsdoor.c - how a program has an address rewritten.  Input: from a peer of ours */
#include "net/srsdoor.h"

#include <errno.h>

#include "mail/address.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define SECONDS 30

/* The answer to a record, in place of it.  0 if there is none. */
static int
exchange(int door, struct str *record)
{
	char answer[SRSDOOR_RECORD_MAX];
	ssize_t got;

	if (fdpass_set_timeout(door, SECONDS) < 0 ||
	    fdpass_send(door, str_span(record), -1) < 0)
		return 0;
	got = fdpass_receive(door, answer, sizeof(answer), NULL);
	if (got < 2 || answer[got - 1] != '\0' ||
	    !span_has(SPAN("ynt"), answer[0])) {
		errno = got < 0 ? errno : EPROTO;
		return 0;
	}
	str_set(record, span_make(answer + 1, (size_t)got - 2));
	return answer[0];
}

int
srsdoor_ask(const char *home, enum srsdoor_letter letter, struct span address,
    struct span recipients, struct str *result)
{
	int door, answer;

	str_reset(result);
	str_add_z(result, home);
	str_add_z(result, "/" SRSDOOR_PATH);
	door = door_connect(str_z(result));
	if (door < 0 && errno == ENOENT)
		return 0;
	str_reset(result);
	str_add_byte(result, (char)letter);
	str_add_field(result, span_upto(address, ADDRESS_MAX));
	if (result->len + recipients.len <= SRSDOOR_RECORD_MAX)
		str_add(result, recipients);
	answer = door < 0 ? 0 : exchange(door, result);
	fd_close(door);
	if (answer)
		return answer;
	str_set(result, SPAN("qmail-srsd does not answer: "));
	str_add_z(result, error_text(errno));
	return SRSDOOR_TROUBLE;
}

int
srsdoor_sender(const char *home, enum srsdoor_letter letter, struct span sender,
    struct span recipients, struct str *result)
{
	int answer;

	if (sender.len == 0 || sender.len > ADDRESS_MAX) {
		str_set(result, sender);
		return 0;
	}
	answer = srsdoor_ask(home, letter, sender, recipients, result);
	if (answer == 0 && letter == SRSDOOR_FORWARD) {
		str_set(result, SPAN("qmail-srsd does not run here"));
		return -1;
	}
	if (answer == 0 || answer == SRSDOOR_REFUSED)
		str_set(result, sender);
	return answer == SRSDOOR_TROUBLE ? -1 : 0;
}
