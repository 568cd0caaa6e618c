/*
 * milter_talk.h - a conversation with a milter about one message.
 * Source: net/milter.h.  Input: what a milter says
 */
#ifndef RECEIVE_MILTER_TALK_H
#define RECEIVE_MILTER_TALK_H

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "net/milter.h"
#include "sys/in.h"
#include "sys/out.h"

#define MILTER_TALK_BUFFER 16384

struct milter_talk {
	int fd;
	struct in in;
	struct out out;
	struct milter_terms terms;
	struct str packet; /* what is being sent */
	size_t begin;	   /* of it */
	char letter;	   /* of the last packet that came */
	struct str answer; /* what is behind that letter */
	char in_buffer[MILTER_TALK_BUFFER], out_buffer[MILTER_TALK_BUFFER];
};

/*
 * milter_talk_open: connects, and negotiates.
 *   name      inet:PORT@ADDRESS, inet6:PORT@ADDRESS, unix:PATH, local:PATH
 *   seconds   that each answer may take
 * Returns 0; -1 with errno: EINVAL: no such name; EPROTO: that is no milter of ours;
 * ETIMEDOUT, ECONNREFUSED ...
 */
MUST_CHECK int
milter_talk_open(struct milter_talk *talk, struct span name, unsigned seconds);

/* milter_talk_begin, then milter_talk_word, milter_talk_bytes: a command and what
 * belongs to it, words ended by NUL; a NUL within one ends it. */
void milter_talk_begin(struct milter_talk *talk, enum milter_command command);
void milter_talk_word(struct milter_talk *talk, struct span word);
void milter_talk_bytes(struct milter_talk *talk, struct span bytes);

/* milter_talk_send: sends it; a failure is told by the next milter_talk_hear. */
void milter_talk_send(struct milter_talk *talk);

/*
 * milter_talk_hear: waits for the next packet: talk->letter, talk->answer.
 * Those that ask for patience are passed over.
 * Returns 0; -1 with errno, EPROTO if it hangs up or what came is none.
 */
MUST_CHECK int milter_talk_hear(struct milter_talk *talk);

/* milter_talk_close: says good-bye. */
void milter_talk_close(struct milter_talk *talk);

#endif
