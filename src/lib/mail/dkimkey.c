/* dkimkey.c - the record of a key of DKIM.  Input: hostile. */
#include "mail/dkimkey.h"

#include "mail/dkimtags.h"

/* v= may be missing, but is the first if it is there. */
static bool
has_version(const struct dkimtags *tags)
{
	const struct dkimtag *version = dkimtags_find(tags, "v");

	return !version ||
	    (version == &tags->at[0] &&
		span_equal(version->value, SPAN("DKIM1")));
}

static bool
parse_type(struct span word, enum dkimkey_type *type)
{
	if (span_equal(word, SPAN("rsa")))
		*type = DKIMKEY_RSA;
	else if (span_equal(word, SPAN("ed25519")))
		*type = DKIMKEY_ED25519;
	else
		return false;
	return true;
}

const char *
dkimkey_parse(struct span record, struct dkimkey *key)
{
	struct dkimtags tags;
	struct span services, flags, p;

	if (record.len > DKIMKEY_MAX)
		return "the record of the key is too long";
	if (!dkimtags_parse(record, &tags) || !has_version(&tags) ||
	    !dkimtags_find(&tags, "p"))
		return "what is published is no key";
	if (!parse_type(dkimtags_value(&tags, "k", SPAN("rsa")), &key->type))
		return "unknown type of key";
	if (!dkimtags_has(
		dkimtags_value(&tags, "h", SPAN("sha256")), SPAN("sha256")))
		return "the key is not for SHA-256";
	services = dkimtags_value(&tags, "s", SPAN("*"));
	if (!dkimtags_has(services, SPAN("*")) &&
	    !dkimtags_has(services, SPAN("email")))
		return "the key is not for mail";
	flags = dkimtags_value(&tags, "t", SPAN(""));
	key->is_testing = dkimtags_has(flags, SPAN("y"));
	key->is_exact = dkimtags_has(flags, SPAN("s"));
	p = dkimtags_value(&tags, "p", SPAN(""));
	if (p.len == 0)
		return "the key was revoked";
	return dkimtags_decode(&key->bytes, p) ? NULL : "the key is no base64";
}

const char *
dkimkey_fits(const struct dkimkey *key, const struct dkimsignature *signature)
{
	if ((key->type == DKIMKEY_ED25519) !=
	    (signature->algorithm == DKIM_ED25519_SHA256))
		return "the key is for another algorithm";
	if (key->is_exact && signature->is_subdomain)
		return "the key is not for names below the domain";
	return NULL;
}

void
dkimkey_free(struct dkimkey *key)
{
	str_free(&key->bytes);
}
