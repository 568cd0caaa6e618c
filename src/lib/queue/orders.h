/*
 * orders.h - what administrators want of messages: qmail-qctld asks qmail-send,
 * one request at a time for each of its clients, records in datagrams.
 *
 *	request   G tag, V verb, U uid, [T address], {N number}
 *	answer    G tag, {N number, A answer}      for each number, in order
 *
 * The tag is qmail-qctld's own.  Verb and answer are letters.
 * Source: qmail-qctl(8).
 */
#ifndef QUEUE_ORDERS_H
#define QUEUE_ORDERS_H

#define ORDERS_TAG     'G'
#define ORDERS_VERB    'V'
#define ORDERS_UID     'U'
#define ORDERS_ADDRESS 'T'
#define ORDERS_NUMBER  'N'
#define ORDERS_ANSWER  'A'

#define ORDERS_MOST 1000 /* numbers in a request */

enum orders_verb {
	ORDERS_ASK = 'q', /* what happens to it just now */
	ORDERS_HOLD = 'h',
	ORDERS_RELEASE = 'r',
	ORDERS_RETRY = 'n',
	ORDERS_RETURN = 'b',
	ORDERS_DELETE = 'd',
	ORDERS_DROP = 'x', /* the recipients with this address */
	/* Around a redirect, of which a message has one at a time.  RESUME ends
	 * what PAUSE began, but no hold from before, or given meanwhile; KEEP
	 * makes a hold of it, if it has not been ended meanwhile. */
	ORDERS_PAUSE = 'p',
	ORDERS_RESUME = 'u',
	ORDERS_KEEP = 'k'
};

enum orders_answer {
	ORDERS_DONE = 'y',
	ORDERS_PARTLY = 'p',  /* but what is being delivered ends as it does */
	ORDERS_GONE = 'g',    /* there is no such message, or it is ending */
	ORDERS_BUSY = 'b',    /* not now: it is under way; ask again */
	ORDERS_IS_HELD = 'h', /* ORDERS_RETRY of one that is held */
	ORDERS_TROUBLE = 'e', /* with its files; the log tells */
	/* of ORDERS_ASK */
	ORDERS_WAITS = 'w',
	ORDERS_IN_LINE = 'l', /* for its first try */
	ORDERS_AT_WORK = 'a',
	ORDERS_DELIVERED = 'v' /* a recipient is being delivered to */
};

#endif
