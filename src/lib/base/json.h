/* json.h - text as JSON (RFC 8259). */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdint.h>

#include "base/span.h"
#include "base/str.h"

/* The largest integer that all readers take for itself (RFC 8259 6). */
#define JSON_NUMBER_MAX ((UINT64_C(1) << 53) - 1)

/*
 * json_add_string: adds any bytes as a string, in quotes.  UTF-8 stays; a byte
 * that is no part of it is written as the character of that number, \u00XX, and
 * so is a control character.
 */
void json_add_string(struct str *text, struct span bytes);

/* json_add_number: adds a number; a string if it is beyond JSON_NUMBER_MAX. */
void json_add_number(struct str *text, uint64_t number);

#endif
