#!/bin/sh
# datemail - sends a message with a Date field in the local zone.
# Runs as   the caller.
# Reads     the message on fd 0; arguments of sendmail.
# Source    datemail(1).
exec @QMAIL@/bin/predate @QMAIL@/bin/sendmail ${1+"$@"}
