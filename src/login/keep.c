/* keep.c - small files that keep what is in memory over a restart. */
#include "keep.h"

#include <stdio.h>

#include "base/scan.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/file.h"

#define MODE 0600

int
keep_text(const char *path, struct span text)
{
	struct str aside = STR_INIT;
	int fd, result;

	str_add_z(&aside, path);
	str_add_z(&aside, ".new");
	fd = file_replace(str_z(&aside), MODE);
	result = fd < 0 ? -1 : fd_write_all(fd, text);
	fd_close(fd);
	/* Not synced: what a power cut takes are counts. */
	if (result == 0)
		result = rename(str_z(&aside), path);
	str_free(&aside);
	return result;
}

bool
keep_cut_number(struct span *line, uint64_t *number)
{
	struct span word;

	return span_cut_next(line, ' ', &word) &&
	    scan_u64(word, INT64_MAX, number);
}
