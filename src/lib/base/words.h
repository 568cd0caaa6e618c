/*
 * words.h - lists of words as exec takes them: arguments, or an environment.
 *
 *	words_add(&words, SPAN("qmail-remote")) ...
 *	argv = words_end(&words)
 */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include "base/str.h"
#include "base/vec.h"

struct words {
	struct str text; /* each ends in NUL */
	VEC(char *) at;
};

#define WORDS_INIT               \
	{                        \
		.text = STR_INIT \
	}

/* words_add: adds a word; what follows a NUL in it would be another. */
void words_add(struct words *words, struct span word);

/* words_add_setting: adds NAME=VALUE, or an option and its value; name has the
 * = already. */
void
words_add_setting(struct words *words, const char *name, struct span value);

/* words_end: the array, with a NULL at its end; good until the next change. */
char **words_end(struct words *words);

void words_free(struct words *words);

#endif
