/*
 * popup_hear.h - the half of qmail-popup that hears the stranger: it speaks
 * POP3 until somebody has told a name and a password, and passes these on.
 */
#ifndef POP_POPUP_HEAR_H
#define POP_POPUP_HEAR_H

#include "base/attr.h"
#include "base/span.h"
#include "net/popcommand.h"
#include "net/starttls.h"

#define POPUP_CLEAR 'C'
#define POPUP_TLS   'T'

/* What a client can choose. */
#define POPUP_LOGIN_MAX	   (1 + 2 * POPCOMMAND_MAX) /* bytes, name and password */
#define POPUP_COMMANDS_MAX 100
#define POPUP_ERRORS_MAX   20

/* Seconds.  RFC 1939 3 asks for 600 at least before a client is idle. */
#define POPUP_COMMAND_SECONDS	600 /* from one command to the end of the next */
#define POPUP_SESSION_SECONDS	900 /* all of them */
#define POPUP_LAST_WORD_SECONDS 5   /* to take our last word, after that */

/*
 * popup_hear: greets the client on descriptors 0 and 1, serves it, and writes
 * to a descriptor: POPUP_CLEAR or POPUP_TLS; its name and its password or digest,
 * each ending in NUL.  With POPUP_TLS, what follows goes by way of the provider.
 * No byte behind that command is read: it belongs to the program that follows.
 * Ends the process in any case; with nothing written, when the client has left
 * or has had its time.
 *   login       where to write
 *   timestamp   for APOP, in angle brackets; empty: there is no APOP
 *   offer       of TLS
 *   tls         the provider, if there is one
 */
NORETURN void popup_hear(int login, struct span timestamp,
    enum starttls_offer offer, struct starttls *tls);

#endif
