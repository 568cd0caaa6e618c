/*
 * scratch.h - a folder of its own for a test: group setup and teardown.
 * The working folder is it meanwhile.
 */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_folder[] = "/tmp/unit.XXXXXX";

static int
scratch_enter(void **state)
{
	(void)state;
	return mkdtemp(scratch_folder) ? chdir(scratch_folder) : -1;
}

static int
scratch_remove_one(
    const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int
scratch_leave(void **state)
{
	(void)state;
	if (chdir("/") < 0)
		return -1;
	return nftw(
	    scratch_folder, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* scratch_write: makes a file with this text. */
static inline void
scratch_write(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

/* How many descriptors are open. */
static inline int
scratch_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

#endif
