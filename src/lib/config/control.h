/*
 * control.h - control files: what the administrator wrote into HOME/control.
 *
 * Two kinds.  A one-line file holds a value on its first line; blanks and
 * tabs at its end do not count, and neither does the rest of the file.  A
 * list file holds a word or a record on each line; blanks and tabs at line
 * ends, empty lines and lines that start with # do not count.  A carriage
 * return before the newline does not count either.
 *
 * Names are relative to the working folder ("control/me"): programs enter
 * home_dir first.  Input: trusted.  Source: qmail-control(5).
 */
#ifndef CONFIG_CONTROL_H
#define CONFIG_CONTROL_H

#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/wordset.h"

#define CONTROL_LINE_MAX 65536u	     /* bytes in a one-line file */
#define CONTROL_LIST_MAX (64u << 20) /* bytes in a list file */

/*
 * control_read_line: the value of a one-line file.
 *   name   "control/me"
 *   value  receives it, replaced; untouched if there is no file
 * Returns 1; 0 if there is no such file; -1 with errno.
 */
MUST_CHECK int control_read_line(const char *name, struct str *value);

/*
 * control_read_line_or_me: the same; without that file the value of
 * control/me; without both the fallback word, or 0 is returned if it is NULL.
 */
MUST_CHECK int control_read_line_or_me(
    const char *name, struct str *value, const char *fallback);

/*
 * control_read_mailbox: an address out of two one-line files.
 *   mailbox     receives it, replaced
 *   box_file    its local part; without that file it is box
 *   host_file   its host; without that file the value of control/me; without
 *               both it is host, or 0 is returned if host is NULL
 * Returns 1; 0: nothing says which host; -1 with errno.
 */
MUST_CHECK int control_read_mailbox(struct str *mailbox, const char *box_file,
    const char *box, const char *host_file, const char *host);

/*
 * control_read_number: the number that the value starts with.
 *   max      a larger value counts as this
 *   number   untouched if there is no file or no digit at the start
 * Returns 1 if it was set, 0 if not, -1 with errno.
 */
MUST_CHECK int
control_read_number(const char *name, uint64_t max, uint64_t *number);

/* control_clean_line: a line, without its newline, without what does not count
 * at its end. */
struct span control_clean_line(struct span line);

/*
 * control_read_list: the lines of a list file, cleaned as above, each ending
 * in a newline.
 *   lines   receives them, replaced; empty if there is no file
 * Returns 1; 0 if there is no such file; -1 with errno.
 */
MUST_CHECK int control_read_list(const char *name, struct str *lines);

/*
 * control_read_set: a list file as a set of words.
 *   separator   what divides the word from its value, as : in virtualdomains,
 *               lines without it are left out; '\0': the whole line is the
 *               word, without value
 *   set         receives the words; must be as after WORDSET_INIT
 * Returns 1; 0 if there is no such file; -1 with errno.
 */
MUST_CHECK int
control_read_set(const char *name, char separator, struct wordset *set);

#endif
