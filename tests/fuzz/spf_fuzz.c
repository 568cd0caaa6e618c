/* spf_fuzz.c - any bytes as an SPF record, and as what a client says in macros. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/utf8.h"
#include "net/spfmacro.h"
#include "net/spfrecord.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
expand(struct span text, const struct spfmacro_values *values)
{
	struct str out = STR_INIT;

	if (spfmacro_expand(&out, text, values))
		must(out.len <= SPFMACRO_MAX &&
		    utf8_is_ascii(str_span(&out)));
	str_free(&out);
}

/* What is behind the first NUL is what the client says. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span all = span_make((const char *)bytes, size);
	struct span text = span_upto(all, span_find(all, '\0'));
	struct span said = span_from(all, text.len + 1);
	struct spfmacro_values values = { .sender = said,
		.local_part = said,
		.sender_domain = said,
		.domain = said,
		.helo = said,
		.validated_name = said,
		.receiver = said,
		.client = { .family = size % 2 ? 4 : 6 } };
	struct spf_directive directive;
	struct spf_record record;
	struct str line = STR_INIT;

	str_add_z(&line, "v=spf1 ");
	str_add(&line, text);
	if (spfrecord_parse(str_span(&line), &record)) {
		while (spfrecord_next(&record.terms, &directive)) {
			must(directive.bits4 <= 32 && directive.bits6 <= 128);
			if (directive.domain.len) {
				must(spfmacro_is_domain(directive.domain));
				must(spfmacro_is_explanation(directive.domain));
				expand(directive.domain, &values);
			}
		}
		expand(record.redirect, &values);
		expand(record.explanation, &values);
	}
	if (spfmacro_is_explanation(text)) {
		expand(text, &values);
		(void)spfmacro_has(text, 'p');
	}
	str_free(&line);
	return 0;
}
