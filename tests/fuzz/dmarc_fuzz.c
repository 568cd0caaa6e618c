/* dmarc_fuzz.c - any bytes as a DMARC record. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/str.h"
#include "mail/dmarcrecord.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span text = span_make((const char *)bytes, size);
	struct dmarc_record record;
	struct str line = STR_INIT;

	if (dmarcrecord_parse(text, &record))
		must(text.len > 0);
	str_add_z(&line, "v=DMARC1;");
	str_add(&line, text);
	must(dmarcrecord_parse(str_span(&line), &record));
	must(record.is_usable ||
	    (record.own == DMARC_NONE && record.below == DMARC_NONE &&
		record.nonexistent == DMARC_NONE));
	must(dmarc_policy_word(record.own).len > 0 &&
	    dmarc_policy_word(record.below).len > 0 &&
	    dmarc_policy_word(record.nonexistent).len > 0);
	str_free(&line);
	return 0;
}
