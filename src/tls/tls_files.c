/*
 * tls_files.c - files with keys and certificates.
 * Input: trusted; the text is not looked at here
 */
#include <errno.h>
#include <sys/stat.h>

#include "base/secret.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "tls.h"

#define ENDING ".pem"

/* Appends what changes when the file does. */
static void
add_stamp(struct str *stamp, const char *path)
{
	struct stat st;

	str_add_z(stamp, path);
	if (stat(path, &st) == 0) {
		const int64_t parts[] = { (int64_t)st.st_dev,
			(int64_t)st.st_ino, (int64_t)st.st_size,
			(int64_t)st.st_mtim.tv_sec,
			(int64_t)st.st_mtim.tv_nsec };

		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
			str_add_byte(stamp, ' ');
			str_add_u64(stamp, (uint64_t)parts[i]);
		}
	}
	str_add_byte(stamp, '\n');
}

static void
free_file(struct tls_file *file)
{
	secret_wipe(file->text.s, file->text.len);
	str_free(&file->text);
	str_free(&file->stamp);
	str_free(&file->name);
}

/* Adds one file; whether it can be read is for the caller. */
static int
add_file(struct tls_files *files, const char *path, struct span name)
{
	struct tls_file file = { STR_INIT, STR_INIT, STR_INIT, 0, false };

	if (files->all.len >= TLS_FILES_MAX) {
		errno = EFBIG;
		return -1;
	}
	add_stamp(&file.stamp, path);
	if (file_read(path, &file.text, TLS_FILE_MAX) < 0) {
		file.error = errno;
		secret_wipe(file.text.s, file.text.len);
		str_free(&file.text);
	}
	str_set(&file.name, name);
	vec_push(&files->all, file);
	return 0;
}

/* The same for one that may be missing, and then is not added; or that cannot be
 * read: -1 with errno. */
static int
add_file_if_any(struct tls_files *files, const char *path)
{
	struct tls_file *file;

	if (add_file(files, path, SPAN("")) < 0)
		return -1;
	file = &files->all.at[files->all.len - 1];
	if (file->error == 0)
		return 0;
	errno = file->error;
	if (errno == ENOENT) {
		free_file(file);
		files->all.len--;
	}
	return -1;
}

/* Calls for each file of the folder; stops with -1 where call returns that. */
static int
visit_folder(struct str *path, int (*call)(void *, const char *, struct span),
    void *context)
{
	struct dir dir;
	const char *name;
	int got, result = 0;

	str_set(path, SPAN(TLS_CERTS));
	if (dir_open(&dir, TLS_CERTS) < 0)
		return errno == ENOENT ? 0 : -1;
	while (result == 0 && (got = dir_next(&dir, &name)) != 0) {
		struct span host = span_of(got > 0 ? name : "");

		if (got < 0) {
			result = -1;
			break;
		}
		if (!span_ends(host, SPAN(ENDING)) || host.s[0] == '.')
			continue;
		str_set(path, SPAN(TLS_CERTS "/"));
		str_add(path, host);
		host = span_upto(host, host.len - (sizeof(ENDING) - 1));
		result = call(context, str_z(path), host);
	}
	dir_close(&dir);
	return result;
}

static int
read_one(void *context, const char *path, struct span name)
{
	return add_file(context, path, name);
}

static int
stamp_one(void *context, const char *path, struct span name)
{
	(void)name;
	add_stamp(context, path);
	return 0;
}

int
tls_files_read_keys(struct tls_files *files, struct str *culprit)
{
	tls_files_stamp_keys(&files->stamp);
	str_set(culprit, SPAN(TLS_SERVERCERT));
	(void)!add_file_if_any(files, TLS_SERVERCERT);
	if (visit_folder(culprit, read_one, files) < 0)
		return -1;
	if (files->all.len)
		return 0;
	str_set(culprit, SPAN(TLS_SERVERCERT));
	errno = ENOENT;
	return -1;
}

void
tls_files_stamp_keys(struct str *stamp)
{
	struct str path = STR_INIT;

	str_reset(stamp);
	add_stamp(stamp, TLS_SERVERCERT);
	/* What cannot be listed has the stamp of an empty folder. */
	(void)visit_folder(&path, stamp_one, stamp);
	str_free(&path);
}

int
tls_files_read_authorities(struct tls_files *files, struct str *culprit)
{
	const char *path = TLS_CA;
	int result;

	tls_files_stamp_authorities(&files->stamp);
	result = add_file_if_any(files, path);
	if (result < 0 && errno == ENOENT) {
		path = TLS_SYSTEM_CA;
		result = add_file_if_any(files, path);
	}
	str_set(culprit, span_of(path));
	return result < 0 && errno == ENOENT ? 0 : result;
}

void
tls_files_stamp_authorities(struct str *stamp)
{
	str_reset(stamp);
	add_stamp(stamp, TLS_CA);
	add_stamp(stamp, TLS_SYSTEM_CA);
}

bool
tls_files_fall_back(struct tls_file *file, const struct tls_files *before)
{
	const struct tls_file *old = NULL;

	for (size_t i = 0; !old && i < before->all.len; i++)
		if (span_equal(str_span(&before->all.at[i].name),
			str_span(&file->name)))
			old = &before->all.at[i];
	secret_wipe(file->text.s, file->text.len);
	str_set(&file->text, old ? str_span(&old->text) : SPAN(""));
	file->error = 0;
	file->is_bad = true;
	return old && old->is_bad &&
	    span_equal(str_span(&old->stamp), str_span(&file->stamp));
}

void
tls_files_free(struct tls_files *files)
{
	for (size_t i = 0; i < files->all.len; i++)
		free_file(&files->all.at[i]);
	vec_free(&files->all);
	str_free(&files->stamp);
}
