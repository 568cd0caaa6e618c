/*
 * verifydoor.h - how a filter has a message checked by qmail-verifyd, and qmail-remote
 * has one signed by qmail-signd: one record over a door (sys/door.h), with the message
 * as an open file, and one back.
 *
 *	question   Q, the client's address, its HELO name, the reverse-path, each
 *	           ended by NUL; the file, read from its beginning
 *	answer     A, a letter of verifydoor_wish, a domain, the fields to put on top
 *	           of the message, each of these two ended by NUL
 *
 *	question   S, or R for what a list passes on; the reverse-path, ended by NUL;
 *	           the file
 *	answer     s, the fields to put on top of it; or t, words on why it cannot be
 *	           signed now; each ended by NUL
 *
 * A large message on a slow disk takes its time.  So before an answer there may be any
 * number of records of one byte:
 *	w          the service is at work; said at least every VERIFYDOOR_WORK_MS while
 *	           the message is read, as far as the disk gives something by then
 * Who asks gives up after VERIFYDOOR_SECONDS of silence.  When w cannot be said, nobody
 * waits any more, and the service ends.
 */
#ifndef NET_VERIFYDOOR_H
#define NET_VERIFYDOOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define VERIFYDOOR_PATH	      "verify/door" /* of qmail-verifyd, below HOME */
#define VERIFYDOOR_SIGN	      "sign/door"   /* of qmail-signd */
#define VERIFYDOOR_RECORD_MAX 32768	    /* bytes */
#define VERIFYDOOR_ASK_MS     5000	    /* for the question */
#define VERIFYDOOR_SECONDS    90      /* in which something must be said */
#define VERIFYDOOR_WORK_MS    5000    /* between two signs of work */
#define VERIFYDOOR_TOTAL_MS   3600000 /* for all of a message, at either end */

/* A message, as a service reads it. */
struct verifydoor_message {
	int fd;		  /* a regular file, read from where it is to its end */
	int sock;	  /* of who waits for the answer */
	int64_t said;	  /* when he last heard of us: clock_monotonic() */
	int64_t deadline; /* when it has to be read */
};

/* What the domain of the author wants done with the message. */
enum verifydoor_wish {
	VERIFYDOOR_NOTHING = 'n',
	VERIFYDOOR_QUARANTINE = 'q',
	VERIFYDOOR_REJECT = 'r',
	VERIFYDOOR_UNSURE = 'u', /* one of these two, if what could not be told
				    is no proof */
	/* Nobody can tell who is the author: */
	VERIFYDOOR_NO_FROM = 'm',
	VERIFYDOOR_SEVERAL_FROM = 's',
	VERIFYDOOR_NO_AUTHOR = 'f', /* From has no domain of his, or several */
	VERIFYDOOR_NO_HEADER = 'h'  /* nor what its header is: author.h */
};

struct verifydoor_question {
	struct span ip, helo, sender;
};

struct verifydoor_answer {
	enum verifydoor_wish wish;
	struct str domain; /* whose wish it is; perhaps empty */
	struct str fields; /* each with its newline */
};

#define VERIFYDOOR_ANSWER_INIT                         \
	{                                              \
		VERIFYDOOR_NOTHING, STR_INIT, STR_INIT \
	}

/*
 * verifydoor_ask: has a message checked.
 *   home      HOME
 *   message   a descriptor that can be read; stays the caller's
 *   answer    receives it
 * Returns 0; -1 with errno: there is no answer, ETIMEDOUT if the service was at work for
 * VERIFYDOOR_TOTAL_MS; or it is malformed.
 */
MUST_CHECK int
verifydoor_ask(const char *home, const struct verifydoor_question *question,
    int message, struct verifydoor_answer *answer);

/*
 * verifydoor_sign: has a message signed.
 *   home      HOME
 *   sender    its reverse-path
 *   is_resent whether a list passes it on: nobody knows who is its author
 *   message   as above; where it is read afterwards is not told
 *   fields    receives them, perhaps none, or words on why there are none; replaced
 * Returns 1; 0: there never was such a service here; -1: it cannot be signed now.
 */
MUST_CHECK int verifydoor_sign(const char *home, struct span sender,
    bool is_resent, int message, struct str *fields);

/*
 * verifydoor_receive: the question of who has come in, within VERIFYDOOR_ASK_MS.
 *   record    VERIFYDOOR_RECORD_MAX bytes; receive it
 *   message   receives the message, which is a regular file: a pipe might have no end
 * Returns the record; an empty one if there is none, or no such file.
 */
struct span
verifydoor_receive(int sock, char *record, struct verifydoor_message *message);

/*
 * verifydoor_read: reads the next piece of a message, and lets who asked know that we
 * are at work.
 * Returns the number of bytes; 0 at the end; -1 with errno: ETIMEDOUT, or nobody waits
 * for it any more (EPIPE, ECONNRESET, EAGAIN), or that of read(2).
 */
MUST_CHECK ssize_t verifydoor_read(
    struct verifydoor_message *message, char *buffer, size_t size);

/* verifydoor_parse: takes a question to check apart; its spans lie in the record.  Returns
 * false if it is none. */
MUST_CHECK bool
verifydoor_parse(struct span record, struct verifydoor_question *question);

/* verifydoor_format: the record of an answer. */
void verifydoor_format(struct str *record, enum verifydoor_wish wish,
    struct span domain, struct span fields);

/* verifydoor_parse_sign: the same, of one to sign. */
MUST_CHECK bool
verifydoor_parse_sign(struct span record, struct span *sender, bool *is_resent);

/* verifydoor_format_signed: the record of an answer to that: fields, or words. */
void
verifydoor_format_signed(struct str *record, bool is_signed, struct span text);

void verifydoor_answer_free(struct verifydoor_answer *answer);

#endif
