#!/bin/sh
# maildirqmtp - sends what waits in a Maildir to a host, by QMTP.
# usage: maildirqmtp dir prefix host
if [ $# != 3 ]; then
	echo "usage: maildirqmtp dir prefix host" >&2
	exit 100
fi
exec @QMAIL@/bin/maildirserial -b -t1209600 -- "$1" "$2" \
	tcpclient -RHl0 -- "$3" 209 @QMAIL@/bin/serialqmtp "$2"
