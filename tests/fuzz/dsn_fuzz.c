/* dsn_fuzz.c - what a stranger asks of notifications, kept and told. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/dsn.h"
#include "mail/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is kept must be read again as the same. */
static void
check_kept(struct span given)
{
	struct str kept = STR_INIT, again = STR_INIT;
	struct dsn_envelope envelope;
	struct dsn_recipient recipient;

	if (dsn_parse_envelope(given, &envelope)) {
		dsn_add_envelope(&kept, &envelope);
		must(dsn_parse_envelope(str_span(&kept), &envelope));
		dsn_add_envelope(&again, &envelope);
	} else if (dsn_parse_recipient(given, &recipient)) {
		dsn_without_success(&recipient);
		dsn_add_recipient(&kept, &recipient);
		must(dsn_parse_recipient(str_span(&kept), &recipient));
		must(!(recipient.notify & DSN_SUCCESS));
		dsn_add_recipient(&again, &recipient);
	}
	must(span_equal(str_span(&kept), str_span(&again)));
	must(!span_has(str_span(&kept), '\n') &&
	    !span_has(str_span(&kept), '\r') &&
	    !span_has(str_span(&kept), '\0'));
	str_free(&kept);
	str_free(&again);
}

/* A status has so many lines of fields at most, whatever is in it, and none is
 * too long to be sent. */
static void
check_told(struct span given, enum report_action action)
{
	struct report report = { .is_beyond_ascii = given.len & 1 };
	struct report_status status = { .action = action,
		.address = given,
		.parameters = given,
		.words = given };
	struct str text = STR_INIT;
	size_t lines = 0, max = action == REPORT_DELIVERED ? 5 : 8;

	report_add_words(&text, &status);
	str_reset(&text);
	report_add_status(&text, &report, &status);
	for (size_t i = 0; i < text.len; i++)
		lines += text.s[i] == '\n';
	must(lines >= 4 && lines <= max);
	str_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span given = span_make((const char *)data, size);

	check_kept(given);
	check_told(given, REPORT_DELIVERED);
	check_told(given, REPORT_FAILED);
	check_told(given, REPORT_DELAYED);
	return 0;
}
