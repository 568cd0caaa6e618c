/* maildir.c - making a Maildir. */
#include "maildir.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/str.h"

int
maildir_fill(const char *folder)
{
	static const char *const names[] = { "/tmp", "/new", "/cur" };
	struct str path = STR_INIT;
	int result = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		str_set(&path, span_of(folder));
		str_add_z(&path, names[i]);
		if (mkdir(str_z(&path), 0700) < 0 && errno != EEXIST)
			result = -1;
	}
	str_free(&path);
	return result;
}
