/* secretdoor.c - how qmail-remote has a login done.  Input: from a peer of ours;
 * what servers say in it is hostile */
#include "net/secretdoor.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define ASK_SECONDS 30

/* Whether there are logins, for nobody to tell: then mail must not go without. */
static bool
has_logins(const char *home)
{
	struct str path = STR_INIT;
	int result;

	str_add_z(&path, home);
	str_add_z(&path, "/" SECRETDOOR_FILE);
	result = access(str_z(&path), F_OK);
	if (result < 0 && errno != ENOENT)
		result = 0;
	errno = ENOENT;
	str_free(&path);
	return result == 0;
}

int
secretdoor_ask(
    const char *home, struct span relay, struct span domain, int *sock)
{
	struct str text = STR_INIT;
	char answer[SECRETDOOR_RECORD_MAX];
	ssize_t got = -1;
	int door;

	*sock = -1;
	str_add_z(&text, home);
	str_add_z(&text, "/" SECRETDOOR_PATH);
	door = door_connect(str_z(&text));
	if (door < 0) {
		str_free(&text);
		return errno == ENOENT && !has_logins(home) ? SECRETDOOR_NO
							    : -1;
	}
	str_reset(&text);
	str_add_byte(&text, SECRETDOOR_ASK);
	str_add_field(&text, span_upto(relay, SECRETDOOR_NAME_MAX));
	str_add_field(&text, span_upto(domain, SECRETDOOR_NAME_MAX));
	if (fdpass_set_timeout(door, ASK_SECONDS) == 0 &&
	    fdpass_send(door, str_span(&text), -1) == 0)
		got = fdpass_receive(door, answer, sizeof(answer), NULL);
	str_free(&text);
	if (got == 1 && answer[0] == SECRETDOOR_YES) {
		*sock = door;
		return SECRETDOOR_YES;
	}
	fd_close(door);
	if (got == 1 && answer[0] == SECRETDOOR_NO)
		return SECRETDOOR_NO;
	errno = got < 0 ? errno : EPROTO;
	return -1;
}

int
secretdoor_begin(int sock, enum secretdoor_letter letter, struct span helo,
    int network, unsigned seconds, int *text, struct str *said)
{
	struct str record = STR_INIT;
	char answer[SECRETDOOR_RECORD_MAX];
	ssize_t got = -1;

	*text = -1;
	str_add_byte(&record, (char)letter);
	str_add_field(&record, span_upto(helo, SECRETDOOR_NAME_MAX));
	if (fdpass_set_timeout(sock, seconds) == 0 &&
	    fdpass_send(sock, str_span(&record), network) == 0)
		got = fdpass_receive(sock, answer, sizeof(answer), text);
	str_free(&record);
	fd_close(sock);
	if (got > 0 && (answer[0] == SECRETDOOR_DONE) == (*text >= 0)) {
		str_set(said, span_make(answer + 1, (size_t)got - 1));
		return answer[0];
	}
	fd_close(*text);
	*text = -1;
	if (got >= 0)
		errno = EPROTO;
	return -1;
}
