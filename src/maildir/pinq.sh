#!/bin/sh
# pinq - moves the mail of a Maildir into an mbox and reads it with pine.
# Runs as   the owner of both.
# Reads     MAILDIR, MAIL, MAILTMP.
# Source    pinq(1).
@QMAIL@/bin/maildir2mbox && exec pine ${1+"$@"}
