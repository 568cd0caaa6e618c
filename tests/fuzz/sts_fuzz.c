/* sts_fuzz.c - any bytes as a record, a policy, and the name of an MX host. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/sts.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span text = span_make((const char *)bytes, size), id;
	struct sts_policy policy = STS_POLICY_INIT;
	struct str record = STR_INIT;

	str_add_z(&record, "v=STSv1;");
	str_add(&record, text);
	if (sts_record_parse(str_span(&record), &id))
		must(id.len > 0 && id.len <= STS_ID_MAX);
	if (sts_policy_parse(text, &policy)) {
		struct span rest = str_span(&policy.hosts), host;

		must(policy.max_age <= STS_AGE_MAX);
		must(policy.hosts.len <= text.len);
		while (span_cut_next(&rest, '\0', &host))
			must(sts_matches(str_span(&policy.hosts), host) ||
			    host.s[0] == '*');
	}
	(void)sts_matches(SPAN("a.example\0*.b.example\0"), text);
	(void)sts_matches(text, SPAN("a.example"));
	sts_policy_free(&policy);
	str_free(&record);
	return 0;
}
