/* cdbfile.c - making a constant database in the place of an old one. */
#include "config/cdbfile.h"

int
cdbfile_begin(struct cdbfile *file, const char *path, const char *result)
{
	if (aside_open(&file->aside, path, result) < 0)
		return -1;
	if (cdbmake_begin(&file->make, file->aside.fd) == 0)
		return 0;
	cdbfile_abandon(file);
	return -1;
}

int
cdbfile_end(struct cdbfile *file, unsigned mode)
{
	int result = cdbmake_end(&file->make);

	if (result == 0)
		result = aside_finish(&file->aside, mode);
	else
		aside_abandon(&file->aside);
	cdbmake_free(&file->make);
	return result;
}

void
cdbfile_abandon(struct cdbfile *file)
{
	aside_abandon(&file->aside);
	cdbmake_free(&file->make);
}
