/*
 * path.h - names in the queue.  A message has a number N; its files are
 * FOLDER/S/N, where S is N modulo the split of the queue.  All names are
 * relative: programs enter HOME/queue first.
 *
 *	mess    the message                 qmailq
 *	intd    the accepted envelope       qmailq
 *	todo    the same file, linked       qmailq    accepted, not yet sorted
 *	info    the sender; birth = mtime   qmails
 *	local   local recipients            qmails    next try = mtime
 *	remote  remote recipients           qmails    next try = mtime
 *	bounce  what failed                 qmails
 *
 * Source: DESIGN of the queue in src/README.
 */
#ifndef QUEUE_PATH_H
#define QUEUE_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/dir.h"

enum queue_folder {
	QUEUE_MESS,
	QUEUE_INTD,
	QUEUE_TODO,
	QUEUE_INFO,
	QUEUE_LOCAL,
	QUEUE_REMOTE,
	QUEUE_BOUNCE,
	QUEUE_FOLDERS /* their number */
};

/* A number is a time of arrival in microseconds if it lies in this century;
 * other suites number their messages otherwise. */
#define QUEUE_EARLIEST_BIRTH 1577836800 /* seconds; 2020 */

#define QUEUE_SPLIT_DEFAULT 23
#define QUEUE_SPLIT_MAX	    100000

/* Long enough for every name: "remote/99999/18446744073709551615". */
struct queue_path {
	char s[48];
};

/* queue_path: the name of one file of a message. */
struct queue_path
queue_path(enum queue_folder folder, uint64_t number, uint64_t split);

/* queue_path_folder: the name of one subfolder, "mess/7". */
struct queue_path queue_path_folder(enum queue_folder folder, uint64_t part);

/* queue_folder_name: "mess". */
const char *queue_folder_name(enum queue_folder folder);

/*
 * queue_path_number: the message number that a file name means: digits
 * without zeros in front, not 0, below 2^63.  Returns false for others.
 */
MUST_CHECK bool queue_path_number(struct span name, uint64_t *number);

/*
 * queue_path_part: the part that the name of a subfolder means: digits without
 * zeros in front.  Returns false for others.
 */
MUST_CHECK bool queue_path_part(struct span name, uint64_t *part);

/* queue_number_is_time: whether a number may be one that qmail-queue gives. */
bool queue_number_is_time(uint64_t number);

/* queue_number_compare: for qsort and bsearch over message numbers. */
int queue_number_compare(const void *a, const void *b);

/*
 * queue_folder_next: the next message in a subfolder; names that are none, or
 * that belong to another part, are passed over.
 *   dir      opened with dir_open(queue_path_folder(...))
 *   number   receives it
 * Returns 1; 0 at the end; -1 with errno.
 */
MUST_CHECK int queue_folder_next(
    struct dir *dir, uint64_t part, uint64_t split, uint64_t *number);

/*
 * queue_split_read: the split of the queue in the working folder: the number
 * in lock/split, QUEUE_SPLIT_DEFAULT if there is no such file.
 * Returns 0; -1 with errno, EBADMSG for a number out of 1..QUEUE_SPLIT_MAX.
 */
MUST_CHECK int queue_split_read(uint64_t *split);

/*
 * queue_is_missing: after a call on the path has failed, whether that is because the
 * file is not there, though its folder is: a folder that is missing, as one that is a
 * mount of its own and was not mounted, says nothing of what is in it.  Keeps errno.
 */
bool queue_is_missing(struct queue_path path);

/*
 * queue_has_its_parts: whether the folders that qmail-send looks into have their
 * last part, and no more; the working folder is the queue.  That of another suite
 * or split has messages and bounces where nobody here would find them.
 */
bool queue_has_its_parts(uint64_t split);

#endif
