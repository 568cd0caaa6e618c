/*
 * ascii.h - character classes of mail protocols: ASCII only, no locale.
 * All take a char; bytes above 127 belong to no class.
 */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>

bool ascii_is_digit(char c);
bool ascii_is_alpha(char c);
bool ascii_is_alnum(char c);
bool ascii_is_blank(char c);	 /* space or tab */
bool ascii_is_printable(char c); /* 32 to 126 */
bool ascii_is_control(char c);	 /* 0 to 31, and 127 */
char ascii_lower(char c);	 /* A-Z become a-z, the rest stays */
int ascii_hex_value(char c);	 /* of a hexadecimal digit; -1: it is none */

#endif
