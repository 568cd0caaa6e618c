/* ip.h - Internet addresses of both families, as text and as bytes. */
#ifndef NET_IP_H
#define NET_IP_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

struct ip_address {
	unsigned char family;	 /* 4 or 6 */
	unsigned char bytes[16]; /* the first 4 count for family 4; rest 0 */
};

#define IP_TEXT_MAX 45 /* bytes of the longest text, RFC 4291 2.2 form 3 */

/*
 * ip_parse: an address that is all of the text: four decimal numbers of at
 * most three digits with dots between, or RFC 4291 2.2 in any of its forms.
 * No zone ("%eth0"), no brackets.  Input: hostile.
 *   address   receives it; untouched on failure
 * Returns whether it is one.
 */
MUST_CHECK bool ip_parse(struct span text, struct ip_address *address);

/*
 * ip_parse_literal: the same inside [ ] as in mail addresses (RFC 5321
 * 4.1.3): "[192.0.2.1]", "[2001:db8::1]", "[IPv6:2001:db8::1]".
 */
MUST_CHECK bool ip_parse_literal(struct span text, struct ip_address *address);

/*
 * ip_format: appends the address as text; family 6 as RFC 5952 wants it, and
 * mapped addresses as "::ffff:192.0.2.1".
 */
void ip_format(struct str *text, const struct ip_address *address);

/*
 * ip_add_labels: appends the labels that stand for it below in-addr.arpa or
 * ip6.arpa, with dots between: four numbers, or 32 hexadecimal digits.
 *   is_reversed   the last first, as DNS has them; else as RFC 7208 7.3 wants
 */
void ip_add_labels(
    struct str *text, const struct ip_address *address, bool is_reversed);

/* ip_add_reverse_name: appends the name under which DNS knows what host has the
 * address: "1.2.0.192.in-addr.arpa" (RFC 1035 3.5, RFC 3596 2.5). */
void ip_add_reverse_name(struct str *text, const struct ip_address *address);

/* ip_equal: whether both are the same address of the same family. */
bool ip_equal(const struct ip_address *a, const struct ip_address *b);

/* ip_is_loopback: whether it is 127.a.b.c, or ::1. */
bool ip_is_loopback(const struct ip_address *address);

/* ip_unmapped: the address as it is, but ::ffff:a.b.c.d as a.b.c.d. */
struct ip_address ip_unmapped(const struct ip_address *address);

/* ip_is_within: whether the first bits of both are the same, and the family is.
 * More bits than an address has count as all. */
bool ip_is_within(const struct ip_address *address,
    const struct ip_address *network, unsigned bits);

/* ip_make: the address from 4 or 16 bytes, as family says. */
struct ip_address ip_make(unsigned char family, const void *bytes);

#endif
