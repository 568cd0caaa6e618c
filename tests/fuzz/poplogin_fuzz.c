/* poplogin_fuzz.c - any bytes on descriptor 3 of checkpassword. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "net/poplogin.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span all = span_make((const char *)bytes, size);
	struct poplogin login;

	if (!poplogin_parse(all, &login))
		return 0;
	must(login.name.s[login.name.len] == '\0');
	must(login.password.s[login.password.len] == '\0');
	must(login.name.len + login.password.len + login.timestamp.len + 2 <=
	    size);
	must(!span_has(login.timestamp, '\0'));
	/* The password is right, and no other is. */
	if (login.password.len)
		must(poplogin_is_plain(&login, login.password));
	must(!poplogin_is_plain(&login, SPAN("no such password, surely")) ||
	    span_equal(login.password, SPAN("no such password, surely")));
	return 0;
}
