/*
 * logevent.h - the log of qmail-send, read: a line is a stamp and an event, as
 * qmail-log(5) has them.
 *
 *	if (logstamp_cut(&line, &stamp))
 *		logevent_parse(line, &event);
 *
 * Input: hostile (addresses and reports are words of strangers)
 */
#ifndef MAIL_LOGEVENT_H
#define MAIL_LOGEVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define LOGSTAMP_SECONDS_MAX 99999999999 /* the year 5138; later is no stamp */

/* When: UTC, since 1970. */
struct logstamp {
	int64_t seconds;
	uint32_t nanoseconds;
};

/*
 * logstamp_parse: a word that is a stamp: @ and 24 hexadecimal digits, as by
 * tai64n(8), or seconds in decimal, with a fraction or without one.
 *   stamp   receives it; of a fraction the first nine digits count
 * Returns false if it is none, or beyond LOGSTAMP_SECONDS_MAX.
 */
MUST_CHECK bool logstamp_parse(struct span word, struct logstamp *stamp);

/*
 * logstamp_cut: takes the stamp off the line, and the blanks behind it.
 * Returns false, and leaves the line as it is, if its first word is no stamp.
 */
MUST_CHECK bool logstamp_cut(struct span *line, struct logstamp *stamp);

/*
 * logevent_cut_word: takes the first word off the line, and the blanks around
 * it: where any word may be a stamp.  Empty: there is none.
 */
struct span logevent_cut_word(struct span *line);

/*
 * logstamp_add_decimal: adds a stamp of TAI64N as seconds, a point and nine
 * digits; any other word as it is.
 */
void logstamp_add_decimal(struct str *text, struct span word);

enum logevent_kind {
	LOGEVENT_OTHER,	   /* not one of these, or a number is missing */
	LOGEVENT_NEW,	   /* new msg N */
	LOGEVENT_INFO,	   /* info msg N: bytes B from <S> qp Q uid U */
	LOGEVENT_STARTING, /* starting delivery D: msg N to CHANNEL R */
	LOGEVENT_DELIVERY, /* delivery D: RESULT: REASON */
	LOGEVENT_BOUNCE,   /* bounce msg N qp Q */
	LOGEVENT_NOTICE,   /* notice msg N qp Q */
	LOGEVENT_TRIPLE,   /* triple bounce: discarding bounce/N */
	LOGEVENT_END,	   /* end msg N */
	LOGEVENT_TLS,	   /* tls D: NAME=VALUE ... */
	LOGEVENT_DELETED,  /* deleted: msg N to CHANNEL R */
	LOGEVENT_ORDER,	   /* hold, release, return, delete or drop msg N */
	LOGEVENT_RETRY,	   /* retry of COUNT msgs by uid U */
	LOGEVENT_STATUS,   /* status: ... */
	LOGEVENT_RUNNING, /* running: the start of qmail-send, of some suites */
	LOGEVENT_EXITING, /* exiting: its end; ours says so as a status */
	LOGEVENT_WARNING, /* warning: ... */
	LOGEVENT_ALERT,	  /* alert: ... */
	LOGEVENT_EXTRA	  /* extra N K Z D: of matchup(1), not of qmail-send */
};

enum logevent_result {
	LOGEVENT_SUCCESS = 'k',
	LOGEVENT_FAILURE = 'd',
	LOGEVENT_DEFERRAL = 'z',
	LOGEVENT_MANGLED = '?' /* another word: qmail-send will try again */
};

/*
 * An event.  What its kind does not have is 0 or empty.  Words are found by
 * their place, and end at a blank or a control character; a number is the digits
 * that its word begins with, 0 where there are none, and UINT64_MAX for more than
 * that.
 */
struct logevent {
	enum logevent_kind kind;
	uint64_t message, delivery, bytes, qp, uid;
	uint64_t count;				 /* LOGEVENT_RETRY */
	uint64_t successes, deferrals, failures; /* LOGEVENT_EXTRA */
	struct span sender;			 /* with its brackets */
	struct span channel;			 /* "local" or "remote" */
	struct span recipient;
	enum logevent_result result; /* LOGEVENT_DELIVERY */
	struct span reason;	     /* likewise; a word of a line of ours */
	struct span words; /* behind what the kind is told by: the text of a
			      warning, the values of TLS */
};

/*
 * logevent_parse: a line behind its stamp, without its newline.
 *   event   receives it, with spans into the line
 */
void logevent_parse(struct span line, struct logevent *event);

#endif
