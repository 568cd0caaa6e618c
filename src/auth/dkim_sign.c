/* dkim_sign.c - signs a message of ours.  Input: hostile */
#include "dkim_sign.h"

#include <errno.h>

#include "author.h"
#include "base/base64.h"
#include "dkim_crypto.h"
#include "mail/address.h"
#include "mail/dkimcanon.h"
#include "mail/dkimheader.h"
#include "mail/dkimsignature.h"
#include "net/dkimdoor.h"
#include "net/dnspacket.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"

#define BLOCK	    65536
#define TAB	    8  /* columns */
#define WIDTH	    76 /* bytes of a line of the field */
#define LABELS_MAX  10 /* of a name that is looked for */
#define ROOT_LABELS 2  /* of the shortest name of an organization */
#define COPIES_MAX  5  /* of one field that are signed */

/* What is signed of a header (RFC 6376 5.4.1), as many as there are; and From once
 * more, so that nobody can add another. */
static const char *const names[] = { "From", "Sender", "Reply-To", "Subject",
	"Date", "Message-ID", "To", "Cc", "Resent-Date", "Resent-From",
	"Resent-To", "Resent-Cc", "In-Reply-To", "References", "MIME-Version",
	"Content-Type", "Content-Transfer-Encoding", "Content-Disposition",
	"Content-ID", "List-Id", "List-Help", "List-Unsubscribe",
	"List-Unsubscribe-Post", "List-Subscribe", "List-Post", "List-Owner",
	"List-Archive", "Auto-Submitted", "Require-Recipient-Valid-Since" };

struct signing {
	struct dkim_sign *what;
	int door; /* of qmail-dkimsignd */
	struct dkimheader header;
	unsigned char body[DKIMSIGNATURE_HASH];
	struct str domain; /* with which it is signed */
	struct str keys;   /* as dkimdoor_keys has them */
	struct str list;   /* the names of h= */
};

static int
fail(struct str *fields, const char *words)
{
	str_set(fields, span_of(words));
	return -1;
}

/* ---- the message ---- */

static void
hash_piece(void *hash, struct span bytes)
{
	dkim_hash_add(hash, bytes);
}

/*
 * Makes lines of a piece as SMTP sends them, in place: a CR ends one, with or without
 * LF (net/smtpdata.h).
 *   is_behind_cr   whether the piece before ended in one; likewise for the next
 */
static struct span
as_sent(char *bytes, size_t len, bool *is_behind_cr)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if (c != '\n' || !*is_behind_cr)
			bytes[kept++] = c;
		*is_behind_cr = c == '\r';
		if (c == '\r')
			bytes[kept - 1] = '\n';
	}
	return span_make(bytes, kept);
}

/* Reads all of it.  -1: it cannot be read, or hashed. */
static int
read_message(struct signing *signing)
{
	static char block[BLOCK];
	static struct dkimcanon_body body;
	struct dkim_hash *hash = dkim_hash_new();
	bool is_behind_cr = false;
	ssize_t got;

	dkimcanon_body_init(
	    &body, DKIM_RELAXED, DKIMCANON_NO_LIMIT, hash_piece, hash);
	while ((got = verifydoor_read(
		    &signing->what->message, block, sizeof(block))) > 0) {
		struct span bytes = as_sent(block, (size_t)got, &is_behind_cr);

		if (signing->header.is_over ||
		    dkimheader_feed(&signing->header, &bytes))
			dkimcanon_body_feed(&body, bytes);
	}
	if (!signing->header.is_over)
		dkimheader_end(&signing->header);
	dkimcanon_body_end(&body);
	return dkim_hash_end(hash, signing->body) && got == 0 ? 0 : -1;
}

/* ---- the domain ---- */

/*
 * Looks for keys of a domain, and of those above it.
 * Returns 1 if there are some, then signing->domain has it; 0; -1, then keys has words,
 * or errno tells.
 */
static int
find_keys(struct signing *signing, struct span domain)
{
	struct dnsname name;

	if (!address_is_domain(domain) || !dnsname_parse(domain, &name))
		return 0;
	dnsname_lower(&name);
	for (; dnsname_labels(&name) > 1; name = dnsname_parent(&name)) {
		if (dnsname_labels(&name) > LABELS_MAX)
			continue;
		str_reset(&signing->domain);
		dnsname_format(&signing->domain, &name);
		if (dkimdoor_keys(signing->door, str_span(&signing->domain),
			&signing->keys) < 0)
			return -1;
		if (signing->keys.len)
			return 1;
	}
	return 0;
}

/* The last labels of a name. */
static bool
find_root(struct span text, struct dnsname *root)
{
	if (!dnsname_parse(text, root))
		return false;
	while (dnsname_labels(root) > ROOT_LABELS)
		*root = dnsname_parent(root);
	return true;
}

/*
 * Whether a signature of the domain that was found might be taken for the author's own:
 * then somebody who is no user of this host would have it on whatever he wrote.  Which
 * names are of one organization only the DNS would tell: those that end alike may be.
 */
static bool
is_near(const struct signing *signing, struct span author)
{
	struct dnsname one, other;

	return !find_root(str_span(&signing->domain), &one) ||
	    !find_root(author, &other) || dnsname_equal(&one, &other);
}

static int
choose_domain(struct signing *signing)
{
	struct span sender = address_domain(signing->what->sender);
	struct str author = STR_INIT;
	bool is_told = author_find(&signing->header, &author) == AUTHOR_FOUND;
	int found = 0;

	if (signing->what->is_resent) {
		if (is_told)
			found = find_keys(signing, sender);
		if (found > 0 && is_near(signing, str_span(&author)))
			found = 0;
	} else {
		if (is_told)
			found = find_keys(signing, str_span(&author));
		if (found == 0)
			found = find_keys(signing, sender);
	}
	str_free(&author);
	return found;
}

