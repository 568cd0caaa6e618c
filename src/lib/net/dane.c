/* dane.c - what a host's zone says of its certificate.  Input: hostile. */
#include "net/dane.h"

#include <string.h>

#define HEAD	   3 /* bytes before the data */
#define SHA256_LEN 32
#define SHA512_LEN 64

bool
tlsa_parse(struct span data, struct tlsa *tlsa)
{
	if (data.len < HEAD)
		return false;
	*tlsa = (struct tlsa){ (uint8_t)data.s[0], (uint8_t)data.s[1],
		(uint8_t)data.s[2], span_from(data, HEAD) };
	return true;
}

bool
tlsa_is_usable(const struct tlsa *tlsa)
{
	if ((tlsa->usage != TLSA_USAGE_ANCHOR &&
		tlsa->usage != TLSA_USAGE_HOST) ||
	    tlsa->selector > TLSA_SELECTOR_KEY)
		return false;
	switch (tlsa->matching) {
	case TLSA_MATCHING_ALL:
		return tlsa->data.len > 0;
	case TLSA_MATCHING_SHA256:
		return tlsa->data.len == SHA256_LEN;
	case TLSA_MATCHING_SHA512:
		return tlsa->data.len == SHA512_LEN;
	default:
		return false;
	}
}

static void
take_records(struct dane_answer *answer)
{
	const struct dnsrecords *records = &answer->packet.records;

	for (size_t i = 0; i < records->list.len; i++) {
		const struct dnsrecord *at = &records->list.at[i];
		struct tlsa tlsa;

		if (answer->records.len < DANE_USED_MAX &&
		    tlsa_parse(
			span_make(answer->packet.packet.s + at->at, at->len),
			&tlsa) &&
		    tlsa_is_usable(&tlsa))
			vec_push(&answer->records, tlsa);
	}
}

/* "_25._tcp." and the name.  Returns false if that is too long to be one. */
static bool
make_name(struct dnsname *where, uint16_t port, const struct dnsname *name)
{
	struct str bytes = STR_INIT;
	bool fits;

	str_add_z(&bytes, "?_");
	str_add_u64(&bytes, port);
	bytes.s[0] = (char)(bytes.len - 1);
	str_add(&bytes, SPAN("\4_tcp"));
	fits = bytes.len + name->len <= DNSNAME_MAX;
	if (fits) {
		memcpy(where->bytes, bytes.s, bytes.len);
		memcpy(where->bytes + bytes.len, name->bytes, name->len);
		where->len = (unsigned char)(bytes.len + name->len);
	}
	str_free(&bytes);
	return fits;
}

/* The records for one name of the host. */
static enum dane_outcome
ask_name(struct dns *dns, const struct dnsname *name, uint16_t port,
    struct dane_answer *answer)
{
	struct dnsname where;

	answer->base = *name;
	answer->records.len = 0;
	if (!make_name(&where, port, name))
		return DANE_NONE;
	switch (dns_ask(dns, &where, DNS_TLSA, &answer->packet)) {
	case DNS_FAILED:
		return DANE_FAILED;
	case DNS_NOTHING:
	case DNS_NO_NAME:
		return DANE_NONE;
	case DNS_FOUND:
		break;
	}
	if (!answer->packet.is_secure)
		return DANE_NONE;
	take_records(answer);
	return answer->records.len ? DANE_RECORDS : DANE_UNUSABLE;
}

enum dane_outcome
dane_ask(struct dns *dns, const struct mx_host *host, uint16_t port,
    struct dane_answer *answer)
{
	enum dane_outcome outcome;

	answer->records.len = 0;
	if (!host || !host->is_secure)
		return DANE_NONE;
	outcome = ask_name(dns, &host->last_name, port, answer);
	if (outcome == DANE_NONE &&
	    !dnsname_equal(&host->last_name, &host->name))
		outcome = ask_name(dns, &host->name, port, answer);
	return outcome;
}

void
dane_answer_free(struct dane_answer *answer)
{
	vec_free(&answer->records);
	dnsanswer_free(&answer->packet);
}
