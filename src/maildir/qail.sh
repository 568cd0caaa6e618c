#!/bin/sh
# qail - moves the mail of a Maildir into an mbox and reads it with Mail.
# Runs as   the owner of both.
# Reads     MAILDIR, MAIL, MAILTMP.
# Source    qail(1).
@QMAIL@/bin/maildir2mbox && exec Mail -f "$MAIL" ${1+"$@"}
