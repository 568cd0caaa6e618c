/*
 * milter.h - packets of the milter protocol, version 6, from the side of the mail
 * server: a length of four bytes, a letter, and what belongs to that.
 * Source: the pages of libmilter, and "The Sendmail milter protocol, version 2".
 * Input: what a milter says.
 */
#ifndef NET_MILTER_H
#define NET_MILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define MILTER_VERSION	   6u
#define MILTER_VERSION_MIN 2u
#define MILTER_LENGTH	   4	      /* bytes of a length */
#define MILTER_PACKET_MAX  (1u << 20) /* bytes that a milter may send at once */
#define MILTER_CHUNK_MAX   65535u /* bytes of a body that are shown at once */

/* What the server says. */
enum milter_command {
	MILTER_NEGOTIATE = 'O',
	MILTER_MACROS = 'D',
	MILTER_CONNECT = 'C',
	MILTER_HELO = 'H',
	MILTER_MAIL = 'M',
	MILTER_RCPT = 'R',
	MILTER_DATA = 'T',
	MILTER_HEADER = 'L',
	MILTER_HEADER_END = 'N',
	MILTER_BODY = 'B',
	MILTER_END = 'E',
	MILTER_QUIT = 'Q'
};

/* What a milter answers. */
enum milter_answer {
	MILTER_ACCEPT = 'a',
	MILTER_CONTINUE = 'c',
	MILTER_DISCARD = 'd',
	MILTER_REJECT = 'r',
	MILTER_TEMPFAIL = 't',
	MILTER_REPLY_CODE = 'y',
	MILTER_SKIP = 's',
	MILTER_PROGRESS = 'p',
	MILTER_CONNECTION_FAILS = 'f',
	MILTER_SHUTDOWN = '4'
};

/* How it changes a message; only after MILTER_END. */
enum milter_change {
	MILTER_ADD_RCPT = '+',
	MILTER_ADD_RCPT_PARAMETERS = '2',
	MILTER_DELETE_RCPT = '-',
	MILTER_REPLACE_BODY = 'b',
	MILTER_ADD_HEADER = 'h',
	MILTER_CHANGE_HEADER = 'm',
	MILTER_INSERT_HEADER = 'i',
	MILTER_CHANGE_FROM = 'e',
	MILTER_QUARANTINE = 'q'
};

/* What it may change: all of these, but for the choice of macros. */
#define MILTER_ACTIONS 0xffu

/* Steps that it does not want, or does not answer. */
enum milter_step {
	MILTER_NO_CONNECT = 0x1,
	MILTER_NO_HELO = 0x2,
	MILTER_NO_MAIL = 0x4,
	MILTER_NO_RCPT = 0x8,
	MILTER_NO_BODY = 0x10,
	MILTER_NO_HEADERS = 0x20,
	MILTER_NO_HEADER_END = 0x40,
	MILTER_QUIET_HEADERS = 0x80,
	MILTER_NO_UNKNOWN = 0x100,
	MILTER_NO_DATA = 0x200,
	MILTER_MAY_SKIP = 0x400,
	MILTER_REFUSED_RCPT = 0x800,
	MILTER_QUIET_CONNECT = 0x1000,
	MILTER_QUIET_HELO = 0x2000,
	MILTER_QUIET_MAIL = 0x4000,
	MILTER_QUIET_RCPT = 0x8000,
	MILTER_QUIET_DATA = 0x10000,
	MILTER_QUIET_UNKNOWN = 0x20000,
	MILTER_QUIET_HEADER_END = 0x40000,
	MILTER_QUIET_BODY = 0x80000,
	MILTER_LEADING_SPACE = 0x100000
};

/* Those that are offered: recipients that were refused before are not known here. */
#define MILTER_STEPS (0x1fffffu & ~(unsigned)MILTER_REFUSED_RCPT)

/* milter_begin: a packet, appended; returns where it begins, for milter_finish, which
 * writes its length. */
size_t milter_begin(struct str *packets, enum milter_command command);
void milter_finish(struct str *packets, size_t begin);

/* milter_add_u32: a number of four bytes, appended. */
void milter_add_u32(struct str *packet, uint32_t number);

/* milter_length: the length that four bytes tell.  Returns 0 for one that is none:
 * larger than MILTER_PACKET_MAX, or without a letter. */
MUST_CHECK size_t milter_length(const char bytes[MILTER_LENGTH]);

/* What was negotiated. */
struct milter_terms {
	uint32_t version, actions, steps;
};

/*
 * milter_parse_terms: the answer to MILTER_NEGOTIATE, without its letter.
 * Returns false if it is none, or wants what was not offered.
 */
MUST_CHECK bool
milter_parse_terms(struct span packet, struct milter_terms *terms);

/* What a packet of enum milter_change, or MILTER_REPLY_CODE, holds. */
struct milter_words {
	uint32_t number; /* of a header field */
	struct span first,
	    second; /* name and value, address and parameters, text */
};

/*
 * milter_parse_words: takes one apart.
 *   letter   what it is
 *   packet   what is behind the letter
 *   words    receives views into it
 * Returns false if it is none, or not allowed by actions.
 */
MUST_CHECK bool milter_parse_words(char letter, struct span packet,
    uint32_t actions, struct milter_words *words);

/*
 * milter_parse_reply: an SMTP reply of a milter: "550 5.7.1 text".
 *   is_permanent   receives whether it is 5yz; else it is 4yz
 *   text           receives the text, with its enhanced code, of all its lines; %% is
 *                  one %
 * Returns false if it is none.
 */
MUST_CHECK bool
milter_parse_reply(struct span reply, bool *is_permanent, struct str *text);

#endif
