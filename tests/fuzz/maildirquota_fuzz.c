/* maildirquota_fuzz.c - the file maildirsize: sums stay what a quota can be. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/maildirname.h"
#include "mail/maildirquota.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size);
	struct maildirquota quota;
	struct maildirquota_use use;
	size_t lines;
	uint64_t bytes;

	(void)maildirname_has_flag(input, 'T');
	if (maildirname_find_size(input, &bytes))
		must(bytes <= MAILDIRNAME_SIZE_MAX);
	if (maildirquota_parse(input, &quota))
		must(quota.bytes <= MAILDIRQUOTA_MAX &&
		    quota.messages <= MAILDIRQUOTA_MAX);
	else
		quota = (struct maildirquota){ 100, 10 };
	if (!maildirquota_add_up(input, &use, &lines))
		return 0;
	must(lines <= size);
	must(use.bytes >= 0 && use.messages >= 0);
	if (maildirquota_has_room(&quota, &use, size))
		must(!quota.bytes || (uint64_t)use.bytes + size <= quota.bytes);
	return 0;
}
