/*
 * vec.h - arrays that grow, of any type:
 *
 *	VEC(struct recipient) recipients = VEC_INIT;
 *	vec_push(&recipients, r);
 *	for (size_t i = 0; i < recipients.len; i++)
 *		use(recipients.at[i]);
 *	vec_free(&recipients);
 *
 * Growing cannot fail: see must_hooks.  Elements move when the array grows.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

#define VEC(type)                \
	struct {                 \
		type *at;        \
		size_t len, cap; \
	}

#define VEC_INIT           \
	{                  \
		NULL, 0, 0 \
	}

/* vec_push: adds a copy of one element at the end. */
#define vec_push(vec, element)                                        \
	((vec)->at = vec_grown(                                       \
	     (vec)->at, sizeof(*(vec)->at), (vec)->len, &(vec)->cap), \
	    (vec)->at[(vec)->len++] = (element))

/* vec_free: releases the memory; *vec is then as after VEC_INIT. */
#define vec_free(vec) \
	(must_free((vec)->at), (vec)->at = NULL, (vec)->len = (vec)->cap = 0)

/* vec_grown: for vec_push; the array with place for one more element. */
static inline void *
vec_grown(void *at, size_t size, size_t len, size_t *cap)
{
	if (len < *cap)
		return at;
	must(*cap < SIZE_MAX / 4 / size);
	*cap = *cap + *cap / 2 + 8;
	return must_realloc(at, *cap * size);
}

#endif
