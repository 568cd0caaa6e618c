/* address_fuzz.c - paths of SMTP commands, and the field made from them. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/address.h"
#include "mail/received.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size);
	struct str address = STR_INIT, field = STR_INIT;
	struct span rest = SPAN("");
	enum address_result result;

	result = address_parse_path(input, SPAN("FROM:"), &address, &rest);
	if (result == ADDRESS_TAKEN) {
		must(address.len <= ADDRESS_MAX);
		must(rest.len == 0 || rest.s + rest.len == input.s + size);
		must(!span_has(str_span(&address), '\0'));
		must(!span_has(str_span(&address), '\r'));
		must(address_domain(str_span(&address)).len <= address.len);
		(void)address_is_domain(address_domain(str_span(&address)));
	}
	received_add(&field,
	    &(struct received){ .host = input,
		.helo = input,
		.has_helo = true,
		.user = input,
		.ip = input,
		.by = input,
		.protocol = input },
	    0);
	must(span_find(str_span(&field), '\n') !=
	    span_find_last(str_span(&field), '\n'));
	must(!span_has(str_span(&field), '\0'));
	str_free(&address);
	str_free(&field);
	return 0;
}
