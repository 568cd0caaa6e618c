/*
 * note.h - where the note about a client's address lies: what pop-note writes
 * and pop-relay looks for.
 */
#ifndef POP_NOTE_H
#define POP_NOTE_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"

/*
 * note_add_path: appends FOLDER/ADDRESS for the client of $TCPREMOTEIP, its
 * address in the one form that net/ip.h gives it.
 * Returns false if that is no address; then nothing is appended.
 */
MUST_CHECK bool note_add_path(struct str *path, const char *folder);

/* note_complain: writes "PROGRAM: WHAT: WHY" and a newline to descriptor 2. */
void note_complain(const char *program, const char *what, const char *why);

#endif
