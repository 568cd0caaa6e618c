/*
 * qmail-lspawn.c - starts local deliveries, each as the user who gets it.
 * Runs as   root, one process, started by qmail-start; the only daemon that
 *           stays root.
 * Reads     jobs on fd 0 from qmail-send, NOT trusted: addresses, numbers and
 *           an open message, which is checked; users/cdb.
 * Writes    reports on fd 0.
 * Execs     qmail-getpw as qmailp (lookup.h), qmail-local as the recipient,
 *           never as root.
 * Source    qmail-lspawn(8); jobs and reports in queue/delivery.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/words.h"
#include "config/home.h"
#include "config/lookup.h"
#include "config/users.h"
#include "queue/spawnloop.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/spawn_apart.h"

#define PEER_FD	   0
#define OUTPUT_MAX 3000 /* bytes of a report */
#define CUT_REMARK "\n[more output cut off]\n"

extern char **environ;

struct spawner {
	struct home_ids ids;
	const char *default_delivery;
	bool is_root;
	struct cdb users;	/* users/cdb, kept open */
	struct stat users_stat; /* which file that is */
	struct lookup lookup;	/* what users/cdb does not say */
};

/* Reports that need no program; the first byte is their letter.  What the
 * system does not allow is no try; what the settings say is one, for else its
 * sender would never hear of it. */
static const char report_users_trouble[] =
    "UThe list of users cannot be read. (#4.3.0)\n";
static const char report_lookup_trouble[] =
    "UThe account cannot be looked up now. (#4.3.0)\n";
static const char report_home_hidden[] =
    "ZThe home folder of the account cannot be looked at. (#4.3.0)\n";
static const char report_bad_record[] =
    "ZThe account of this address is malformed. (#4.3.0)\n";
static const char report_root[] =
    "ZThis address belongs to root, who gets no mail. (#4.3.0)\n";
static const char report_role[] =
    "ZThis address belongs to a user of the mail system itself, who gets no "
    "mail. (#4.3.0)\n";
static const char report_not_ours[] =
    "DThis instance delivers to its own user alone. (#5.1.1)\n";
static const char report_no_process[] =
    "UNo process for the delivery can be started now. (#4.3.0)\n";
static const char report_too_many[] =
    "UA local job has one recipient. (#4.3.0)\n";
static const char report_no_domain[] =
    "DThis address has no domain. (#5.1.3)\n";

/* What a delivery says that could not become qmail-local. */
static const char cannot_start[] =
    "The delivery program cannot be started now. (#4.3.0)\n";

/* Opens users/cdb, or again if another file took its place.
 * Returns 1; 0 if there is none; -1 with errno. */
static int
refresh_users(struct spawner *spawner)
{
	struct stat st;

	if (stat(home_users_cdb, &st) < 0) {
		cdb_close(&spawner->users);
		return errno == ENOENT ? 0 : -1;
	}
	if (spawner->users.fd != -1 &&
	    st.st_ino == spawner->users_stat.st_ino &&
	    st.st_dev == spawner->users_stat.st_dev &&
	    st.st_size == spawner->users_stat.st_size &&
	    st.st_mtime == spawner->users_stat.st_mtime)
		return 1;
	cdb_close(&spawner->users);
	spawner->users_stat = st;
	return cdb_open(&spawner->users, home_users_cdb) < 0 ? -1 : 1;
}

/*
 * Finds the record of a local part: in users/cdb, else by asking qmail-getpw.
 *   is_asked   receives whether the answer is still to come
 * Returns the report of a failure, or NULL.
 */
static const char *
find_record(struct spawner *spawner, struct span local_part, struct str *record,
    bool *is_asked)
{
	enum lookup_state state;
	int found = refresh_users(spawner);

	*is_asked = false;
	if (found > 0)
		found = users_find(&spawner->users, local_part, record);
	if (found < 0)
		return report_users_trouble;
	if (found > 0)
		return NULL;
	state = lookup_ask(&spawner->lookup, local_part, record);
	*is_asked = state == LOOKUP_ASKED;
	return state == LOOKUP_FAILED ? report_lookup_trouble : NULL;
}

/* Whether a delivery as this user could reach into the queue: all users of the
 * suite but alias, who gets mail. */
static bool
is_role(const struct home_ids *ids, uid_t uid)
{
	if (uid == ids->uid[HOME_ALIAS])
		return false;
	for (int i = 0; i < HOME_USERS; i++)
		if (uid == ids->uid[i])
			return true;
	return false;
}

