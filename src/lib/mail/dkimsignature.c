/* dkimsignature.c - the field DKIM-Signature.  Input: hostile. */
#include "mail/dkimsignature.h"

#include "base/ascii.h"
#include "base/copy.h"
#include "base/scan.h"
#include "base/utf8.h"
#include "mail/dkimheader.h"
#include "mail/dkimtags.h"
#include "mail/header.h"

/* Labels with dots between; letters beyond ASCII: RFC 8616 4. */
static bool
is_host(struct span text)
{
	struct span label;

	if (text.len == 0 || text.len > DKIMSIGNATURE_DOMAIN ||
	    span_ends(text, SPAN(".")) || !utf8_is_valid(text))
		return false;
	while (span_cut_next(&text, '.', &label)) {
		if (label.len == 0)
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!ascii_is_alnum(label.s[i]) && label.s[i] != '-' &&
			    label.s[i] != '_' &&
			    (unsigned char)label.s[i] < 0x80)
				return false;
	}
	return true;
}

/* ---- whose it is ---- */

static void
take_start(struct dkimsignature *signature)
{
	size_t len = 0;

	for (size_t i = 0; i < signature->b.len && len < DKIMSIGNATURE_START;
	     i++)
		if (ascii_is_alnum(signature->b.s[i]) ||
		    span_has(SPAN("+/="), signature->b.s[i]))
			signature->start[len++] = signature->b.s[i];
	signature->start[len] = '\0';
}

/* What can be told of a signature that is not right, too. */
static void
take_names(struct dkimsignature *signature, const struct dkimtags *tags)
{
	const struct dkimtag *b = dkimtags_find(tags, "b");
	struct span domain = dkimtags_value(tags, "d", SPAN(""));
	struct span selector = dkimtags_value(tags, "s", SPAN(""));

	/* A domain has a dot: RFC 6376 3.5. */
	if (is_host(domain) && span_has(domain, '.'))
		signature->domain = domain;
	if (is_host(selector))
		signature->selector = selector;
	signature->algorithm_word = dkimtags_value(tags, "a", SPAN(""));
	if (b)
		signature->b = b->whole;
	take_start(signature);
}

/* ---- its parts; each says what is wrong ---- */

