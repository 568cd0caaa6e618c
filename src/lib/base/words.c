/* words.c - lists of words as exec takes them. */
#include "base/words.h"

void
words_add(struct words *words, struct span word)
{
	str_add_field(&words->text, word);
}

void
words_add_setting(struct words *words, const char *name, struct span value)
{
	str_add_z(&words->text, name);
	str_add_field(&words->text, value);
}

char **
words_end(struct words *words)
{
	words->at.len = 0;
	for (size_t start = 0; start < words->text.len;) {
		struct span rest = span_from(str_span(&words->text), start);

		vec_push(&words->at, words->text.s + start);
		start += span_find(rest, '\0') + 1;
	}
	vec_push(&words->at, NULL);
	return words->at.at;
}

void
words_free(struct words *words)
{
	str_free(&words->text);
	vec_free(&words->at);
}