/* The account that a record names; on failure returns the report. */
static const char *
find_account(const struct spawner *spawner, struct span record,
    struct users_account *account)
{
	if (record.len == 1) /* of qmail-getpw: none */
		return record.s[0] == USERS_HOME_HIDDEN ? report_home_hidden
							: report_lookup_trouble;
	if (!users_parse(record, account))
		return report_bad_record;
	if (account->uid == 0 && spawner->is_root)
		return report_root;
	if (spawner->is_root && is_role(&spawner->ids, account->uid))
		return report_role;
	if (!spawner->is_root && account->uid != geteuid())
		return report_not_ours;
	return NULL;
}

static void
add_arguments(struct words *argv, const struct spawner *spawner,
    const struct users_account *account, const struct delivery_job *job)
{
	struct span address = job->recipients.at[0].address;
	size_t at = span_find_last(address, '@');
	const struct span words[] = { account->user, account->home,
		span_upto(address, at), account->dash, account->extension,
		span_from(address, at + 1), job->sender,
		span_of(spawner->default_delivery) };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		words_add(argv, words[i]);
}

static void
add_environment(struct words *envp, const struct delivery_job *job)
{
	for (char **at = environ; *at; at++)
		if (!delivery_is_parameter(span_of(*at)))
			words_add(envp, span_of(*at));
	delivery_add_parameters(envp, job);
}

/* Whether the environment of this job is that of all others. */
static bool
is_plain(const struct delivery_job *job)
{
	return !job->parameters.len && !job->recipients.at[0].parameters.len;
}

/* Gives the job to one that runs already.  Returns its process id; 0: there is none. */
static pid_t
give_to_resident(const struct spawner *spawner,
    const struct users_account *account, const struct delivery_job *job,
    const int fds[2], struct residents *residents, struct resident *resident)
{
	struct words argv = WORDS_INIT;
	pid_t pid = 0;

	if (!is_plain(job))
		return 0;
	add_arguments(&argv, spawner, account, job);
	if (argv.text.len <= FDPASS_RECORD_MAX &&
	    residents_take(residents, account->uid, account->gid,
		str_span(&argv.text), fds, resident))
		pid = resident->pid;
	words_free(&argv);
	return pid;
}

/*
 * Runs qmail-local as the user; returns its process id, -1 with errno.
 *   resident   receives it
 */
static pid_t
run_local(struct spawner *spawner, const struct users_account *account,
    const struct delivery_job *job, const int fds[2], struct resident *resident)
{
	struct spawn_ids ids = { .uid = account->uid, .gid = account->gid };
	struct words argv = WORDS_INIT, envp = WORDS_INIT;
	struct str path = STR_INIT;
	struct spawn plan = { .ids = spawner->is_root ? &ids : NULL,
		.signals = SPAWN_SIGNALS_UNBLOCK,
		.leads_group = true,
		.fd_count = 3,
		.fds = { { fds[0], 0 }, { fds[1], 1 }, { fds[1], 2 } } };
	int theirs[2] = { -1, -1 };
	pid_t pid;

	*resident = (struct resident){ .jobs = -1,
		.done = -1,
		.uid = account->uid,
		.gid = account->gid,
		.count = 1 };
	/* Without a way to it it does not stay. */
	if (is_plain(job) && residents_open(resident, theirs) == 0) {
		words_add(&argv, SPAN(RESIDENTS_NAME));
		plan.fds[plan.fd_count++] =
		    (struct spawn_fd){ theirs[0], RESIDENTS_FD };
		plan.fds[plan.fd_count++] =
		    (struct spawn_fd){ theirs[1], RESIDENTS_DONE_FD };
	} else {
		words_add(&argv, SPAN("qmail-local"));
	}
	words_add(&argv, SPAN("--"));
	add_arguments(&argv, spawner, account, job);
	add_environment(&envp, job);
	str_add_z(&path, home_dir);
	str_add_z(&path, "/bin/qmail-local");
	plan.path = str_z(&path);
	plan.argv = words_end(&argv);
	plan.envp = words_end(&envp);
	pid = spawn_start_apart(&plan, cannot_start);
	fd_close(theirs[0]);
	fd_close(theirs[1]);
	resident->pid = pid;
	if (pid < 0)
		residents_let_go(resident);
	words_free(&argv);
	words_free(&envp);
	str_free(&path);
	return pid;
}

