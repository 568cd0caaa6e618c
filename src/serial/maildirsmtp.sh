#!/bin/sh
# maildirsmtp - sends what waits in a Maildir to a host, by SMTP.
# usage: maildirsmtp dir prefix host helo
if [ $# != 4 ]; then
	echo "usage: maildirsmtp dir prefix host helo" >&2
	exit 100
fi
exec @QMAIL@/bin/maildirserial -b -t1209600 -- "$1" "$2" \
	tcpclient -RHl0 -- "$3" 25 @QMAIL@/bin/serialsmtp "$2" "$4"
