/* verdict.h - what an exit code of qmail-queue means.  Source: qmail-queue(8). */
#ifndef QUEUE_VERDICT_H
#define QUEUE_VERDICT_H

#include <stdbool.h>

#include "base/span.h"

/* The letters with which qmail's programs report. */
enum verdict_letter {
	VERDICT_ACCEPTED = 'K',
	VERDICT_TEMPORARY = 'Z',
	VERDICT_PERMANENT = 'D'
};

struct verdict {
	enum verdict_letter letter;
	const char *status; /* enhanced code such as "4.3.0" (RFC 3463) */
	struct span text;   /* for people, without code; never empty */
	bool is_custom;	    /* text is the program's own, with its own code */
	int exit_code;	    /* that it stands for; -1: killed by a signal */
};

#define VERDICT_CUSTOM_EXIT 82	/* the text comes on descriptor 6 */
#define VERDICT_CUSTOM_MAX  255 /* bytes of it that count, letter included */

/*
 * verdict_of_exit: judges how qmail-queue, or a program in its place, ended.
 *   exit_code   0 to 255; -1: killed by a signal
 *   custom      for exit code 82: what the program wrote to descriptor 6, a
 *               letter D (permanent; any other is temporary) and a text of at
 *               least two bytes; good as long as the verdict is used
 */
struct verdict verdict_of_exit(int exit_code, struct span custom);

#endif
