/* must.c - what cannot go on: our own bugs, and the end of memory. */
#include "base/must.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fmt.h"

static int bug_exit_code = 111;
static void (*memory_hook)(void);

void
must_hooks(int bug_exit, void (*out_of_memory)(void))
{
	bug_exit_code = bug_exit;
	memory_hook = out_of_memory;
}

void
must_fail(const char *file, int line)
{
	char number[FMT_U64_MAX];
	size_t digits = fmt_u64(number, (uint64_t)line);

	/* Nothing can be done about a failing write here. */
	if (write(2, file, strlen(file)) < 0 || write(2, ":", 1) < 0 ||
	    write(2, number, digits) < 0 || write(2, ": bug\n", 6) < 0)
		_exit(bug_exit_code);
	_exit(bug_exit_code);
}

void *
must_heap_realloc(void *old, size_t size)
{
	void *fresh;

	must(size > 0);
	while (!(fresh = realloc(old, size))) {
		if (!memory_hook)
			_exit(111);
		memory_hook();
	}
	return fresh;
}
