/* maildirname_fuzz.c - any bytes as the name of a message. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/maildirname.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span all = span_make((const char *)bytes, size);
	struct maildirname name, again;

	maildirname_parse(all, &name);
	must(span_starts(all, name.base) && !span_has(name.base, ':'));
	must(!name.has_octets || name.octets <= 2 * MAILDIRNAME_SIZE_MAX);
	must(!name.has_seconds ||
	    (name.seconds >= 0 && name.seconds <= UINT32_MAX));
	/* Flags change nothing. */
	maildirname_parse(name.base, &again);
	must(name.has_octets == again.has_octets &&
	    name.octets == again.octets && name.seconds == again.seconds);
	return 0;
}