static pid_t
start_delivery(void *context, const struct delivery_job *job, int message_fd,
    int output_fd, struct residents *residents, struct resident *resident,
    struct str *report)
{
	struct spawner *spawner = context;
	struct span address = job->recipients.at[0].address;
	size_t at = span_find_last(address, '@');
	struct span local_part = span_upto(address, at);
	struct str record = STR_INIT;
	struct users_account account;
	const char *failure = NULL;
	bool is_asked = false;
	const int fds[RESIDENTS_FDS] = { message_fd, output_fd };
	pid_t pid = 0;

	if (job->recipients.len > 1)
		failure = report_too_many;
	else if (at == address.len)
		failure = report_no_domain;
	else if (at == 0)
		failure = "K"; /* an address without local part: a trash can */
	else
		failure = find_record(spawner, local_part, &record, &is_asked);
	if (!failure && !is_asked)
		failure = find_account(spawner, str_span(&record), &account);
	if (!failure && !is_asked) {
		pid = give_to_resident(
		    spawner, &account, job, fds, residents, resident);
		if (pid == 0)
			pid = run_local(spawner, &account, job, fds, resident);
		if (pid < 0)
			failure = report_no_process;
	}
	if (failure)
		str_add_z(report, failure);
	str_free(&record);
	if (is_asked)
		return SPAWNLOOP_ASKED;
	return failure ? 0 : pid;
}

/* 100 and most other codes are permanent; those that say "later" are not. */
static enum delivery_result
result_of(int exit_code)
{
	switch (exit_code) {
	case 0:
		return DELIVERY_SUCCESS;
	case 111:
	case 71:
	case 74:
	case 75:
	case -1: /* killed by a signal */
		return DELIVERY_DEFERRAL;
	default:
		return DELIVERY_FAILURE;
	}
}

static void
judge_delivery(const struct delivery_job *job, int exit_code,
    struct span output, struct str *reports)
{
	struct str text = STR_INIT;
	/* The code tells: whatever was said may be the words of a program. */
	bool has_begun = exit_code != SPAWN_APART_FAILED;

	str_add(&text, span_upto(output, span_find(output, '\0')));
	if (output.len == OUTPUT_MAX) {
		str_cut(&text,
		    text.len < OUTPUT_MAX - sizeof(CUT_REMARK)
			? text.len
			: OUTPUT_MAX - sizeof(CUT_REMARK));
		str_add_z(&text, CUT_REMARK);
	}
	if (exit_code < 0 && text.len == 0)
		str_add_z(&text, "The delivery program crashed. (#4.3.0)\n");
	spawnloop_report_all(job,
	    has_begun ? result_of(exit_code) : DELIVERY_UNTRIED,
	    str_span(&text), reports);
	str_free(&text);
}

static size_t
watch(void *context, struct pollfd *fds, int64_t *deadline)
{
	struct spawner *spawner = context;

	return lookup_watch(&spawner->lookup, fds, deadline);
}

static bool
hear(void *context, const struct pollfd *fds)
{
	struct spawner *spawner = context;

	return lookup_hear(&spawner->lookup, fds);
}

static void
child_ended(void *context, pid_t pid)
{
	struct spawner *spawner = context;

	lookup_child_ended(&spawner->lookup, pid);
}

int
main(int argc, char **argv)
{
	static const struct spawnloop_asking asking = {
		.watch = watch, .hear = hear, .child_ended = child_ended
	};
	struct spawner spawner = { .users = CDB_INIT,
		.is_root = geteuid() == 0 };
	struct spawn_ids lookup_ids;
	struct str getpw = STR_INIT;
	struct spawnloop loop = { .start = start_delivery,
		.judge = judge_delivery,
		.asking = &asking,
		.context = &spawner,
		.output_max = OUTPUT_MAX };

	must_hooks(111, NULL);
	if (argc != 2 || chdir("/") < 0 || home_ids_read(&spawner.ids) < 0)
		_exit(111);
	spawner.default_delivery = argv[1];
	lookup_ids = (struct spawn_ids){ .uid = spawner.ids.uid[HOME_QMAILP],
		.gid = spawner.ids.gid[HOME_GROUP_NOFILES] };
	str_add_z(&getpw, home_dir);
	str_add_z(&getpw, "/bin/qmail-getpw");
	lookup_init(&spawner.lookup, str_z(&getpw),
	    spawner.is_root ? &lookup_ids : NULL);
	loop.queue_uid = spawner.ids.uid[HOME_QMAILQ];
	spawnloop_run(&loop, PEER_FD);
	lookup_end(&spawner.lookup);
	_exit(0);
}
