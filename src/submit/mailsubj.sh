#!/bin/sh
# mailsubj - sends what it reads, with a subject.
# Runs as   the caller.
# Reads     the body on fd 0; a subject, addresses.
# Source    mailsubj(1).

# named ADDRESS ...: what is left of them without blanks and empty brackets.
named() {
	printf '%s,' "$@" | tr -d ' \t\n\r' | sed 's/[^,]*<>//g; s/,//g'
}

# Addresses that are all empty are none: nobody would get it.
if [ $# -lt 2 ] || [ -z "$(shift && named "$@")" ]; then
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
