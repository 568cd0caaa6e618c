/*
 * sts_serve.c - who asks, and who is sent out to look.
 * Input: questions from programs of the suite, the domains in them from strangers;
 * results from processes that have heard strangers
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "config/home.h"
#include "net/dns.h"
#include "net/ip.h"
#include "sts.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define MS		1000
#define CLIENTS_MAX	1000 /* at once; others wait at the door */
#define JOBS_MAX	32   /* who look at a time */
#define QUESTION_MS	10000
#define ANSWER_MS	90000 /* less than STSDOOR_SECONDS */
#define JOB_MS		100000
#define CHECK_MS	600000 /* till the record is looked at again */
#define FAILED_MS	300000 /* till it is tried again */
#define REFRESH_LOOK_MS 60000  /* how often old policies are looked for */
#define REFRESHES	4      /* that wait or run at a time */
#define DAY		86400
#define FORGOTTEN_MS	((int64_t)31 * DAY * MS) /* that nobody has asked for */

struct client {
	int fd; /* -1: it is to be forgotten */
	int64_t deadline;
	struct entry *entry; /* that it waits for; NULL: it has not asked yet */
};

struct job {
	pid_t pid;
	int fd; /* -1: it is to be forgotten */
	int64_t deadline;
	struct entry *entry;
	struct str result;
};

struct serving {
	uid_t peer;
	int door;
	int64_t door_opens; /* clock_monotonic; 0: it is open */
	int64_t next_refresh;
	struct cache cache;
	VEC(struct client) clients;
	VEC(struct job) jobs;
	VEC(struct entry *)
	wanted; /* to be looked at, first come first served */
	VEC(struct pollfd) fds;
};

/* ---- answers ---- */

static void
send_answer(struct client *client, enum sts_outcome outcome,
    const struct sts_answer *answer)
{
	struct str record = STR_INIT;

	stsdoor_format(&record, outcome, answer);
	/* Who does not hear it has gone. */
	(void)!fdpass_send(client->fd, str_span(&record), -1);
	fd_close(client->fd);
	client->fd = -1;
	str_free(&record);
}

/* What is known.  Until somebody has looked that is no policy. */
static void
answer_entry(struct client *client, const struct entry *entry)
{
	struct sts_answer answer = { entry->policy, entry->id, entry->reason };

	answer.policy.max_age = entry_seconds(entry);
	if (answer.policy.max_age && answer.policy.mode != STS_NONE)
		send_answer(client, STSDOOR_POLICY, &answer);
	else
		send_answer(client,
		    entry->reason.len ? STSDOOR_FAILED : STSDOOR_NONE, &answer);
}

static void
answer_none(struct client *client, enum sts_outcome outcome, const char *reason)
{
	struct sts_answer answer = STS_ANSWER_INIT;

	str_add_z(&answer.reason, reason);
	send_answer(client, outcome, &answer);
	sts_answer_free(&answer);
}

/* ---- who looks ---- */

/* It is looked at when its turn comes. */
static void
want(struct serving *serving, struct entry *entry)
{
	if (entry->is_busy)
		return;
	entry->is_busy = true;
	vec_push(&serving->wanted, entry);
}

/* In the new process. */
NORETURN static void
become_job(const struct entry *entry, int result)
{
	struct look look = { str_span(&entry->domain),
		entry_is_old(entry) ? SPAN("") : str_span(&entry->id) };

	signal_serve_not();
	signal_default(SIGPIPE);
	if (dup2(result, 1) != 1 || chdir(home_dir) < 0)
		_exit(1);
	fd_close_from(3);
	sts_look(&look, 1);
}

static void
finish(struct serving *serving, struct entry *entry)
{
	entry->is_busy = false;
	for (size_t i = 0; i < serving->clients.len; i++)
		if (serving->clients.at[i].fd >= 0 &&
		    serving->clients.at[i].entry == entry)
			answer_entry(&serving->clients.at[i], entry);
	if (entry->is_again)
		entry->good_until = 0;
	entry->is_again = false;
}

