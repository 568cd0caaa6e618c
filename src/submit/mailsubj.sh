#!/bin/sh
# mailsubj - sends what it reads, with a subject.
# Runs as   the caller.
# Reads     the body on fd 0; a subject, addresses.
# Source    mailsubj(1).
# Addresses that are all empty are none: nobody would get it.
if [ $# -lt 2 ] || [ -z "$(shift && printf '%s' "$@" | tr -d ' \t')" ]; then
	echo 'usage: mailsubj subject address ...' >&2
	exit 100
fi

# line WORDS: without line ends, which would begin another field.
line() {
	printf '%s' "$1" | tr '\n\r' '  '
}

{
	printf 'Subject: %s\n' "$(line "$1")"
	shift
	printf 'To: %s' "$(line "$1")"
	shift
	for address in ${1+"$@"}; do
		printf ', %s' "$(line "$address")"
	done
	printf '\n\n'
	exec cat
} | @QMAIL@/bin/qmail-inject
