/*
 * local_rules.c - which .qmail file, and who owns the address.
 * Input: the extension is hostile, the files are the user's
 */
#include "local.h"

#include <errno.h>
#include <sys/stat.h>

#include "local_end.h"
#include "mail/dotqmail.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"

#define WRITABLE_BY_OTHERS 0002

/* Whether errno says that there is nothing of this name; anything else may
 * hide a file, and defers. */
static bool
is_missing(int number)
{
	return number == ENOENT || number == ENOTDIR ||
	    number == ENAMETOOLONG || number == ELOOP || number == ENXIO;
}

/* Reads the file if it is one.  Returns false if it counts as missing. */
static bool
try_rules(const char *path, struct str *rules, bool *is_forward_only)
{
	int fd = file_open(path);
	struct stat status;

	if (fd < 0 && is_missing(errno))
		return false;
	if (fd < 0 || fstat(fd, &status) < 0)
		local_end(LOCAL_RULES, path, errno);
	if (!S_ISREG(status.st_mode)) {
		fd_close(fd);
		return false;
	}
	if (status.st_mode & WRITABLE_BY_OTHERS)
		local_end(LOCAL_RULES_WRITABLE, path, 0);
	*is_forward_only = status.st_mode & S_IXUSR;
	if (status.st_size > 0 &&
	    file_read_regular(fd, rules, LOCAL_RULES_MAX) < 0)
		local_end(LOCAL_RULES, path, errno);
	fd_close(fd);
	return true;
}

bool
local_rules_read(struct local *local, struct str *rules, bool *is_forward_only)
{
	struct span extension = span_of(local->extension);
	struct dotqmail_names names =
	    dotqmail_names_begin(span_of(local->dash), extension);
	struct str name = STR_INIT;
	bool found = false;

	while (!found && dotqmail_names_next(&names, &name))
		found = try_rules(str_z(&name), rules, is_forward_only);
	if (found && names.is_default) {
		local->has_default = true;
		local->default_at = names.len;
	} else if (found && span_ends_nocase(extension, SPAN("default"))) {
		local->has_default = true;
		local->default_at = extension.len - SPAN("default").len;
	}
	str_free(&name);
	return found;
}

/* Whether anything of this name is there. */
static bool
exists(const struct str *name)
{
	struct stat status;

	if (stat(str_z(name), &status) == 0)
		return true;
	if (error_is_temporary(errno))
		local_end(LOCAL_RULES, str_z(name), errno);
	return false;
}

/* LOCAL-owner@HOST, or the form that has each recipient in it (VERP). */
static void
set_owner(struct local *local, bool has_verp)
{
	struct str *owner = &local->new_sender;

	str_set(owner, span_of(local->local_part));
	str_add_z(owner, has_verp ? "-owner-@" : "-owner@");
	str_add_z(owner, local->host);
	if (has_verp)
		str_add_z(owner, "-@[]");
}

struct span
local_new_sender(struct local *local)
{
	struct span sender = span_of(local->sender);
	struct dotqmail_names names;
	struct str name = STR_INIT;

	if (local->has_new_sender)
		return str_span(&local->new_sender);
	local->has_new_sender = true;
	names = dotqmail_names_begin(
	    span_of(local->dash), span_of(local->extension));
	(void)dotqmail_names_next(
	    &names, &name); /* the first is always there */
	str_add_z(&name, "-owner");
	if (sender.len == 0 || span_equal(sender, SPAN("#@[]")) ||
	    !exists(&name)) {
		str_set(&local->new_sender, sender);
	} else {
		str_add_z(&name, "-default");
		set_owner(local, exists(&name));
	}
	str_free(&name);
	return str_span(&local->new_sender);
}
