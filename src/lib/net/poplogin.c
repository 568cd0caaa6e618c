/*
 * poplogin.c - who wants to come in.
 * Input: hostile
 */
#include "net/poplogin.h"

#include "base/md5.h"
#include "base/secret.h"
#include "base/str.h"

/* Takes off what stands before a NUL, and the NUL. */
static bool
cut_field(struct span *rest, struct span *field)
{
	size_t len = span_find(*rest, '\0');

	if (len == rest->len)
		return false;
	*field = span_upto(*rest, len);
	*rest = span_from(*rest, len + 1);
	return true;
}

bool
poplogin_parse(struct span text, struct poplogin *login)
{
	if (!cut_field(&text, &login->name) ||
	    !cut_field(&text, &login->password))
		return false;
	login->timestamp = span_upto(text, span_find(text, '\0'));
	return true;
}

bool
poplogin_is_plain(const struct poplogin *login, struct span plain)
{
	struct str text = STR_INIT, digest = STR_INIT;
	bool is_same, is_digest;

	str_reserve(&text, login->timestamp.len + plain.len);
	str_add(&text, login->timestamp);
	str_add(&text, plain);
	md5_add_hex(&digest, str_span(&text));
	is_same = secret_equal(login->password, plain);
	is_digest = secret_equal(login->password, str_span(&digest)) &&
	    login->timestamp.len > 0;
	secret_wipe(text.s, text.len);
	str_free(&text);
	str_free(&digest);
	return is_same || is_digest;
}
