/*
 * punycode.h - labels of host names beyond ASCII, as the DNS has them: what
 * people write is a U-label, in UTF-8, and what is asked for an A-label, "xn--"
 * and ASCII (RFC 3492, RFC 5890 2.3.2.1).
 * Input: hostile.
 */
#ifndef BASE_PUNYCODE_H
#define BASE_PUNYCODE_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define PUNYCODE_LABEL_MAX 63 /* bytes of an A-label, RFC 1035 2.3.4 */

/*
 * punycode_add_label: appends the A-label.
 *   label   UTF-8, not all of it ASCII; as RFC 5890 wants U-labels to be, in
 *           lower case and normal form C: only ASCII letters are made small
 * Returns false if it is no UTF-8 or its A-label too long; then what was
 * appended is of no use.
 */
MUST_CHECK bool punycode_add_label(struct str *text, struct span label);

#endif
