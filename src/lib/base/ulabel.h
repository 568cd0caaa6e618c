/*
 * ulabel.h - which characters a U-label may have: a label of a host name as people write
 * it (RFC 5890 2.3.2.1).  Others are none of a host name: those that cannot be seen,
 * marks, dots of other scripts, wide and capital letters, of which a reader may make
 * another name than the DNS does.
 * Input: hostile.
 */
#ifndef BASE_ULABEL_H
#define BASE_ULABEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/*
 * ulabel_may_have: whether a character beyond ASCII may be in a U-label, by RFC 5892.
 * Of those that it allows in a context only, joiners and the middle dot may not here,
 * and others always may; letters and marks in normal form C.
 */
bool ulabel_may_have(uint32_t character);

/* ulabel_is_clean: whether text is UTF-8, and has no character beyond ASCII that a U-label
 * may not have; the middle dot it may, between two l.  All of ASCII may be there. */
bool ulabel_is_clean(struct span text);

#endif
