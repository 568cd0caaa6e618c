/* zone_judge.c - what a text in the DNS is, and whether it is good.  Input: hostile. */
#include "zone_judge.h"

#include "mail/dkimkey.h"
#include "mail/dkimtags.h"
#include "mail/dmarcrecord.h"
#include "mail/sts.h"
#include "net/spfrecord.h"
#include "zone.h"

/* What a record says of whoever is not named in it; a redirect that counts is left. */
static enum zone_meaning
judge_rest(struct span text, struct span *redirect)
{
	struct spf_record record;
	struct spf_directive directive;

	*redirect = SPAN("");
	if (!spfrecord_is(text))
		return ZONE_FOREIGN;
	if (!spfrecord_parse(text, &record))
		return ZONE_BAD;
	while (spfrecord_next(&record.terms, &directive))
		if (directive.mechanism == SPF_ALL)
			return directive.result == SPF_PASS ? ZONE_OPEN
							    : ZONE_GOOD;
	*redirect = record.redirect;
	return ZONE_GOOD;
}

/* Whether the record of another domain, to which ours leaves the rest, is open. */
static bool
is_open_there(struct dns *dns, struct span redirect)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct str text = STR_INIT;
	struct dnsname name;
	struct span further;
	bool is_open = false;

	if (redirect.len && dnsname_parse(redirect, &name) &&
	    dns_ask(dns, &name, DNS_TXT, &answer) == DNS_FOUND)
		for (size_t i = 0; i < answer.records.list.len; i++) {
			str_reset(&text);
			dnspacket_text(&text, str_span(&answer.packet),
			    &answer.records.list.at[i]);
			if (judge_rest(str_span(&text), &further) == ZONE_OPEN)
				is_open = true;
		}
	str_free(&text);
	dnsanswer_free(&answer);
	return is_open;
}

enum zone_meaning
zone_judge_spf(struct dns *dns, struct span text, const void *context)
{
	struct span redirect;
	enum zone_meaning meaning = judge_rest(text, &redirect);

	(void)context;
	return is_open_there(dns, redirect) ? ZONE_OPEN : meaning;
}

enum zone_meaning
zone_judge_dmarc(struct dns *dns, struct span text, const void *context)
{
	struct dmarc_record record;

	(void)dns;
	(void)context;
	if (!dmarcrecord_parse(text, &record))
		return ZONE_FOREIGN;
	return record.is_usable ? ZONE_GOOD : ZONE_BAD;
}

enum zone_meaning
zone_judge_sts(struct dns *dns, struct span text, const void *context)
{
	struct span id;

	(void)dns;
	(void)context;
	if (!sts_is_record(text))
		return ZONE_FOREIGN;
	return sts_record_parse(text, &id) ? ZONE_GOOD : ZONE_BAD;
}

/* RFC 8460 3. */
enum zone_meaning
zone_judge_reports(struct dns *dns, struct span text, const void *context)
{
	struct dkimtags tags;

	(void)dns;
	(void)context;
	if (!span_starts(text, SPAN("v=TLSRPTv1;")))
		return ZONE_FOREIGN;
	return dkimtags_parse(text, &tags) &&
		dkimtags_value(&tags, "rua", SPAN("")).len
	    ? ZONE_GOOD
	    : ZONE_BAD;
}

/* All that is there is meant; it has to be the same key, however it is written. */
enum zone_meaning
zone_judge_key(struct dns *dns, struct span text, const void *context)
{
	const struct zone_key *ours = context;
	struct dkimkey there = DKIMKEY_INIT, here = DKIMKEY_INIT;
	enum zone_meaning meaning = ZONE_BAD;
	bool is_same = !dkimkey_parse(text, &there) &&
	    !dkimkey_parse(str_span(&ours->record), &here) &&
	    there.type == here.type &&
	    span_equal(str_span(&there.bytes), str_span(&here.bytes));

	(void)dns;
	if (is_same)
		meaning = there.is_testing ? ZONE_TESTING : ZONE_GOOD;
	dkimkey_free(&there);
	dkimkey_free(&here);
	return meaning;
}
