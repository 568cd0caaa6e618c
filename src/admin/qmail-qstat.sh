#!/bin/sh
#
# qmail-qstat - counts the messages in the queue.
# Runs as   root, or one of the suite's users that may read the queue.
# Reads     names below queue/mess and queue/todo, no contents.
# Writes    two lines to fd 1.
# Source    qmail-qstat(8).
#
# @QMAIL@ stands for the folder of the suite; the Makefile puts it in.

fail() {
	echo "qmail-qstat: fatal: $1" >&2
	exit 111
}

# count FOLDER: how many files lie below it.  Dots, not names, are counted:
# a name may hold anything.
count() {
	dots=$(find "$1" -mindepth 1 -type f -exec printf '%.0s.' {} +) ||
	    fail "cannot read queue/$1"
	echo "${#dots}"
}

cd '@QMAIL@/queue' || fail 'cannot enter @QMAIL@/queue'
mess=$(count mess) || exit 111
todo=$(count todo) || exit 111
echo "messages in queue: $mess"
echo "messages in queue but not yet preprocessed: $todo"
