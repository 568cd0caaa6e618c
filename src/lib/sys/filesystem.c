/* filesystem.c - whether a file system keeps what it promises. */
#include "sys/filesystem.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/dir.h"

#define LINK_MAX_LEN 1024

/* Magic numbers of statfs(2); linux/magic.h. */
#define MAGIC_EXT 0xef53

static const struct {
	unsigned long magic;
	const char *weakness;
} weak_ones[] = {
	{ 0x01021994, "is in memory (tmpfs)" },
	{ 0x858458f6, "is in memory (ramfs)" },
	{ 0x794c7630, "is an overlay, which may not keep new names" },
	{ 0x6969, "is on another machine (NFS)" },
	{ 0xff534d42, "is on another machine (CIFS)" },
	{ 0xfe534d42, "is on another machine (SMB)" },
	{ 0x65735546, "is a FUSE file system, which may not keep new names" },
};

/* The kernel's name of the device: the last part of what /sys says of it. */
static bool
find_device(dev_t device, struct str *name)
{
	char target[LINK_MAX_LEN];
	struct str path = STR_INIT;
	struct span link;
	ssize_t len;

	str_add_z(&path, "/sys/dev/block/");
	str_add_u64(&path, major(device));
	str_add_byte(&path, ':');
	str_add_u64(&path, minor(device));
	len = readlink(str_z(&path), target, sizeof(target));
	str_free(&path);
	if (len <= 0)
		return false;
	link = span_make(target, (size_t)len);
	str_set(name, span_from(link, span_find_last(link, '/') + 1));
	return true;
}

/* Whether the journal of this device is at work; true if that is unknown. */
static bool
has_journal(dev_t device)
{
	struct str prefix = STR_INIT;
	struct dir journals = { .stream = NULL };
	const char *name;
	bool found = true;

	if (find_device(device, &prefix) &&
	    dir_open(&journals, "/proc/fs/jbd2") == 0) {
		str_add_byte(&prefix, '-'); /* then the journal's inode */
		found = false;
		while (!found && dir_next(&journals, &name) > 0)
			found = span_starts(span_of(name), str_span(&prefix));
	}
	dir_close(&journals);
	str_free(&prefix);
	return found;
}

const char *
filesystem_weakness(const char *path)
{
	struct statfs fs;
	struct stat st;

	if (statfs(path, &fs) < 0 || stat(path, &st) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(weak_ones) / sizeof(*weak_ones); i++)
		if ((unsigned long)fs.f_type == weak_ones[i].magic)
			return weak_ones[i].weakness;
	if ((unsigned long)fs.f_type == MAGIC_EXT && !has_journal(st.st_dev))
		return "has no journal";
	return NULL;
}

bool
filesystem_has_room(const char *path)
{
	return filesystem_has_free(path, 1);
}

bool
filesystem_has_free(const char *path, uint64_t bytes)
{
	struct statvfs st;
	uint64_t unit;

	if (statvfs(path, &st) < 0)
		return true;
	unit = st.f_frsize ? st.f_frsize : 1;
	/* Some file systems count no inodes. */
	return st.f_bavail > 0 && st.f_bavail >= bytes / unit &&
	    (st.f_files == 0 || st.f_favail > 0);
}

int
filesystem_sync(int fd)
{
	return syncfs(fd);
}
