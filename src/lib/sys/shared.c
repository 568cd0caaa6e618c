/* shared.c - memory in common with children. */
#include "sys/shared.h"

#include <sys/mman.h>

void *
shared_make(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}
