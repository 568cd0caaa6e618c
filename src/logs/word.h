/*
 * word.h - what qmail-trace looks for, and whether a line has it.
 * Input: the word: of the administrator; lines: hostile
 */
#ifndef LOGS_WORD_H
#define LOGS_WORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "entry.h"
#include "net/ip.h"

enum word_kind {
	WORD_MESSAGE, /* digits: the number of a message */
	WORD_CLIENT,  /* an IP address */
	WORD_NAME     /* an address, or a Message-ID */
};

struct word {
	enum word_kind kind;
	uint64_t number;
	struct ip_address client;
	struct span name; /* without < and > */
	struct str safe;  /* as qmail-send writes it */
};

/* word_parse: Returns false for a word that is empty. */
MUST_CHECK bool word_parse(struct word *word, const char *text);

/* word_fits: whether the line says it of the one that it is about. */
bool word_fits(const struct word *word, const struct entry *entry);

/* word_add_safe: a value of a line as qmail-send would write it: control
 * characters, blanks, % and bytes above 126 as _, a newline as /. */
void word_add_safe(struct str *text, const struct entry_field *field);

void word_free(struct word *word);

#endif
