/*
 * words.h - what qmail-qctl and qmail-qctld say to each other, in datagrams of a
 * SOCK_SEQPACKET socket.
 *
 *	request   V verb, {letter value}    one datagram of records
 *	answer    o text, for descriptor 1; e text, for descriptor 2: any number
 *	          x exit code: the last
 *
 * Who may connect is decided by the folder of the door, which only root and
 * group qmail can enter; the users of the suite itself are refused.
 */
#ifndef CONTROL_WORDS_H
#define CONTROL_WORDS_H

#define WORDS_DOOR    "queue/control/door" /* below the home of the suite */
#define WORDS_SECONDS 60 /* so long a peer may take for one datagram */

enum words_request {
	WORDS_VERB = 'V',
	WORDS_NUMBER = 'n',
	WORDS_SENDER = 's',
	WORDS_RECIPIENT = 'r',
	WORDS_DOMAIN = 'd',  /* of a recipient */
	WORDS_OLDER = 'o',   /* seconds */
	WORDS_YOUNGER = 'y', /* seconds */
	WORDS_CHANNEL = 'c', /* local, remote */
	WORDS_STATE = 't',   /* see message.h */
	WORDS_ALL = 'a',
	WORDS_ADDRESS = 'T' /* of redirect: the old one, and the new */
};

enum words_answer {
	WORDS_OUT = 'o',
	WORDS_ERROR = 'e',
	WORDS_EXIT = 'x'
};

enum words_exit {
	WORDS_FINE = 0,
	WORDS_NOT_ALL = 1, /* something named was not found, or not done */
	WORDS_USAGE = 100,
	WORDS_TROUBLE = 111
};

#endif
