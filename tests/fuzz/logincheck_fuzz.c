/* logincheck_fuzz.c - any bytes as a question to qmail-authd. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/str.h"
#include "queue/logintry.h"
#include "queue/record.h"
#include "queue/sendcount.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What is taken apart is the same when it is put together. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span all = span_make((const char *)bytes, size);
	struct str again = STR_INIT;
	struct logincheck login;
	enum logintry_event event;
	struct span name;
	uint64_t recipients;

	if (sendcount_parse(all, &name, &recipients)) {
		must(recipients <= SENDCOUNT_MAX && logincheck_is_name(name));
		must(!logincheck_parse(all, &login));
	}
	if (logintry_parse(all, &login, &event)) {
		must(logincheck_is_fit(&login) && login.password.len == 0);
		must(!logincheck_parse(all, &login));
	}
	if (!logincheck_parse(all, &login))
		return 0;
	must(size <= LOGINCHECK_RECORD_MAX);
	must(login.name.len + login.password.len <= LOGINCHECK_SECRETS_MAX);
	record_add(&again, LOGINCHECK_ADDRESS, login.address);
	record_add(&again, LOGINCHECK_SERVICE, login.service);
	record_add(&again, LOGINCHECK_NAME, login.name);
	record_add(&again, LOGINCHECK_PASSWORD, login.password);
	must(span_equal(str_span(&again), all));
	str_free(&again);
	return 0;
}
