/*
 * addresslist.h - header fields that hold addresses (RFC 822 6): every
 * address is shown to the caller, who may change it, and the field is written
 * anew.  One pass from left to right, no recursion, time linear in the field.
 * Input: hostile.
 *
 * The list may be looser than RFC 822: commas may be missing between
 * addresses, or stand alone, and a semicolon may end what no colon began.
 */
#ifndef MAIL_ADDRESSLIST_H
#define MAIL_ADDRESSLIST_H

#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "mail/token822.h"

#define ADDRESSLIST_LINE_MAX 78 /* columns, RFC 5322 2.1.1 */

/* Tokens between two separators: a phrase, or addresses without commas. */
#define ADDRESSLIST_RUN_MAX (1u << 20)

enum addresslist_result {
	ADDRESSLIST_FINE,
	ADDRESSLIST_UNCLOSED, /* all addresses were found, but a group (or what
			       * looks like one, as mailto:a@b) has no end */
	ADDRESSLIST_MALFORMED,
	ADDRESSLIST_TOO_LARGE
};

/*
 * addresslist_call: is shown one address and may change it.
 *   address    its tokens, without comments and without the route of RFC 822;
 *              no tokens for <>; what is left in it is written
 */
typedef void addresslist_call(void *context, struct token822_list *address);

/*
 * addresslist_rewrite: goes through a field.
 *   name      the name of the field
 *   body      what follows its colon
 *   call      called for each address from left to right; on a malformed
 *             field only for those before the fault
 *   max       bytes to write at most
 *   written   the new field is appended, folded at commas, with a newline at
 *             its end; on anything but FINE what was appended is useless
 */
MUST_CHECK enum addresslist_result
addresslist_rewrite(struct span name, struct span body, addresslist_call *call,
    void *context, size_t max, struct str *written);

#endif
