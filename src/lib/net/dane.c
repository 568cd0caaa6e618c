/* dane.c - what a host's zone says of its certificate.  Input: hostile. */
#include "net/dane.h"

#include <string.h>

#include "net/tlsdemand.h"

#define HEAD	       3 /* bytes before the data */
#define SHA256_LEN     32
#define SHA512_LEN     64
#define DER_BIT_STRING 0x03 /* X.690 8.1 */
#define DER_SEQUENCE   0x30
#define DER_LONG       0x80
#define DER_LENGTH_MAX 2 /* bytes of a length: more has no room in a record */

bool
tlsa_parse(struct span data, struct tlsa *tlsa)
{
	if (data.len < HEAD)
		return false;
	*tlsa = (struct tlsa){ (uint8_t)data.s[0], (uint8_t)data.s[1],
		(uint8_t)data.s[2], span_from(data, HEAD) };
	return true;
}

/* Cuts the first element off, which has to be of this type. */
static bool
cut_element(struct span *der, unsigned char type, struct span *content)
{
	const unsigned char *bytes = (const unsigned char *)der->s;
	size_t head = 2, len;

	if (der->len < head || bytes[0] != type)
		return false;
	len = bytes[1];
	if (len & DER_LONG) {
		head += len & ~(size_t)DER_LONG;
		if (head == 2 || head > 2 + DER_LENGTH_MAX || der->len < head)
			return false;
		len = 0;
		for (size_t i = 2; i < head; i++)
			len = len << 8 | bytes[i];
	}
	if (der->len - head < len)
		return false;
	*content = span_upto(span_from(*der, head), len);
	*der = span_from(*der, head + len);
	return true;
}

/* Whether it can be a certificate, or a public key as there is one in it. */
static bool
has_shape(struct span der, bool is_certificate)
{
	struct span parts, part;

	return cut_element(&der, DER_SEQUENCE, &parts) && der.len == 0 &&
	    (!is_certificate || cut_element(&parts, DER_SEQUENCE, &part)) &&
	    cut_element(&parts, DER_SEQUENCE, &part) &&
	    cut_element(&parts, DER_BIT_STRING, &part) && parts.len == 0;
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
		return tlsa->data.len <= TLSDEMAND_TLSA_MAX &&
		    has_shape(tlsa->data,
			tlsa->selector == TLSA_SELECTOR_CERTIFICATE);
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
