/*
 * sendlog.h - the log of qmail-send.  Lines are collected and written when the
 * reader takes them, so that a stuck reader never stops the mail; beyond a
 * limit lines are dropped, and counted.  Source: qmail-log(5).
 */
#ifndef SEND_SENDLOG_H
#define SEND_SENDLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "queue/path.h"

struct sendlog {
	struct str text;
	uint64_t dropped; /* lines lost since the reader got stuck */
};

/* sendlog_z and the others add to the line that sendlog_end completes. */
void sendlog_z(struct sendlog *log, const char *text);
void sendlog_u64(struct sendlog *log, uint64_t number);
/* sendlog_safe: newlines become /, other unsafe bytes and blanks _. */
void sendlog_safe(struct sendlog *log, struct span text);
void sendlog_end(struct sendlog *log);

/* sendlog_line: a whole line. */
void sendlog_line(struct sendlog *log, const char *text);

/* sendlog_message: a line of words, a message number, and more words. */
void sendlog_message(struct sendlog *log, const char *before, uint64_t number,
    const char *after);

/* sendlog_trouble: "warning: WHAT FOLDER/S/N AFTER". */
void sendlog_trouble(struct sendlog *log, const char *what,
    struct queue_path path, const char *after);

/* sendlog_is_behind: whether so much waits for the reader that what need not be
 * logged now had better wait. */
bool sendlog_is_behind(const struct sendlog *log);

/* sendlog_finish: writes all of it, if the reader takes it in time. */
void sendlog_finish(struct sendlog *log);

/* sendlog_flush: writes part of the log, once; the descriptor is ready. */
void sendlog_flush(struct sendlog *log);

#endif
