/* srs.c - addresses of the Sender Rewriting Scheme.  Input: hostile */
#include "mail/srs.h"

#include "base/ascii.h"
#include "base/base64.h"
#include "base/secret.h"
#include "mail/address.h"

#define TAG_LEN	   4 /* SRS0, SRS1 */
#define FIELD	   '='
#define SEPARATORS "=+-"
#define DAYS	   1024 /* two letters of five bits */

static const char day_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* Whether a local part is of this kind; then `rest` is what follows the tag, from
 * the separator on. */
static bool
is_tagged(struct span local, const char *tag, struct span *rest)
{
	*rest = span_from(local, TAG_LEN);
	return span_starts_nocase(local, span_of(tag)) && rest->len > 1 &&
	    span_has(SPAN(SEPARATORS), rest->s[0]);
}

/* Cuts off what stands before the next =.  Returns false if there is none. */
static bool
cut_field(struct span *rest, struct span *field)
{
	size_t end = span_find(*rest, FIELD);

	if (end == rest->len)
		return false;
	*field = span_upto(*rest, end);
	*rest = span_from(*rest, end + 1);
	return true;
}

/* ---- hashes ---- */

/* Appends the letters of the hash over the parts.  false: no such secret. */
static bool
add_hash(const struct srs *srs, unsigned secret, const struct span *parts,
    size_t count, struct str *letters)
{
	unsigned char digest[SRS_DIGEST];
	struct str text = STR_INIT;
	bool is_there;

	for (size_t i = 0; i < count; i++)
		str_add_lower(&text, parts[i]);
	is_there = srs->hash(srs->context, secret, str_span(&text), digest);
	str_free(&text);
	if (is_there)
		base64_add(
		    letters, span_make((const char *)digest, SRS_DIGEST));
	return is_there;
}

/* Whether one of our secrets has made the hash of an address. */
static bool
is_ours(const struct srs *srs, struct span hash, const struct span *parts,
    size_t count)
{
	struct str given = STR_INIT, right = STR_INIT, wanted = STR_INIT;
	bool result = false;

	if (hash.len < SRS_HASH_LEAST || hash.len > SRS_HASH_MOST)
		return false;
	str_add_lower(&given, hash);
	for (unsigned i = 0; !result && add_hash(srs, i, parts, count, &right);
	     i++) {
		str_reset(&wanted);
		str_add_lower(&wanted, span_upto(str_span(&right), hash.len));
		result = secret_equal(str_span(&given), str_span(&wanted));
		str_reset(&right);
	}
	str_free(&given);
	str_free(&right);
	str_free(&wanted);
	return result;
}

/* ---- days ---- */

static int
day_value(char letter)
{
	for (int i = 0; day_letters[i]; i++)
		if (ascii_lower(day_letters[i]) == ascii_lower(letter))
			return i;
	return -1;
}

/* A day in the future is one of long ago, as the letters come again. */
static bool
is_fresh(const struct srs *srs, struct span letters)
{
	int high = day_value(letters.s[0]), low = day_value(letters.s[1]);
	uint64_t then;

	if (high < 0 || low < 0)
		return false;
	then = (uint64_t)(high * 32 + low);
	return (srs->day % DAYS + DAYS - then) % DAYS <= srs->age;
}

/* ---- forward ---- */

/* Writes the tag, and the hash over the parts, which follow with = between. */
static enum srs_result
make(const struct srs *srs, const char *tag, const struct span *parts,
    size_t count, struct str *result)
{
	struct str letters = STR_INIT;

	if (!add_hash(srs, 0, parts, count, &letters))
		return SRS_NO_SECRET;
	str_add_z(result, tag);
	str_add_byte(result, srs->separator);
	str_add(result, span_upto(str_span(&letters), srs->hash_length));
	str_free(&letters);
	for (size_t i = 0; i < count; i++) {
		str_add_byte(result, FIELD);
		str_add(result, parts[i]);
	}
	str_add_byte(result, '@');
	str_add(result, srs->domain);
	return result->len > ADDRESS_MAX ? SRS_TOO_LONG : SRS_DONE;
}

enum srs_result
srs_forward(const struct srs *srs, struct span address, struct str *result)
{
	struct span domain = address_domain(address), local, rest, hash, first;
	char today[2];

	str_reset(result);
	if (domain.len == 0)
		return SRS_NO_DOMAIN;
	if (span_equal_nocase(domain, srs->domain)) {
		str_set(result, address);
		return SRS_DONE;
	}
	local = span_upto(address, address.len - domain.len - 1);
	if (is_tagged(local, "SRS0", &rest))
		return make(srs, "SRS1", (const struct span[]){ domain, rest },
		    2, result);
	if (is_tagged(local, "SRS1", &rest)) {
		rest = span_from(rest, 1);
		if (cut_field(&rest, &hash) && cut_field(&rest, &first) &&
		    first.len && rest.len)
			return make(srs, "SRS1",
			    (const struct span[]){ first, rest }, 2, result);
	}
	today[0] = day_letters[srs->day % DAYS / 32];
	today[1] = day_letters[srs->day % 32];
	return make(srs, "SRS0",
	    (const struct span[]){ span_make(today, 2), domain, local }, 3,
	    result);
}

/* ---- reverse ---- */

static enum srs_result
reverse_first(const struct srs *srs, struct span rest, struct str *result)
{
	struct span hash, day, domain;

	if (!cut_field(&rest, &hash) || !cut_field(&rest, &day) ||
	    !cut_field(&rest, &domain) || day.len != 2 || domain.len == 0 ||
	    rest.len == 0)
		return SRS_NOT_SRS;
	if (!is_ours(srs, hash, (const struct span[]){ day, domain, rest }, 3))
		return SRS_WRONG_HASH;
	if (!is_fresh(srs, day))
		return SRS_TOO_OLD;
	str_set(result, rest);
	str_add_byte(result, '@');
	str_add(result, domain);
	return SRS_DONE;
}

static enum srs_result
reverse_later(const struct srs *srs, struct span rest, struct str *result)
{
	struct span hash, first;

	if (!cut_field(&rest, &hash) || !cut_field(&rest, &first) ||
	    first.len == 0 || rest.len < 2 ||
	    !span_has(SPAN(SEPARATORS), rest.s[0]))
		return SRS_NOT_SRS;
	if (!is_ours(srs, hash, (const struct span[]){ first, rest }, 2))
		return SRS_WRONG_HASH;
	str_set(result, SPAN("SRS0"));
	str_add(result, rest);
	str_add_byte(result, '@');
	str_add(result, first);
	return SRS_DONE;
}

enum srs_result
srs_reverse(const struct srs *srs, struct span address, struct str *result)
{
	struct span domain = address_domain(address), local, rest;

	str_reset(result);
	if (domain.len == 0)
		return SRS_NOT_SRS;
	local = span_upto(address, address.len - domain.len - 1);
	if (is_tagged(local, "SRS0", &rest))
		return reverse_first(srs, span_from(rest, 1), result);
	if (is_tagged(local, "SRS1", &rest))
		return reverse_later(srs, span_from(rest, 1), result);
	return SRS_NOT_SRS;
}

const char *
srs_words(enum srs_result result)
{
	switch (result) {
	case SRS_NO_DOMAIN:
		return "the address has no domain";
	case SRS_TOO_LONG:
		return "the address would be too long";
	case SRS_NO_SECRET:
		return "there is no secret";
	case SRS_NOT_SRS:
		return "this is no SRS address";
	case SRS_WRONG_HASH:
		return "this SRS address was not made here";
	case SRS_TOO_OLD:
		return "this SRS address is no longer good";
	default:
		return "";
	}
}
