/* condition.c - what an installation is like beside what was put there. */
#include "condition.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "config/keptfile.h"
#include "sys/filesystem.h"

/* No reason to refuse, but to think. */
static void
warn_of_weak_disk(const char *destdir)
{
	struct str path = STR_INIT;
	const char *weakness;

	str_add_z(&path, destdir);
	str_add_z(&path, home_queue_dir);
	weakness = filesystem_weakness(str_z(&path));
	if (weakness)
		fprintf(stderr,
		    "warning: the file system of %s %s; mail may get lost in "
		    "a power cut\n",
		    str_z(&path), weakness);
	str_free(&path);
}

/* With two suites on a machine, say, only one of them can have the account. */
static void
warn_of_alias_home(void)
{
	const char *name = home_user_name(HOME_ALIAS);
	const struct passwd *account = getpwnam(name);
	struct str wanted = STR_INIT;

	str_add_z(&wanted, home_dir);
	str_add_z(&wanted, "/alias");
	if (account && strcmp(account->pw_dir, str_z(&wanted)) != 0)
		fprintf(stderr,
		    "warning: the home of the user %s is %s: aliases in %s "
		    "count for nobody\n",
		    name, account->pw_dir, str_z(&wanted));
	str_free(&wanted);
}

/* ---- secrets ---- */

struct secrets {
	uid_t qmailk;
	int problems;
};

static void
judge(struct secrets *secrets, const char *path, uid_t reader)
{
	static const char *const words[] = {
		[KEPTFILE_CLOSED] = "qmailk cannot read it",
		[KEPTFILE_OPEN] = "others than its owner may read it",
	};
	enum keptfile found = keptfile_judge(path, reader);

	if (found == KEPTFILE_RIGHT)
		return;
	printf("%s: %s\n", path, words[found]);
	secrets->problems++;
}

static void
judge_key(void *context, const char *path)
{
	struct secrets *secrets = context;

	judge(secrets, path, secrets->qmailk);
}

static int
check_secrets(const char *destdir, uid_t qmailk)
{
	static const struct {
		const char *name;
		bool is_of_qmailk;
	} files[] = { { "smtpauth", true }, { "srs_secrets", true },
		{ "servercert.pem", false } };
	struct secrets secrets = { qmailk, 0 };
	struct str path = STR_INIT;
	size_t folder;

	str_add_z(&path, destdir);
	str_add_z(&path, home_dir);
	str_add_z(&path, "/control/");
	folder = path.len;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		str_cut(&path, folder);
		str_add_z(&path, files[i].name);
		judge(&secrets, str_z(&path),
		    files[i].is_of_qmailk ? qmailk : KEPTFILE_NOBODY);
	}
	str_cut(&path, folder);
	str_add_z(&path, "dkim");
	if (keptfile_each_key(str_z(&path), judge_key, &secrets) < 0) {
		printf("%s: %s\n", str_z(&path), strerror(errno));
		secrets.problems++;
	}
	str_free(&path);
	return secrets.problems;
}

int
condition_check(const char *destdir, const struct home_ids *ids)
{
	warn_of_weak_disk(destdir);
	if (ids)
		warn_of_alias_home();
	return check_secrets(
	    destdir, ids ? ids->uid[HOME_QMAILK] : KEPTFILE_NOBODY);
}
