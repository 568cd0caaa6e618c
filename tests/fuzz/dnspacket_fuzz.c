/* dnspacket_fuzz.c - any bytes as the answer to a question. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "net/dnspacket.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The first byte chooses the type; the packet begins with the question. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const enum dns_type types[] = { DNS_A, DNS_MX, DNS_AAAA,
		DNS_CNAME, DNS_TXT, DNS_TLSA, DNS_PTR };
	struct dnsquestion question = { .is_exact_case = false };
	struct dnsrecords records = DNSRECORDS_INIT;
	struct str packet = STR_INIT, text = STR_INIT;
	struct span all;

	if (size < 2)
		return 0;
	question.type = types[bytes[0] % 7];
	must(dnsname_parse(SPAN("example.org"), &question.name));
	dnspacket_build(&packet, &question, false);
	packet.s[2] |= (char)0x80;
	packet.s[3] = (char)(bytes[1] & 7);
	if (size > 3) {
		packet.s[6] = (char)bytes[2];
		packet.s[7] = (char)bytes[3];
		str_add(&packet, span_make((const char *)bytes + 4, size - 4));
	}
	all = str_span(&packet);
	if (dnspacket_judge(all, &question) == DNSPACKET_ANSWER &&
	    dnspacket_records(all, &question, &records))
		for (size_t i = 0; i < records.list.len; i++) {
			size_t at = records.list.at[i].at;

			must(at < all.len);
			if (question.type == DNS_MX || question.type == DNS_PTR)
				(void)dnspacket_name(all, at);
			else if (question.type == DNS_A)
				must(all.len - at >= 4);
			else if (question.type == DNS_AAAA)
				must(all.len - at >= 16);
			else if (question.type == DNS_TXT)
				dnspacket_text(&text, all, &records.list.at[i]);
			else
				must(all.len - at >= records.list.at[i].len);
		}
	(void)dnspacket_judge(span_make((const char *)bytes, size), &question);
	dnsrecords_free(&records);
	str_free(&text);
	str_free(&packet);
	return 0;
}
