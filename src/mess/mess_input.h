/* mess_input.h - the header on descriptor 0. */
#ifndef MESS_MESS_INPUT_H
#define MESS_MESS_INPUT_H

#include "base/str.h"

#define MESS_HEADER_MAX (64u << 20) /* bytes */

/* mess_input_read: reads it, and leaves a file where it was, for who reads it
 * next; ends the program with 111 if that fails. */
void mess_input_read(const char *program, struct str *header);

/* mess_input_write: writes a text to descriptor 1; likewise. */
void mess_input_write(const char *program, const struct str *text);

#endif
