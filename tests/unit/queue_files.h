/* queue_files.h - files of one message in the working folder. */
#ifndef UNIT_QUEUE_FILES_H
#define UNIT_QUEUE_FILES_H

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/span.h"
#include "sys/fd.h"
#include "sys/file.h"

#define NUMBER 46 /* in subfolder 0 of 23 */

static const struct span missing = { NULL, 0 };

/* put: makes FOLDER/0/46 with this content, or takes it away. */
static void
put(const char *folder, struct span content)
{
	char path[64];
	int fd;

	(void)mkdir(folder, 0755);
	(void)snprintf(path, sizeof(path), "%s/0", folder);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/0/%d", folder, NUMBER);
	(void)unlink(path);
	if (content.s) {
		assert_true((fd = file_create(path, 0600)) >= 0);
		assert_int_equal(fd_write_all(fd, content), 0);
		fd_close(fd);
	}
}

#endif
