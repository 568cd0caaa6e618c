#!/bin/sh
# elq - moves the mail of a Maildir into an mbox and reads it with elm.
# Runs as   the owner of both.
# Reads     MAILDIR, MAIL, MAILTMP.
# Source    elq(1).
@QMAIL@/bin/maildir2mbox && exec elm ${1+"$@"}
