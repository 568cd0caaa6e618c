/*
 * forwardtext.h - instructions of setforward:
 *
 *	target: command, command;
 *
 * Blanks, tabs and line ends are ignored wherever they stand; a backslash makes
 * the byte behind it an ordinary one; what follows a # to the end of its line
 * is a comment.
 *
 *	struct forwardtext text = { .rest = input };
 *	while ((event = forwardtext_next(&text)) != FORWARDTEXT_END) ...
 *
 * Source: setforward(1).  Input: of the user
 */
#ifndef MAIL_FORWARDTEXT_H
#define MAIL_FORWARDTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "base/str.h"

enum forwardtext_event {
	FORWARDTEXT_COMMAND, /* target and word have it */
	FORWARDTEXT_OWNER,   /* likewise, the word without its mark */
	FORWARDTEXT_DONE,    /* the instruction for the target is complete */
	FORWARDTEXT_END,     /* there are no more */
	FORWARDTEXT_FAULT    /* fault and line tell what is wrong */
};

struct forwardtext {
	struct span rest;
	struct str target; /* as it was written */
	struct str word;   /* a command, with its mark; an address has & */
	bool in_commands;  /* the colon of the instruction has come */
	bool is_done;	   /* so has its semicolon */
	size_t lines;	   /* that have ended */
	const char *fault; /* a sentence without its dot */
};

/* forwardtext_next: goes on to the next event; empty commands are none. */
enum forwardtext_event forwardtext_next(struct forwardtext *text);

void forwardtext_free(struct forwardtext *text);

/* forwardtext_add: appends a word as it must be written to be read as such. */
void forwardtext_add(struct str *written, struct span word);

#endif