static bool
parse_algorithm(struct span word, enum dkim_algorithm *algorithm)
{
	static const struct {
		struct span word;
		enum dkim_algorithm algorithm;
	} known[] = {
		{ { "rsa-sha256", 10 }, DKIM_RSA_SHA256 },
		{ { "rsa-sha1", 8 }, DKIM_RSA_SHA1 },
		{ { "ed25519-sha256", 14 }, DKIM_ED25519_SHA256 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_equal(word, known[i].word)) {
			*algorithm = known[i].algorithm;
			return true;
		}
	return false;
}

static bool
parse_canon(struct span word, enum dkim_canon *canon)
{
	if (span_equal(word, SPAN("relaxed")))
		*canon = DKIM_RELAXED;
	else if (span_equal(word, SPAN("simple")))
		*canon = DKIM_SIMPLE;
	else
		return false;
	return true;
}

/* The second word may be missing, with its slash: simple. */
static bool
parse_canons(struct span text, struct dkimsignature *signature)
{
	size_t slash = span_find(text, '/');

	return parse_canon(span_upto(text, slash), &signature->header_canon) &&
	    parse_canon(
		slash < text.len ? span_from(text, slash + 1) : SPAN("simple"),
		&signature->body_canon);
}

/* The number of a tag; UINT64_MAX: so much, or more, or there is no such tag. */
static bool
parse_number(const struct dkimtags *tags, const char *name, uint64_t *number)
{
	struct span digits = dkimtags_value(tags, name, SPAN("0"));

	if (scan_u64_prefix(digits, UINT64_MAX, number) != digits.len ||
	    digits.len == 0)
		return false;
	if (!dkimtags_find(tags, name))
		*number = UINT64_MAX;
	return true;
}

/* It ends only after it was made. */
static bool
parse_times(const struct dkimtags *tags, struct dkimsignature *signature)
{
	uint64_t made;

	return parse_number(tags, "t", &made) &&
	    parse_number(tags, "x", &signature->expiry) &&
	    (!dkimtags_find(tags, "t") || signature->expiry == UINT64_MAX ||
		signature->expiry > made);
}

/* Takes = and two digits for the byte that they stand for: RFC 6376 2.11. */
static bool
decode_quoted(struct str *text, struct span value)
{
	struct str squeezed = STR_INIT;
	bool is_good = true;

	dkimtags_add_squeezed(&squeezed, value);
	for (size_t i = 0; i < squeezed.len && is_good; i++) {
		const char *p = squeezed.s + i;
		int high, low;

		if (*p != '=') {
			str_add_byte(text, *p);
			continue;
		}
		/* There is a NUL behind the last. */
		high = ascii_hex_value(p[1]);
		low = high < 0 ? -1 : ascii_hex_value(p[2]);
		is_good = low >= 0;
		if (is_good)
			str_add_byte(text, (char)(high << 4 | low));
		i += 2;
	}
	str_free(&squeezed);
	return is_good;
}

/* The identity is in the domain, or below it. */
static bool
parse_identity(const struct dkimtag *tag, struct dkimsignature *signature)
{
	struct span host, domain = signature->domain;

	if (!tag) {
		str_add_byte(&signature->identity, '@');
		str_add(&signature->identity, domain);
		return true;
	}
	if (!decode_quoted(&signature->identity, tag->value))
		return false;
	host = str_span(&signature->identity);
	host = span_from(host, span_find_last(host, '@') + 1);
	if (!is_host(host) || !span_ends_nocase(host, domain))
		return false;
	signature->is_subdomain = host.len > domain.len;
	return !signature->is_subdomain ||
	    host.s[host.len - domain.len - 1] == '.';
}

static bool
has_from(struct span names)
{
	struct span name;

	while (dkimtags_next(&names, &name))
		if (header_identify(name) == HEADER_FROM)
			return true;
	return false;
}

static const char *
parse_tags(const struct dkimtags *tags, struct dkimsignature *signature)
{
	if (!span_equal(dkimtags_value(tags, "v", SPAN("")), SPAN("1")))
		return "its version is not 1";
	if (signature->domain.len == 0 || signature->selector.len == 0)
		return "no domain or no selector";
	if (!parse_algorithm(signature->algorithm_word, &signature->algorithm))
		return "unknown algorithm";
	if (!parse_canons(
		dkimtags_value(tags, "c", SPAN("simple/simple")), signature))
		return "unknown canonical form";
	signature->names = dkimtags_value(tags, "h", SPAN(""));
	if (!dkimheader_is_names(signature->names))
		return "no list of fields";
	if (!has_from(signature->names))
		return "the field From is not signed";
	if (!dkimtags_has(
		dkimtags_value(tags, "q", SPAN("dns/txt")), SPAN("dns/txt")))
		return "its key is not in the DNS";
	if (!parse_identity(dkimtags_find(tags, "i"), signature))
		return "the identity is not in the domain";
	if (!parse_number(tags, "l", &signature->limit))
		return "its length is no number";
	if (!parse_times(tags, signature))
		return "no times, or they contradict each other";
	if (!dkimtags_decode(
		&signature->hash, dkimtags_value(tags, "bh", SPAN(""))) ||
	    (signature->hash.len != DKIMSIGNATURE_HASH &&
		signature->algorithm != DKIM_RSA_SHA1))
		return "no hash of the body";
	if (!dkimtags_decode(&signature->bytes, signature->b) ||
	    signature->bytes.len == 0 ||
	    signature->bytes.len > DKIMSIGNATURE_MAX)
		return "no signature in it";
	return NULL;
}

const char *
dkimsignature_parse(struct span field, struct dkimsignature *signature)
{
	struct dkimtags tags;
	size_t colon;
	bool is_list;

	if (header_name(field, &colon).len == 0)
		return "no field";
	is_list = dkimtags_parse(span_from(field, colon + 1), &tags);
	take_names(signature, &tags);
	return is_list ? parse_tags(&tags, signature) : "no list of tags";
}

void
dkimsignature_add_own(
    struct str *input, enum dkim_canon canon, struct span field, struct span b)
{
	struct str without = STR_INIT;
	size_t at = (size_t)(b.s - field.s);

	str_add(&without, span_upto(field, at));
	str_add(&without, span_from(field, at + b.len));
	dkimcanon_add_field(input, canon, str_span(&without));
	str_cut(input, input->len - 2);
	str_free(&without);
}

void
dkimsignature_free(struct dkimsignature *signature)
{
	str_free(&signature->identity);
	str_free(&signature->hash);
	str_free(&signature->bytes);
}