/* What is known stays, and will be looked at again. */
static void
take_failure(struct entry *entry, struct span type, struct span words)
{
	bool is_type = span_equal(type, SPAN("sts-webpki-invalid")) ||
	    span_equal(type, SPAN("sts-policy-invalid"));

	if (!is_type)
		type = SPAN("sts-policy-fetch-error");
	str_set(&entry->reason, type);
	entry->good_until = clock_monotonic() + FAILED_MS;
	sts_log_failure(entry, type, words);
}

/* A fault of ours says nothing of the domain: who waits gets no answer, which
 * means later, and what is known stays.  errno: what it was. */
static void
give_up(struct serving *serving, struct entry *entry)
{
	error_warn(STS_PROGRAM, "look");
	entry->is_busy = entry->is_again = false;
	for (size_t i = 0; i < serving->clients.len; i++) {
		struct client *client = &serving->clients.at[i];

		if (client->fd < 0 || client->entry != entry)
			continue;
		fd_close(client->fd);
		client->fd = -1;
	}
}

static void
start_job(struct serving *serving, struct entry *entry)
{
	struct job job = { .entry = entry, .result = STR_INIT };
	int ends[2];

	if (fd_pipe(ends) < 0) {
		give_up(serving, entry);
		return;
	}
	job.pid = fork();
	if (job.pid == 0)
		become_job(entry, ends[1]);
	job.fd = ends[0];
	job.deadline = clock_monotonic() + JOB_MS;
	if (job.pid < 0 || fd_set_nonblocking(job.fd) < 0) {
		give_up(serving, entry);
		fd_close(ends[0]);
		fd_close(ends[1]);
		return;
	}
	fd_close(ends[1]);
	vec_push(&serving->jobs, job);
}

/* Whether there is still a reason to look: a policy to keep, or somebody who
 * waits. */
static bool
is_still_wanted(const struct serving *serving, const struct entry *entry)
{
	for (size_t i = 0; i < serving->clients.len; i++)
		if (serving->clients.at[i].fd >= 0 &&
		    serving->clients.at[i].entry == entry)
			return true;
	return entry_seconds(entry) > 0;
}

/* Domains that nobody waits for any more are passed over: else a flood of slow
 * ones would keep all others waiting long after it. */
static void
start_jobs(struct serving *serving)
{
	size_t count = 0;

	while (count < serving->wanted.len && serving->jobs.len < JOBS_MAX) {
		struct entry *entry = serving->wanted.at[count++];

		if (is_still_wanted(serving, entry))
			start_job(serving, entry);
		else
			entry->is_busy = entry->is_again = false;
	}
	serving->wanted.len -= count;
	for (size_t i = 0; i < serving->wanted.len; i++)
		serving->wanted.at[i] = serving->wanted.at[i + count];
}

/* The policy was confirmed: till when nobody has to look.  Never till its end: it
 * is to be fetched again before. */
static void
set_good(struct entry *entry)
{
	int64_t half = (int64_t)entry_seconds(entry) * MS / 2;

	entry->good_until =
	    clock_monotonic() + (half < CHECK_MS ? half : CHECK_MS);
}

static void
take_policy(struct serving *serving, struct entry *entry, struct span id,
    struct span file)
{
	struct sts_policy policy = STS_POLICY_INIT;

	if (!sts_policy_parse(file, &policy)) {
		take_failure(
		    entry, SPAN("sts-policy-invalid"), SPAN("grammar"));
	} else {
		cache_set_policy(&serving->cache, entry, id, &policy);
		set_good(entry);
		sts_log_policy(entry);
	}
	sts_policy_free(&policy);
}

/* What a process has said before its end. */
static void
take_result(struct serving *serving, struct job *job)
{
	struct span rest = str_span(&job->result), id, type;
	struct entry *entry = job->entry;
	char letter = rest.len ? rest.s[0] : LOOK_FAILED;

	rest = span_from(rest, 1);
	if (!span_cut_next(&rest, '\0', &id) || id.len > STS_ID_MAX)
		id = SPAN("");
	if (letter == LOOK_POLICY && id.len) {
		take_policy(serving, entry, id, rest);
	} else if (letter == LOOK_SAME) {
		str_reset(&entry->reason);
		set_good(entry);
	} else if (letter == LOOK_NONE) {
		/* A policy stays till its end though its record has gone. */
		str_reset(&entry->reason);
		entry->good_until = clock_monotonic() + CHECK_MS;
	} else {
		if (!span_cut_next(&rest, '\0', &type))
			type = rest = SPAN("");
		take_failure(
		    entry, type, rest.len ? rest : SPAN("it came to no end"));
	}
	finish(serving, entry);
}

