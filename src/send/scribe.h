/*
 * scribe.h - the scribe, a second process of qmail-send that may wait for the
 * disk, and the words between the two: records over a SOCK_SEQPACKET pair,
 * one order or answer in a datagram.
 *
 * Orders:   A number, C channel, X paragraphs
 *               append to bounce/N                    answer: a or f
 *           S number, C channel
 *               sync info/N, where a mark of the channel is answer: s or z
 *           I number, b birth, F sender, [E parameters], [X paragraph]
 *               queue the bounce; without paragraph from bounce/N, which goes
 *               then                                  answer: i or g
 *           D number, b birth, F sender, [E parameters], C channel, {status}
 *               tell the sender of successes          answer: a or f
 *           W number, b birth, F sender, [E parameters], u until, {status}
 *               tell the sender of delays             answer: w or v
 *           N number, X text
 *               queue a notice to the postmaster      no answer
 *           R nothing
 *               read the control files again          no answer
 * Answers:  a number, C channel, [Q qp]    appended, or told of successes; Q 0:
 *                                          nobody may be told of them
 *           f number, C channel, [Q 0]     could not do so
 *           s number, C channel            synced
 *           z number                       could not do so
 *           i number, Q qp                 queued
 *           g number                       could not queue
 *           w number, Q qp                 told of delays; Q 0: as for a
 *           v number                       could not do so
 *           ! text                         answers nothing: a line for the log
 *
 * Q stands in answers about successes.  E is what the envelope asks (mail/dsn.h).
 * Until: the end of the message, in seconds.  A status: the letter of what
 * happened (mail/report.h) with the parameters of the recipient, T address, X
 * words.
 */
#ifndef SEND_SCRIBE_H
#define SEND_SCRIBE_H

#include "scribe_mail.h"

enum scribe_word {
	SCRIBE_APPEND = 'A',
	SCRIBE_SYNC = 'S',
	SCRIBE_INJECT = 'I',
	SCRIBE_NOTICE = 'N',
	SCRIBE_REREAD = 'R',
	SCRIBE_SUCCESSES = 'D',
	SCRIBE_DELAYS = 'W',
	SCRIBE_CHANNEL = 'C',
	SCRIBE_PARAGRAPH = 'X',
	SCRIBE_BIRTH = 'b',
	SCRIBE_SENDER = 'F',
	SCRIBE_PARAMETERS = 'E',
	SCRIBE_ADDRESS = 'T',
	SCRIBE_UNTIL = 'u',
	SCRIBE_QP = 'Q',
	SCRIBE_APPENDED = 'a',
	SCRIBE_NOT_APPENDED = 'f',
	SCRIBE_SYNCED = 's',
	SCRIBE_NOT_SYNCED = 'z',
	SCRIBE_INJECTED = 'i',
	SCRIBE_NOT_INJECTED = 'g',
	SCRIBE_TOLD = 'w',
	SCRIBE_NOT_TOLD = 'v',
	SCRIBE_ALERT = '!'
};

/*
 * scribe_start: forks the scribe; the working folder is HOME.
 *   mail   of scribe_controls_read
 * Returns the socket to it, -1 with errno.
 */
int scribe_start(const struct scribe_mail *mail);

#endif
