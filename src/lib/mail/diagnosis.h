/*
 * diagnosis.h - what a program can tell from the words about a delivery that
 * failed or is deferred, as they stand in the log and in bounces: the code in
 * "(#5.1.1)", and what follows "Remote host said: ".
 * Input: hostile (servers, programs of users).  Source: RFC 3463, RFC 3464 2.3.
 */
#ifndef MAIL_DIAGNOSIS_H
#define MAIL_DIAGNOSIS_H

#include "base/span.h"

/* What stands between the words of ours and those of a server. */
#define DIAGNOSIS_REPLY "Remote host said: "

/* Views of the words; empty: they do not say it. */
struct diagnosis {
	struct span status; /* 4.x.y or 5.x.y */
	struct span reply;  /* of the server, all its lines */
	struct span host;   /* the server, if it replied */
};

struct diagnosis diagnosis_of(struct span words);

#endif
