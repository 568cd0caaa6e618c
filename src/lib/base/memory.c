/* memory.c - memory from the C library, where each block can be watched. */
#include <stdlib.h>

#include "base/must.h"

void *
must_realloc(void *old, size_t size)
{
	return must_heap_realloc(old, size);
}

void
must_free(void *memory)
{
	free(memory);
}
