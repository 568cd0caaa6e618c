/*
 * sorted.h - what qmail-todo and qmail-send say to each other: records over a
 * SOCK_SEQPACKET pair, one message in a datagram.
 *
 * qmail-todo says
 *	N number, S size, b birth, u uid, p pid, F sender,
 *	{[E parameters], [Q parameters], L or R recipient}
 *		a new message with at most one recipient, still in todo only,
 *		with what is asked of notifications (queue/envelope.h)
 *	W number, S size, b birth, u uid, p pid, F sender, L count, R count
 *		a new message that waits: its info, local, remote files are
 *		made, with so many recipients
 *	M the same
 *		a waiting message whose files were damaged: made again
 *	V number, L count, R count
 *		a waiting message whose files are as they should be, with so
 *		many recipients to do
 *	B number, X text
 *		a message in todo that cannot be used now, and why
 *	O number, F sender, X recipients
 *		an old message in todo whose text is gone for good
 *	A text
 *		something to put into the log as an alert
 *
 * qmail-send says
 *	P number   make the files of this message, it has to wait (answer: W, B)
 *	D number   the same, with its recipient as done (answer: W, also if it is
 *	           gone; B)
 *	G number   its file in todo is gone, or may be looked at again
 *	K number   look at this one (it was linked to todo again)
 *	E (empty)  begin: no other qmail-send runs on this queue
 *	H (empty)  read the control files again
 *	Y (empty)  take nothing new any more
 */
#ifndef SEND_SORTED_H
#define SEND_SORTED_H

enum sorted_word {
	SORTED_NEW = 'N',
	SORTED_WAITING = 'W',
	SORTED_REMADE = 'M',
	SORTED_WHOLE = 'V',
	SORTED_BROKEN = 'B',
	SORTED_ORPHAN = 'O',
	SORTED_ALERT = 'A',

	SORTED_SIZE = 'S',
	SORTED_BIRTH = 'b', /* seconds */
	SORTED_UID = 'u',
	SORTED_PID = 'p',
	SORTED_SENDER = 'F',
	SORTED_PARAMETERS = 'E',
	SORTED_RECIPIENT_PARAMETERS = 'Q',
	SORTED_LOCAL = 'L',
	SORTED_REMOTE = 'R',
	SORTED_TEXT = 'X',

	SORTED_PARK = 'P',
	SORTED_PARK_DONE = 'D',
	SORTED_GONE = 'G',
	SORTED_LOOK = 'K',
	SORTED_BEGIN = 'E',
	SORTED_REREAD = 'H',
	SORTED_STOP = 'Y'
};

#endif
