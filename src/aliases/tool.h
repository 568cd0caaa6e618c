/*
 * tool.h - what the programs share that make and show databases of addresses.
 *
 * They end with 0; 100: the arguments or the input are wrong; 111: all else.
 * What was there before is then there still, and nothing else.
 */
#ifndef ALIASES_TOOL_H
#define ALIASES_TOOL_H

#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "config/cdbfile.h"
#include "mail/forwarddata.h"
#include "sys/aside.h"
#include "sys/out.h"

#define TOOL_PERMANENT 100
#define TOOL_TEMPORARY 111

/* tool_begin: memory and bugs; name is that of the program. */
void tool_begin(const char *name);

/* tool_watch: this file is to be abandoned if the program fails. */
void tool_watch(struct aside *aside);

/* tool_fail: says why on descriptor 2, and ends. */
NORETURN void tool_fail(int exit_code, const char *why);

/* tool_fail_at: the same, with a file and, unless it is 0, a line in front. */
NORETURN void
tool_fail_at(int exit_code, const char *file, size_t line, const char *why);

/* tool_warn_at: says what is strange about a line. */
void tool_warn_at(const char *file, size_t line, const char *what);

/* tool_cannot: what could not be done, because of errno; ends with 111. */
NORETURN void tool_cannot(const char *verb, const char *object);

/* tool_read: appends a file, or with NULL descriptor 0, of at most 256 MiB; ends
 * the program if it cannot be read. */
void tool_read(const char *path, struct str *text);

/* tool_add_record: adds a record; ends the program if it cannot be written. */
void tool_add_record(struct cdbfile *file, enum forwarddata_key kind,
    struct span target, struct span value);

/* The recipients of a line, ready for a database. */
struct tool_line {
	struct str commands;
	const char *fault; /* NULL, or why the line cannot be used */
};

/*
 * tool_recipients: appends the commands for a line of recipients, the last
 * recipient first.
 *   rules          for hosts
 *   may_run        whether there may be programs among them
 */
void tool_recipients(
    struct tool_line *line, struct span text, struct span rules, bool may_run);

#endif
