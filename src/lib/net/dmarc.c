/* dmarc.c - what a domain wants done with mail in its name.  Input: hostile. */
#include "net/dmarc.h"

static const char *const result_words[] = {
	[DMARC_RESULT_NONE] = "none",
	[DMARC_RESULT_PASS] = "pass",
	[DMARC_RESULT_FAIL] = "fail",
	[DMARC_RESULT_TEMPERROR] = "temperror",
	[DMARC_RESULT_PERMERROR] = "permerror",
};

struct span
dmarc_result_word(enum dmarc_result result)
{
	return span_of(result_words[result]);
}

void
dmarc_init(struct dmarc *dmarc, struct dns *dns)
{
	*dmarc = (struct dmarc){ .dns = dns };
}

void
dmarc_free(struct dmarc *dmarc)
{
	vec_free(&dmarc->steps);
}

static bool
parse_domain(struct span text, struct dnsname *name)
{
	if (span_starts(text, SPAN("[")) || !dnsname_parse(text, name))
		return false;
	dnsname_lower(name);
	return true;
}

/* ---- one name ---- */

/* "_dmarc." and the name.  Returns false if that is too long to be one. */
static bool
make_name(struct dnsname *where, const struct dnsname *domain)
{
	static const char label[] = "\6_dmarc";
	size_t len = sizeof(label) - 1;

	if (len + domain->len > DNSNAME_MAX)
		return false;
	memcpy(where->bytes, label, len);
	memcpy(where->bytes + len, domain->bytes, domain->len);
	where->len = (unsigned char)(len + domain->len);
	return true;
}

/* The record in an answer, if there is exactly one. */
static bool
take_record(const struct dnsanswer *answer, struct dmarc_record *record)
{
	struct str text = STR_INIT;
	size_t count = 0;

	for (size_t i = 0; i < answer->records.list.len; i++) {
		struct dmarc_record one;

		str_reset(&text);
		dnspacket_text(&text, str_span(&answer->packet),
		    &answer->records.list.at[i]);
		if (dmarcrecord_parse(str_span(&text), &one) && count++ == 0)
			*record = one;
	}
	str_free(&text);
	return count == 1;
}

static void
ask(struct dmarc *dmarc, struct dmarc_step *step)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct dnsname where;

	step->outcome = DMARC_NOTHING;
	if (!make_name(&where, &step->domain))
		return;
	switch (dns_ask(dmarc->dns, &where, DNS_TXT, &answer)) {
	case DNS_FOUND:
		if (take_record(&answer, &step->record))
			step->outcome = DMARC_FOUND;
		break;
	case DNS_FAILED:
		step->outcome = DMARC_UNKNOWN;
		break;
	case DNS_NOTHING:
	case DNS_NO_NAME:
		break;
	}
	dnsanswer_free(&answer);
}

/* What is known of a domain already. */
static bool
recall(const struct dmarc *dmarc, const struct dnsname *domain,
    struct dmarc_step *step)
{
	for (size_t i = 0; i < dmarc->steps.len; i++)
		if (dnsname_equal(&dmarc->steps.at[i].domain, domain)) {
			*step = dmarc->steps.at[i];
			return true;
		}
	return false;
}

/* What a domain says itself. */
static struct dmarc_step
look(struct dmarc *dmarc, const struct dnsname *domain)
{
	struct dmarc_step step = { .domain = *domain };

	if (!recall(dmarc, domain, &step)) {
		ask(dmarc, &step);
		vec_push(&dmarc->steps, step);
	}
	return step;
}

/* ---- the tree walk, RFC 9989 4.10 ---- */

/* The name that is asked about after this one.  Returns false if it was the last. */
static bool
go_up(struct dnsname *name)
{
	unsigned labels = dnsname_labels(name);

	if (labels <= 1)
		return false;
	do
		*name = dnsname_parent(name);
	while (--labels >= DMARC_WALK_MAX);
	return true;
}

/* The domain itself or one above it, which has so many labels. */
static struct dnsname
cut_to(const struct dnsname *domain, unsigned labels)
{
	struct dnsname name = *domain;

	for (unsigned n = dnsname_labels(domain); n > labels; n--)
		name = dnsname_parent(&name);
	return name;
}

bool
dmarc_organization(struct dmarc *dmarc, const struct dnsname *domain,
    struct dnsname *organization)
{
	struct dnsname name = *domain;

	*organization = *domain;
	do {
		struct dmarc_step step = look(dmarc, &name);

		if (step.outcome == DMARC_UNKNOWN)
			return false;
		if (step.outcome == DMARC_NOTHING)
			continue;
		if (step.record.suffix == DMARC_SUFFIX_YES) {
			*organization =
			    cut_to(domain, dnsname_labels(&name) + 1);
			return true;
		}
		*organization = name;
		if (step.record.suffix == DMARC_SUFFIX_NO)
			return true;
	} while (go_up(&name));
	return true;
}