/* ---- who asks ---- */

/* The domain as it is asked for; false: it can have no policy. */
static bool
make_domain(struct str *domain, struct span text)
{
	struct ip_address address;
	struct dnsname name;

	if (!dnsname_parse(text, &name))
		return false;
	dnsname_lower(&name);
	dnsname_format(domain, &name);
	return sts_is_host(str_span(domain)) &&
	    !ip_parse(str_span(domain), &address);
}

static void
take_question(struct serving *serving, struct client *client, struct span text)
{
	struct str domain = STR_INIT;
	struct entry *entry;
	int64_t now = clock_monotonic();

	if (!make_domain(&domain, text)) {
		answer_none(client, STSDOOR_NONE, "");
	} else if (!(entry = cache_get(&serving->cache, str_span(&domain)))) {
		answer_none(client, STSDOOR_FAILED, "sts-policy-fetch-error");
	} else {
		entry->asked = now;
		if (now >= entry->good_until)
			want(serving, entry);
		if (entry_seconds(entry) || now < entry->good_until) {
			answer_entry(client, entry);
		} else {
			client->entry = entry;
			client->deadline = now + ANSWER_MS;
		}
	}
	str_free(&domain);
}

static void
hear_client(struct serving *serving, struct client *client)
{
	char record[STSDOOR_QUESTION_MAX];
	ssize_t got = fdpass_receive(client->fd, record, sizeof(record), NULL);
	struct span domain;

	if (got < 0 && errno == EAGAIN)
		return;
	if (got > 0 && !client->entry &&
	    stsdoor_question(span_make(record, (size_t)got), &domain)) {
		take_question(serving, client, domain);
		return;
	}
	fd_close(client->fd); /* it has gone, or says what it may not */
	client->fd = -1;
}

static void
let_in(struct serving *serving)
{
	struct client client = { .fd = door_accept(serving->door) };
	uid_t uid;

	if (client.fd < 0) {
		if (errno != EAGAIN)
			serving->door_opens = clock_monotonic() + MS;
		return;
	}
	if (door_peer(client.fd, &uid) < 0 ||
	    (uid != 0 && uid != serving->peer)) {
		fd_close(client.fd);
		return;
	}
	client.deadline = clock_monotonic() + QUESTION_MS;
	vec_push(&serving->clients, client);
}

/* ---- the loop ---- */

static void
hear_job(struct serving *serving, struct job *job)
{
	char buffer[4096];
	ssize_t got = fd_read(job->fd, buffer, sizeof(buffer));

	if (got < 0 && errno == EAGAIN)
		return;
	if (got > 0)
		str_add(&job->result, span_make(buffer, (size_t)got));
	if (got > 0 && job->result.len <= LOOK_RESULT)
		return;
	if (got > 0) { /* it says more than it may */
		(void)kill(job->pid, SIGKILL);
		str_reset(&job->result);
	}
	fd_close(job->fd);
	job->fd = -1;
	take_result(serving, job);
	str_free(&job->result);
}

/* Ends what takes too long. */
static void
look_at_deadlines(struct serving *serving, int64_t now)
{
	for (size_t i = 0; i < serving->jobs.len; i++) {
		struct job *job = &serving->jobs.at[i];

		if (now >= job->deadline) /* its end comes through the pipe */
			(void)kill(job->pid, SIGKILL);
	}
	for (size_t i = 0; i < serving->clients.len; i++) {
		struct client *client = &serving->clients.at[i];

		if (client->fd < 0 || now < client->deadline)
			continue;
		if (client->entry) {
			answer_none(
			    client, STSDOOR_FAILED, "sts-policy-fetch-error");
			continue;
		}
		fd_close(client->fd);
		client->fd = -1;
	}
}

