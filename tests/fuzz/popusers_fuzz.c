/* popusers_fuzz.c - any bytes as a line of users/pop and as a record. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "config/popusers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span all = span_make((const char *)bytes, size);
	struct popuser user, again;
	struct str record = STR_INIT;

	if (!popuser_parse_line(all, &user)) {
		must(user.uid != 0);
		popuser_format(&user, &record);
		must(popuser_parse(str_span(&record), &again));
		must(again.uid == user.uid && again.gid == user.gid);
		must(span_equal(again.hash, user.hash));
		must(span_equal(again.plain, user.plain));
		must(span_equal(again.home, user.home));
	}
	if (popuser_parse(all, &user))
		must(user.uid != 0 && span_starts(user.home, SPAN("/")));
	str_free(&record);
	return 0;
}