/* ---- the field ---- */

static size_t
count_fields(const struct dkimheader *header, struct span name)
{
	size_t count = 0;

	for (size_t i = 0; i < header->fields.len && count < COPIES_MAX; i++)
		count += span_equal_nocase(dkimheader_name(header, i), name);
	return count;
}

static void
list_names(struct signing *signing)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t left = count_fields(&signing->header, span_of(names[i]));

		for (left += i == 0; left; left--) {
			if (signing->list.len)
				str_add_byte(&signing->list, ':');
			str_add_z(&signing->list, names[i]);
		}
	}
}

/* Appends a text in lines, which may break behind each colon. */
static void
add_list(struct str *field, struct span list)
{
	struct span name;
	size_t column = TAB + 2;

	while (span_cut_next(&list, ':', &name)) {
		if (column + name.len + 1 > WIDTH) {
			str_add_z(field, "\n\t");
			column = TAB;
		}
		str_add(field, name);
		if (list.len)
			str_add_byte(field, ':');
		column += name.len + 1;
	}
}

static void
add_lines(struct str *field, struct span text)
{
	size_t width = WIDTH - TAB - 2;

	while (text.len) {
		str_add(field, span_upto(text, width));
		text = span_from(text, width);
		if (text.len)
			str_add_z(field, "\n\t");
		width = WIDTH - TAB;
	}
	str_add_byte(field, '\n');
}

/* The field up to b=, which is what is hashed of it. */
static void
begin_field(struct str *field, const struct signing *signing,
    struct span selector, struct span algorithm)
{
	struct span body =
	    span_make((const char *)signing->body, DKIMSIGNATURE_HASH);
	uint64_t now = (uint64_t)clock_seconds();

	str_set(field, SPAN(DKIMSIGNATURE_FIELD ": v=1; a="));
	str_add(field, algorithm);
	str_add_z(field, "; c=relaxed/relaxed;\n\td=");
	str_add(field, str_span(&signing->domain));
	str_add_z(field, "; s=");
	str_add(field, selector);
	str_add_z(field, ";\n\tt=");
	str_add_u64(field, now);
	str_add_z(field, "; x=");
	str_add_u64(field, now + DKIM_SIGN_LIFETIME);
	str_add_z(field, ";\n\th=");
	add_list(field, str_span(&signing->list));
	str_add_z(field, ";\n\tbh=");
	base64_add(field, body);
	str_add_z(field, ";\n\tb=");
}

/* Makes the field for one key.  -1 as dkimdoor_sign. */
static int
add_field(struct str *fields, const struct signing *signing,
    struct span selector, struct span algorithm, struct str *signature)
{
	unsigned char hash[DKIMSIGNATURE_HASH];
	struct dkim_hash *making = dkim_hash_new();
	struct str field = STR_INIT, input = STR_INIT, text = STR_INIT;
	int result = -1;

	begin_field(&field, signing, selector, algorithm);
	dkimheader_add_signed(&input, &signing->header,
	    str_span(&signing->list), DKIMHEADER_NONE, DKIM_RELAXED);
	dkimsignature_add_own(&input, DKIM_RELAXED, str_span(&field),
	    span_from(str_span(&field), field.len));
	dkim_hash_add(making, str_span(&input));
	errno = ENOMEM;
	if (dkim_hash_end(making, hash))
		result =
		    dkimdoor_sign(signing->door, selector, hash, signature);
	if (result == 0) {
		base64_add(&text, str_span(signature));
		str_add(fields, str_span(&field));
		add_lines(fields, str_span(&text));
	}
	str_free(&field);
	str_free(&input);
	str_free(&text);
	return result;
}

static int
add_fields(struct str *fields, const struct signing *signing)
{
	struct span rest = str_span(&signing->keys), selector, algorithm;
	struct str signature = STR_INIT;
	int result = 0;

	while (result == 0 && span_cut_next(&rest, '\0', &selector) &&
	    span_cut_next(&rest, '\0', &algorithm))
		result =
		    add_field(fields, signing, selector, algorithm, &signature);
	if (result < 0)
		str_set(fields,
		    signature.len ? str_span(&signature)
				  : span_of(error_text(errno)));
	str_free(&signature);
	return result;
}

/* Has what was read signed. */
static int
sign_message(struct signing *signing, struct str *fields)
{
	int found;

	/* Only now: nobody waits there while a message is read. */
	signing->door = dkimdoor_open(signing->what->home);
	if (signing->door < 0 && errno == ENOENT)
		return 0; /* not in use here */
	if (signing->door < 0) {
		str_set(fields, SPAN("qmail-dkimsignd does not answer: "));
		str_add_z(fields, error_text(errno));
		return -1;
	}
	found = choose_domain(signing);
	if (found < 0)
		return fail(fields,
		    signing->keys.len ? str_z(&signing->keys)
				      : error_text(errno));
	if (found == 0)
		return 0;
	list_names(signing);
	return add_fields(fields, signing);
}

int
dkim_sign_run(struct dkim_sign *what, struct str *fields)
{
	struct signing signing = { what, -1, DKIMHEADER_INIT, { 0 }, STR_INIT,
		STR_INIT, STR_INIT };
	int result = 0;

	str_reset(fields);
	if (read_message(&signing) < 0)
		result = fail(fields, "the message cannot be read");
	/* What others may understand in another way is not vouched for. */
	else if (!signing.header.is_too_large && !signing.header.is_odd)
		result = sign_message(&signing, fields);
	fd_close(signing.door);
	dkimheader_free(&signing.header);
	str_free(&signing.domain);
	str_free(&signing.keys);
	str_free(&signing.list);
	return result;
}
