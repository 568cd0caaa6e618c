/*
 * clean.h - what qmail-send asks of qmail-clean, over a SOCK_SEQPACKET pair.
 * A datagram holds one or more requests; each is one record, a letter and a
 * message number, and is answered by one record in the same order: the letter
 * of the answer and the number.  Source: qmail-clean(8).
 */
#ifndef QUEUE_CLEAN_H
#define QUEUE_CLEAN_H

enum clean_request {
	CLEAN_SORTED = 'T',   /* remove todo: the message is preprocessed */
	CLEAN_FINISHED = 'F', /* remove todo, intd, mess */
	CLEAN_RESTORE = 'R',  /* is its envelope whole?  Then back into todo */
	CLEAN_EXAMINE = 'E',  /* likewise; if not, and it is old: remove it */
	CLEAN_SWEEP = 'S'     /* look for envelopes whose text is gone */
};

/*
 * CLEAN_SWEEP has the number of a part, plus 1, in the place of a message.  Old
 * envelopes of that part without a text go back into todo, where qmail-todo
 * finds them; the answer is CLEAN_RESTORED with the number of one of these, or
 * CLEAN_KEPT with the number of the request.
 */

/*
 * An older qmail-clean may still do what its qmail-send, which is gone, asked
 * of it.  Nothing is done before it has ended; CLEAN_WAITS, with the number 1,
 * tells that this takes long.
 */

/*
 * CLEAN_EXAMINE is for messages that nobody claims: in mess, but neither in
 * info nor in todo.  One whose writer lives, or that is young, is kept.
 */
enum clean_answer {
	CLEAN_DONE = '+',     /* also if nothing was there */
	CLEAN_FAILED = '!',   /* not possible now: ask again later */
	CLEAN_RESTORED = 'r', /* it is in todo now */
	CLEAN_KEPT = 'k',     /* nothing was done */
	CLEAN_REMOVED = 'd',  /* the leftovers are gone */
	CLEAN_WAITS = 'w'     /* no answer: an older qmail-clean runs still */
};

/* Age at which leftovers of a message that was never accepted go. */
#define CLEAN_LEFTOVER_AGE 129600 /* seconds; 36 hours */

#endif
