/*
 * cdb_fuzz.c - a constant database of any bytes; the key is its first ones.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/must.h"
#include "config/cdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *file;
	struct span key = span_upto(span_make((const char *)data, size), 3);
	struct str value = STR_INIT;
	struct cdb cdb;
	int result;

	if (!file)
		file = tmpfile();
	must(file != NULL);
	cdb.fd = fileno(file);
	must(ftruncate(cdb.fd, 0) == 0);
	must(pwrite(cdb.fd, data, size, 0) == (ssize_t)size);
	result = cdb_find(&cdb, key, &value);
	must(result >= -1 && result <= 1);
	must(result == 1 || value.len <= size);
	must(value.len <= size);
	str_free(&value);
	return 0;
}
