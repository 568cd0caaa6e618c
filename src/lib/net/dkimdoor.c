/* dkimdoor.c - how hashes are signed.  Input: from peers of ours */
#include "net/dkimdoor.h"

#include <errno.h>

#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define SECONDS 30

int
dkimdoor_open(const char *home)
{
	struct str path = STR_INIT;
	int door;

	str_add_z(&path, home);
	str_add_z(&path, "/" DKIMDOOR_PATH);
	door = door_connect(str_z(&path));
	str_free(&path);
	if (door >= 0 && fdpass_set_timeout(door, SECONDS) < 0) {
		fd_close(door);
		return -1;
	}
	return door;
}

/* Sends the record, and has what came behind the letter of the answer in its place. */
static int
exchange(int door, struct str *record, enum dkimdoor_letter wanted)
{
	char answer[DKIMDOOR_RECORD_MAX];
	struct span words;
	ssize_t got = -1;

	if (fdpass_send(door, str_span(record), -1) == 0)
		got = fdpass_receive(door, answer, sizeof(answer), NULL);
	str_reset(record);
	if (got > 0 && answer[0] == (char)wanted) {
		str_set(record, span_make(answer + 1, (size_t)got - 1));
		return 0;
	}
	if (got > 1 && answer[0] == DKIMDOOR_TROUBLE) {
		words = span_make(answer + 1, (size_t)got - 1);
		str_set(record, span_upto(words, span_find(words, '\0')));
	}
	if (got >= 0)
		errno = EPROTO;
	return -1;
}

int
dkimdoor_keys(int door, struct span domain, struct str *keys)
{
	str_reset(keys);
	str_add_byte(keys, DKIMDOOR_KEYS);
	str_add_field(keys, domain);
	return exchange(door, keys, DKIMDOOR_THESE);
}

int
dkimdoor_sign(int door, struct span selector,
    const unsigned char hash[DKIMDOOR_HASH], struct str *signature)
{
	str_reset(signature);
	str_add_byte(signature, DKIMDOOR_SIGN);
	str_add_field(signature, selector);
	str_add(signature, span_make((const char *)hash, DKIMDOOR_HASH));
	return exchange(door, signature, DKIMDOOR_SIGNATURE);
}

int
dkimdoor_parse(struct span record, struct span *name, struct span *hash)
{
	int letter = record.len ? record.s[0] : 0;
	size_t wanted = letter == DKIMDOOR_SIGN ? DKIMDOOR_HASH : 0;
	size_t end = span_find(record, '\0');

	*name = span_from(span_upto(record, end), 1);
	*hash = span_from(record, end + 1);
	return (letter == DKIMDOOR_KEYS || letter == DKIMDOOR_SIGN) &&
		end < record.len && hash->len == wanted
	    ? letter
	    : 0;
}
