/* netstring_fuzz.c - netstrings from a stranger, with small buffers. */
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "base/must.h"
#include "net/netstring.h"
#include "sys/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = STR_INIT, again = STR_INIT;
	struct in in;
	struct netstring outer;
	char buffer[16];
	int ends[2], got;

	if (size == 0 || size > 4096)
		return 0;
	must(fd_pipe(ends) == 0);
	must(fd_write_all(ends[1],
		 span_make((const char *)data + 1, size - 1)) == 0);
	fd_close(ends[1]);
	in_init(&in, ends[0], buffer, sizeof(buffer));
	outer = (struct netstring){ &in, data[0] ? data[0] : UINT64_MAX };
	while ((got = netstring_read(&outer, 1000, &bytes)) > 0) {
		must(bytes.len <= 1000);
		str_reset(&again);
		netstring_add(&again, str_span(&bytes));
		must(again.len >= bytes.len + 3);
	}
	must(got == 0 || got == -1);
	fd_close(ends[0]);
	str_free(&bytes);
	str_free(&again);
	return 0;
}
