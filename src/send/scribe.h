/* scribe.h - the words between qmail-send and its scribe; see send_scribe.c. */
#ifndef SEND_SCRIBE_H
#define SEND_SCRIBE_H

#include "send.h"

enum scribe_word {
	SCRIBE_APPEND = 'A',
	SCRIBE_INJECT = 'I',
	SCRIBE_CHANNEL = 'C',
	SCRIBE_POSITION = 'O',
	SCRIBE_PARAGRAPH = 'X',
	SCRIBE_SENDER = 'F',
	SCRIBE_QP = 'Q',
	SCRIBE_APPENDED = 'a',
	SCRIBE_NOT_APPENDED = 'f',
	SCRIBE_INJECTED = 'i',
	SCRIBE_NOT_INJECTED = 'g'
};

#endif