/* ---- the record that applies ---- */

/* That of the author, of its organization, or of the suffix above that. */
static enum dmarc_outcome
find_record(
    struct dmarc *dmarc, const struct dnsname *author, struct dmarc_step *found)
{
	struct dnsname organization, suffix;

	*found = look(dmarc, author);
	if (found->outcome != DMARC_NOTHING)
		return found->outcome;
	if (!dmarc_organization(dmarc, author, &organization))
		return DMARC_UNKNOWN;
	/* A walk that skips labels may not have met it. */
	if (recall(dmarc, &organization, found) &&
	    found->outcome == DMARC_FOUND)
		return DMARC_FOUND;
	suffix = dnsname_parent(&organization);
	if (recall(dmarc, &suffix, found) && found->outcome == DMARC_FOUND &&
	    found->record.suffix == DMARC_SUFFIX_YES)
		return DMARC_FOUND;
	return DMARC_NOTHING;
}

/* The policy for the author.  Returns false if the DNS does not answer. */
static bool
find_policy(struct dmarc *dmarc, const struct dnsname *author,
    const struct dmarc_step *found, enum dmarc_policy *policy)
{
	const struct dmarc_record *record = &found->record;
	struct dnsanswer answer = DNSANSWER_INIT;
	enum dns_outcome outcome;

	*policy = record->own;
	if (dnsname_equal(author, &found->domain))
		return true;
	*policy = record->below;
	if (record->below == record->nonexistent)
		return true;
	outcome = dns_ask(dmarc->dns, author, DNS_A, &answer);
	dnsanswer_free(&answer);
	if (outcome == DNS_NO_NAME)
		*policy = record->nonexistent;
	return outcome != DNS_FAILED;
}

static enum dmarc_policy
stricter(enum dmarc_policy one, enum dmarc_policy other)
{
	return one > other ? one : other;
}

/* What a record may want of an author who is not its own domain, or of one who is. */
static enum dmarc_policy
worst_of(const struct dmarc_step *found, const struct dnsname *author)
{
	const struct dmarc_record *record = &found->record;
	enum dmarc_policy worst = record->own;

	if (!record->is_usable)
		return DMARC_NONE;
	if (!dnsname_equal(author, &found->domain))
		worst = stricter(record->below, record->nonexistent);
	return record->is_test ? dmarc_milder(worst) : worst;
}

/*
 * What may be wanted of an author whose own record, or one on the way up, is not known:
 * who has a silent name below another's domain is not to have it all.  It is asked from
 * above, as each silent name below takes half of the time that is left.
 */
static enum dmarc_policy
worst_above(struct dmarc *dmarc, const struct dnsname *author)
{
	struct dnsname names[DMARC_WALK_MAX], name = *author;
	enum dmarc_policy worst = DMARC_NONE;
	size_t count = 0;

	do
		names[count++] = name;
	while (go_up(&name));
	while (count) {
		struct dmarc_step step = look(dmarc, &names[--count]);

		if (step.outcome == DMARC_FOUND)
			worst = stricter(worst, worst_of(&step, author));
		/* That is enough to put mail off, and silence takes time. */
		if (step.outcome == DMARC_UNKNOWN && worst != DMARC_NONE)
			break;
	}
	return worst;
}

/* ---- alignment ---- */

enum alignment {
	ALIGNED,
	APART,
	UNSURE /* the DNS does not answer */
};

/* An organization that the name is not below cannot be its own: so a stranger's
 * name servers cannot make this unsure.  One that is not known is the author's domain
 * or above it: at most its last label. */
static enum alignment
align(struct dmarc *dmarc, const struct dnsname *name)
{
	struct dnsname most = dmarc->has_organization
	    ? dmarc->organization
	    : cut_to(&dmarc->author, 1);
	struct dnsname other;

	if (!dnsname_is_within(name, &most))
		return APART;
	if (!dmarc->has_organization ||
	    !dmarc_organization(dmarc, name, &other))
		return UNSURE;
	return dnsname_equal(&dmarc->organization, &other) ? ALIGNED : APART;
}

static enum alignment
align_identifier(struct dmarc *dmarc, const struct dmarc_identifier *identifier)
{
	const struct dmarc_record *record = &dmarc->found.record;
	struct dnsname name;

	if (!parse_domain(identifier->domain, &name))
		return APART;
	if (dnsname_equal(&name, &dmarc->author))
		return ALIGNED;
	if (identifier->is_spf ? record->is_spf_strict : record->is_dkim_strict)
		return APART;
	return align(dmarc, &name);
}

