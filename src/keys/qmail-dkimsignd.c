/*
 * qmail-dkimsignd.c - signs hashes of messages with the keys of their domains.
 * Runs as   root, to open its door and become qmailk; then a process for each who
 *           asks.  Started by a supervisor.  In a private instance as the caller.
 * Reads     control/dkim, for each who asks; records at HOME/dkim/door from qmailr,
 *           NOT trusted: names of domains, hashes.
 * Writes    signatures, to who asked.
 * Source    qmail-dkimsignd(8); net/dkimdoor.h.
 */
#include <poll.h>

#include "config/homeservice.h"
#include "dkim_keys.h"
#include "net/dkimdoor.h"
#include "sys/box.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define NAME	    "qmail-dkimsignd"
#define SESSIONS    100	  /* at once */
#define ASK_MS	    30000 /* for each record */
#define RECORDS_MAX 64	  /* names of domains and their parents, and 8 keys */

static bool
answer(int sock, enum dkimdoor_letter letter, struct span what)
{
	struct str record = STR_INIT;
	bool is_sent;

	str_add_byte(&record, (char)letter);
	str_add(&record, what);
	is_sent = fdpass_send(sock, str_span(&record), -1) == 0;
	str_free(&record);
	return is_sent;
}

static bool
say_trouble(int sock, struct span words)
{
	struct str text = STR_INIT;
	bool is_sent;

	str_add_field(&text, span_upto(words, DKIMDOOR_RECORD_MAX - 2));
	is_sent = answer(sock, DKIMDOOR_TROUBLE, str_span(&text));
	str_free(&text);
	return is_sent;
}

static bool
tell_keys(int sock, struct span domain, struct dkim_keys *keys)
{
	struct str list = STR_INIT;
	bool is_sent;

	if (dkim_keys_read(domain, keys) < 0)
		return say_trouble(sock, str_span(&keys->wrong));
	for (size_t i = 0; i < keys->all.len; i++) {
		str_add_field(&list, str_span(&keys->all.at[i].selector));
		str_add_field(&list, span_of(keys->all.at[i].algorithm));
	}
	is_sent = answer(sock, DKIMDOOR_THESE, str_span(&list));
	str_free(&list);
	return is_sent;
}

static bool
sign(int sock, struct span selector, struct span hash,
    const struct dkim_keys *keys)
{
	const struct dkim_key *key = dkim_keys_find(keys, selector);
	struct str signature = STR_INIT;
	bool is_sent;

	if (key &&
	    dkim_key_sign(key, (const unsigned char *)hash.s, &signature))
		is_sent =
		    answer(sock, DKIMDOOR_SIGNATURE, str_span(&signature));
	else
		is_sent = say_trouble(sock,
		    key ? SPAN("OpenSSL does not sign")
			: SPAN("there is no such key"));
	str_free(&signature);
	return is_sent;
}

static int
session(void *context, int sock)
{
	char record[DKIMDOOR_RECORD_MAX];
	struct dkim_keys keys = DKIM_KEYS_INIT;
	struct span name, hash;
	ssize_t got;
	bool goes_on = box_shut_files() == 0;

	(void)context;
	for (unsigned count = 0; goes_on && count < RECORDS_MAX; count++) {
		if (fd_wait(
			sock, POLLIN, 0, clock_monotonic() + ASK_MS, false) < 0)
			break;
		got = fdpass_receive(sock, record, sizeof(record), NULL);
		if (got <= 0)
			break;
		switch (dkimdoor_parse(
		    span_make(record, (size_t)got), &name, &hash)) {
		case DKIMDOOR_KEYS:
			goes_on = tell_keys(sock, name, &keys);
			break;
		case DKIMDOOR_SIGN:
			goes_on = sign(sock, name, hash, &keys);
			break;
		default:
			goes_on = false;
		}
	}
	dkim_keys_free(&keys);
	return 0;
}

int
main(void)
{
	struct doorserver server = { .name = NAME,
		.path = DKIMDOOR_PATH,
		.sessions = SESSIONS,
		.prepare = dkim_keys_prepare,
		.session = session };

	homeservice_run(&server, HOME_QMAILK, HOME_GROUP_NOFILES, HOME_QMAILR);
}
