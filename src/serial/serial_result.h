/*
 * serial_result.h - what maildirserial and its client say to each other:
 *
 *	names      NAME NUL ...
 *	results    NAME NUL LETTER WORDS LF      K sent, Z later, D never
 *
 * Source: maildirserial(1).
 */
#ifndef SERIAL_SERIAL_RESULT_H
#define SERIAL_SERIAL_RESULT_H

#include <stdbool.h>

#include "base/span.h"
#include "base/str.h"
#include "sys/in.h"

#define SERIAL_NAME_MAX	 4096 /* bytes of a name, its NUL included */
#define SERIAL_WORDS_MAX 5000 /* bytes of words; the rest is left out */

/* serial_result_next_name: the next name to be sent, without its NUL.
 * Returns false when there are no more, or what comes is none. */
bool serial_result_next_name(struct in *names, struct str *name);

/* serial_result_write: a result, to descriptor 1.  Ends the program if nobody
 * hears it: what nobody knows to be sent will be sent again. */
void serial_result_write(struct span name, char letter, struct span words);

#endif