/* Whether one that is proven has the very name of the author: most have. */
static bool
has_same_name(const struct dnsname *author,
    const struct dmarc_identifier *identifiers, size_t count)
{
	struct dnsname name;

	for (size_t i = 0; i < count; i++)
		if (identifiers[i].proof == DMARC_PROVEN &&
		    parse_domain(identifiers[i].domain, &name) &&
		    dnsname_equal(&name, author))
			return true;
	return false;
}

/* Sets what is aligned in the verdict. */
static enum dmarc_result
judge(struct dmarc *dmarc, const struct dmarc_identifier *identifiers,
    size_t count, struct dmarc_verdict *verdict)
{
	bool is_unsure = false, is_enough = false;

	if (!dmarc->tells_all &&
	    has_same_name(&dmarc->author, identifiers, count))
		return DMARC_RESULT_PASS;
	for (size_t i = 0; i < count && !is_enough; i++) {
		bool *is_aligned = identifiers[i].is_spf
		    ? &verdict->is_spf_aligned
		    : &verdict->is_dkim_aligned;
		enum alignment alignment;

		if (identifiers[i].proof == DMARC_UNPROVEN || *is_aligned)
			continue;
		alignment = align_identifier(dmarc, &identifiers[i]);
		if (alignment == APART)
			continue;
		*is_aligned = alignment == ALIGNED &&
		    identifiers[i].proof == DMARC_PROVEN;
		is_enough = *is_aligned && !dmarc->tells_all;
		is_unsure = is_unsure || !*is_aligned;
	}
	if (verdict->is_spf_aligned || verdict->is_dkim_aligned)
		return DMARC_RESULT_PASS;
	return is_unsure ? DMARC_RESULT_TEMPERROR : DMARC_RESULT_FAIL;
}

void
dmarc_begin(struct dmarc *dmarc, struct span author)
{
	dmarc->result = DMARC_RESULT_PERMERROR;
	if (!parse_domain(author, &dmarc->author))
		return;
	dmarc->result = DMARC_RESULT_NONE;
	switch (find_record(dmarc, &dmarc->author, &dmarc->found)) {
	case DMARC_UNKNOWN:
		dmarc->result = DMARC_RESULT_TEMPERROR;
		dmarc->worst = worst_above(dmarc, &dmarc->author);
		return;
	case DMARC_NOTHING:
		return;
	case DMARC_FOUND:
		break;
	}
	if (!dmarc->found.record.is_usable)
		return;
	dmarc->result = DMARC_RESULT_FAIL;
	dmarc->worst = worst_of(&dmarc->found, &dmarc->author);
	dmarc->is_policy_known =
	    find_policy(dmarc, &dmarc->author, &dmarc->found, &dmarc->policy);
	dmarc->has_organization =
	    dmarc_organization(dmarc, &dmarc->author, &dmarc->organization);
}

bool
dmarc_is_near(const struct dmarc *dmarc, struct span domain)
{
	struct dnsname name;

	return dmarc->result == DMARC_RESULT_FAIL &&
	    parse_domain(domain, &name) &&
	    dnsname_is_within(&name,
		dmarc->has_organization ? &dmarc->organization
					: &dmarc->author);
}

void
dmarc_check(struct dmarc *dmarc, const struct dmarc_identifier *identifiers,
    size_t count, struct dmarc_verdict *verdict)
{
	*verdict = (struct dmarc_verdict){ .result = dmarc->result };
	if (count > DMARC_IDENTIFIERS_MAX)
		count = DMARC_IDENTIFIERS_MAX;
	/* Whatever its record says, the author's own name is proof enough. */
	if (dmarc->result == DMARC_RESULT_TEMPERROR &&
	    !has_same_name(&dmarc->author, identifiers, count)) {
		verdict->disposition = dmarc->worst;
		verdict->is_untold = dmarc->worst == DMARC_NONE;
	}
	if (dmarc->result != DMARC_RESULT_FAIL)
		return;
	verdict->domain = dmarc->found.domain;
	verdict->record = dmarc->found.record;
	verdict->policy = dmarc->policy;
	verdict->result = judge(dmarc, identifiers, count, verdict);
	if (verdict->result == DMARC_RESULT_PASS)
		return;
	if (verdict->result == DMARC_RESULT_TEMPERROR ||
	    !dmarc->is_policy_known) {
		verdict->result = DMARC_RESULT_TEMPERROR;
		verdict->disposition = dmarc->worst;
		return;
	}
	verdict->disposition = verdict->record.is_test
	    ? dmarc_milder(verdict->policy)
	    : verdict->policy;
}