/* Has policies fetched again before they end, of domains that mail goes to. */
static void
refresh(struct serving *serving, int64_t now)
{
	unsigned count = 0;

	if (now < serving->next_refresh)
		return;
	serving->next_refresh = now + REFRESH_LOOK_MS;
	cache_correct(&serving->cache);
	for (size_t i = 0; i < serving->cache.all.len; i++) {
		struct entry *entry = serving->cache.all.at[i];

		if (entry_seconds(entry) && entry_is_old(entry) &&
		    !entry->is_busy && now >= entry->good_until &&
		    now - entry->asked < FORGOTTEN_MS && ++count <= REFRESHES)
			want(serving, entry);
	}
}

/* Forgets who has gone. */
static void
tidy(struct serving *serving)
{
	size_t kept = 0;

	for (size_t i = 0; i < serving->clients.len; i++)
		if (serving->clients.at[i].fd >= 0)
			serving->clients.at[kept++] = serving->clients.at[i];
	serving->clients.len = kept;
	kept = 0;
	for (size_t i = 0; i < serving->jobs.len; i++)
		if (serving->jobs.at[i].fd >= 0)
			serving->jobs.at[kept++] = serving->jobs.at[i];
	serving->jobs.len = kept;
}

static void
add_fd(struct serving *serving, int fd)
{
	struct pollfd added = { .fd = fd, .events = POLLIN };

	vec_push(&serving->fds, added);
}

/* How long nothing can happen unless somebody says something. */
static int64_t
patience(const struct serving *serving, int64_t now)
{
	int64_t until = serving->next_refresh;

	if (serving->door_opens && serving->door_opens < until)
		until = serving->door_opens;
	for (size_t i = 0; i < serving->clients.len; i++)
		if (serving->clients.at[i].deadline < until)
			until = serving->clients.at[i].deadline;
	for (size_t i = 0; i < serving->jobs.len; i++)
		if (serving->jobs.at[i].deadline < until)
			until = serving->jobs.at[i].deadline;
	return until > now ? until - now : 0;
}

static void
serve_once(struct serving *serving)
{
	int64_t now = clock_monotonic();
	bool is_open =
	    !serving->door_opens && serving->clients.len < CLIENTS_MAX;
	size_t clients, jobs;
	int status;

	refresh(serving, now);
	look_at_deadlines(serving, now);
	start_jobs(serving);
	tidy(serving);
	clients = serving->clients.len;
	jobs = serving->jobs.len;
	serving->fds.len = 0;
	add_fd(serving, is_open ? serving->door : -1);
	for (size_t i = 0; i < clients; i++)
		add_fd(serving, serving->clients.at[i].fd);
	for (size_t i = 0; i < jobs; i++)
		add_fd(serving, serving->jobs.at[i].fd);
	if (signal_poll(serving->fds.at, (nfds_t)serving->fds.len,
		patience(serving, now)) < 0)
		error_exit(STS_PROGRAM, "poll");
	while (spawn_reap(&status) > 0)
		continue;
	if (signal_take_hangup())
		cache_forget_all(&serving->cache);
	if (serving->door_opens && clock_monotonic() >= serving->door_opens)
		serving->door_opens = 0;
	for (size_t i = 0; i < clients; i++)
		if (serving->fds.at[1 + i].revents)
			hear_client(serving, &serving->clients.at[i]);
	for (size_t i = 0; i < jobs; i++)
		if (serving->fds.at[1 + clients + i].revents)
			hear_job(serving, &serving->jobs.at[i]);
	if (serving->fds.at[0].revents)
		let_in(serving);
}

void
sts_serve(int door, uid_t peer)
{
	struct serving serving = { .peer = peer, .door = door };

	if (cache_load(&serving.cache) < 0)
		error_exit(STS_PROGRAM, CACHE_FOLDER);
	while (!signal_is_to_end())
		serve_once(&serving);
	for (size_t i = 0; i < serving.jobs.len; i++)
		(void)kill(serving.jobs.at[i].pid, SIGKILL);
}
