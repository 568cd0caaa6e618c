/*
 * popcommand.h - commands of POP3 clients (RFC 1939, RFC 2449).
 * Pure: includes only base.  Input: hostile.
 */
#ifndef NET_POPCOMMAND_H
#define NET_POPCOMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

/*
 * Bytes of a line, its end included.  RFC 2449 4 asks for 255; names and
 * passwords of another kind of service are longer.
 */
#define POPCOMMAND_MAX 4096

enum popcommand_verb {
	POP_UNKNOWN, /* or not a command at all */
	POP_APOP,
	POP_CAPA,
	POP_DELE,
	POP_LAST, /* of RFC 1460 */
	POP_LIST,
	POP_NOOP,
	POP_PASS,
	POP_QUIT,
	POP_RETR,
	POP_RSET,
	POP_STAT,
	POP_STLS,
	POP_TOP,
	POP_UIDL,
	POP_USER,
	POP_VERBS /* their number */
};

struct popcommand {
	enum popcommand_verb verb;
	struct span argument; /* behind the blanks; blanks at its end stay */
};

/*
 * popcommand_parse: takes a line apart.
 *   line   with or without its line end, which is LF or CR LF
 * Verbs are known in any letter case.  A line with a NUL is unknown.
 */
void popcommand_parse(struct span line, struct popcommand *command);

/*
 * popcommand_cut_number: takes a number off, and the blanks behind it.
 *   argument   moves behind them; untouched if there is none
 * Returns whether there was a number from 0 to max, all of a word.
 */
MUST_CHECK bool
popcommand_cut_number(struct span *argument, uint64_t max, uint64_t *number);

/*
 * popcommand_cut_name: takes the name off the argument of APOP, and the one
 * blank behind it; what is left is the digest, perhaps empty.
 * Returns false if there is no name or no blank.
 */
MUST_CHECK bool popcommand_cut_name(struct span *argument, struct span *name);

#endif
