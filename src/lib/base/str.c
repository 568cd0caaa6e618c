/* str.c - owned bytes that grow. */
#include "base/str.h"

#include "base/ascii.h"
#include "base/copy.h"
#include "base/fmt.h"
#include "base/must.h"

void
str_free(struct str *str)
{
	must_free(str->s);
	*str = (struct str)STR_INIT;
}

void
str_reset(struct str *str)
{
	str_cut(str, 0);
}

void
str_cut(struct str *str, size_t len)
{
	must(len <= str->len);
	str->len = len;
	if (str->s)
		str->s[len] = '\0';
}

void
str_reserve(struct str *str, size_t extra)
{
	size_t wanted, roomy;

	must(extra < SIZE_MAX / 2 && str->len < SIZE_MAX / 4);
	wanted = str->len + extra + 1;
	if (wanted <= str->cap)
		return;
	roomy = str->cap + str->cap / 2 + 32;
	if (roomy < wanted)
		roomy = wanted;
	str->s = must_realloc(str->s, roomy);
	str->cap = roomy;
	str->s[str->len] = '\0';
}

void
str_add(struct str *str, struct span what)
{
	bool is_inside =
	    str->s && what.s >= str->s && what.s <= str->s + str->len;
	size_t offset = is_inside ? (size_t)(what.s - str->s) : 0;

	if (what.len == 0)
		return;
	str_reserve(str, what.len);
	if (is_inside)
		what.s = str->s + offset;
	copy_bytes(str->s + str->len, what.s, what.len);
	str->len += what.len;
	str->s[str->len] = '\0';
}

void
str_add_z(struct str *str, const char *what)
{
	str_add(str, span_of(what));
}

void
str_add_u64(struct str *str, uint64_t number)
{
	char digits[FMT_U64_MAX];

	str_add(str, span_make(digits, fmt_u64(digits, number)));
}

void
str_add_lower(struct str *str, struct span what)
{
	size_t i = str->len;

	for (str_add(str, what); i < str->len; i++)
		str->s[i] = ascii_lower(str->s[i]);
}

void
str_add_field(struct str *str, struct span what)
{
	str_add(str, what);
	str_add_byte(str, '\0');
}

void
str_set(struct str *str, struct span what)
{
	str_reset(str);
	str_add(str, what);
}

const char *
str_z(const struct str *str)
{
	return str->s ? str->s : "";
}
