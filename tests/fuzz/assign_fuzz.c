/* assign_fuzz.c - lines of users/assign: their records can be taken apart. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "config/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size);
	struct users_assignment assignment;
	struct users_account account;
	struct str key = STR_INIT, record = STR_INIT;

	if (users_parse_line(input, &assignment))
		return 0;
	users_add_key(&key, &assignment);
	users_add_record(&record, &assignment);
	must(key.len >= 1 && key.len <= size + 1);
	if (users_parse(str_span(&record), &account)) {
		must(span_equal(account.user, assignment.fields[0]));
		must(span_equal(account.home, assignment.fields[3]));
		must(span_equal(account.extension, assignment.fields[5]));
	}
	str_free(&key);
	str_free(&record);
	return 0;
}
