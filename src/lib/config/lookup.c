/*
 * lookup.c - the accounts of local parts, asked of qmail-getpw.
 * Input: from qmail-getpw, not trusted; local parts: hostile
 */
#include "config/lookup.h"

#include "base/must.h"
#include "config/cdb.h"
#include "config/users.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/spawn_apart.h"

#define KNOWN_MS 2000 /* for which an answer is believed */

void
lookup_init(
    struct lookup *lookup, const char *program, const struct spawn_ids *ids)
{
	*lookup = (struct lookup){ .program = program,
		.ids = ids,
		.patience = LOOKUP_MS,
		.rest = LOOKUP_REST_MS };
	for (int i = 0; i < LOOKUP_HELPERS; i++)
		lookup->helpers[i].fd = -1;
}

/* ---- questions ---- */

static struct lookup_question *
find_question(struct lookup *lookup, struct span local_part)
{
	for (size_t i = 0; i < lookup->questions.len; i++)
		if (span_equal(str_span(&lookup->questions.at[i].local_part),
			local_part))
			return &lookup->questions.at[i];
	return NULL;
}

static struct lookup_question *
add_question(struct lookup *lookup, struct span local_part)
{
	struct lookup_question fresh = { .state = LOOKUP_ASKED,
		.until = clock_monotonic() + lookup->patience,
		.local_part = STR_INIT,
		.record = STR_INIT };

	str_set(&fresh.local_part, local_part);
	vec_push(&lookup->questions, fresh);
	return &lookup->questions.at[lookup->questions.len - 1];
}

/* Those that are not open any more have been asked for by all who wait. */
static void
forget_settled(struct lookup *lookup)
{
	size_t kept = 0;

	for (size_t i = 0; i < lookup->questions.len; i++) {
		struct lookup_question question = lookup->questions.at[i];

		if (question.state == LOOKUP_ASKED) {
			lookup->questions.at[kept++] = question;
			continue;
		}
		str_free(&question.local_part);
		str_free(&question.record);
	}
	lookup->questions.len = kept;
}

/* An answer, or none: record is empty. */
static void
settle(struct lookup *lookup, struct span local_part, struct span record)
{
	struct lookup_question *question = find_question(lookup, local_part);

	if (!question || question->state != LOOKUP_ASKED)
		return;
	question->state = record.len ? LOOKUP_FOUND : LOOKUP_FAILED;
	str_set(&question->record, record);
}

static struct lookup_known *
known_place(struct lookup *lookup, struct span local_part)
{
	return &lookup->known[cdb_hash(local_part) % LOOKUP_KNOWN];
}

static void
remember(struct lookup *lookup, struct span local_part, struct span record)
{
	struct lookup_known *known = known_place(lookup, local_part);

	str_set(&known->local_part, local_part);
	str_set(&known->record, record);
	/* "Not now" is no answer to remember: it does not parse. */
	known->until = record.len > 1 ? clock_monotonic() + KNOWN_MS : 0;
}

/* ---- helpers ---- */

static bool
is_busy(const struct lookup_helper *helper)
{
	return helper->fd != -1 && helper->local_part.len > 0;
}

/* Starts qmail-getpw, which then answers one request after the other. */
static bool
start_helper(struct lookup *lookup, struct lookup_helper *helper)
{
	char *argv[] = { (char *)"qmail-getpw", (char *)"--serve", (char *)"0",
		NULL };
	struct spawn plan = { .path = lookup->program,
		.argv = argv,
		.ids = lookup->ids,
		.leads_group = true,
		.fd_count = 1 };
	int ends[2];
	pid_t pid;

	if (fd_pair(ends) < 0)
		return false;
	plan.fds[0] = (struct spawn_fd){ ends[1], 0 };
	pid = spawn_start_apart(&plan, ""); /* else its socket closes */
	fd_close(ends[1]);
	if (pid < 0 || fd_set_nonblocking(ends[0]) < 0) {
		fd_close(ends[0]);
		return false;
	}
	helper->pid = pid;
	helper->fd = ends[0];
	return true;
}

/* Ends it, and gives up what it was asked. */
static void
drop_helper(struct lookup *lookup, struct lookup_helper *helper)
{
	if (helper->pid)
		spawn_end(helper->pid, true);
	fd_close(helper->fd);
	helper->fd = -1;
	helper->pid = 0;
	helper->until = 0;
	settle(lookup, str_span(&helper->local_part), SPAN(""));
	str_reset(&helper->local_part);
}

/* One that can be asked now: idle, or started; NULL if there is none. */
static struct lookup_helper *
free_helper(struct lookup *lookup)
{
	struct lookup_helper *absent = NULL;

	for (int i = 0; i < LOOKUP_HELPERS; i++) {
		struct lookup_helper *helper = &lookup->helpers[i];

		if (helper->fd != -1 && !is_busy(helper))
			return helper;
		if (helper->fd == -1 && !absent &&
		    helper->until <= clock_monotonic())
			absent = helper;
	}
	return absent && start_helper(lookup, absent) ? absent : NULL;
}

static bool
someone_is_busy(const struct lookup *lookup)
{
	for (int i = 0; i < LOOKUP_HELPERS; i++)
		if (is_busy(&lookup->helpers[i]))
			return true;
	return false;
}

static void
send_question(struct lookup *lookup, struct lookup_helper *helper,
    struct lookup_question *question)
{
	str_set(&helper->local_part, str_span(&question->local_part));
	helper->until = clock_monotonic() + lookup->patience;
	question->is_sent = true;
	if (fdpass_send(helper->fd, str_span(&question->local_part), -1) < 0)
		drop_helper(lookup, helper);
}

/* Sends what can be sent.  What nobody will ever take is given up. */
static void
send_questions(struct lookup *lookup)
{
	for (size_t i = 0; i < lookup->questions.len; i++) {
		struct lookup_question *question = &lookup->questions.at[i];
		struct lookup_helper *helper;

		if (question->state != LOOKUP_ASKED || question->is_sent)
			continue;
		if ((helper = free_helper(lookup)))
			send_question(lookup, helper, question);
		else if (!someone_is_busy(lookup))
			question->state = LOOKUP_FAILED;
		else
			break; /* its turn comes with the next answer */
	}
}

enum lookup_state
lookup_ask(struct lookup *lookup, struct span local_part, struct str *record)
{
	struct lookup_known *known = known_place(lookup, local_part);
	struct lookup_question *question = find_question(lookup, local_part);

	must(local_part.len > 0);
	if (!question && clock_monotonic() < known->until &&
	    span_equal(local_part, str_span(&known->local_part))) {
		str_set(record, str_span(&known->record));
		return LOOKUP_FOUND;
	}
	if (!question) {
		question = add_question(lookup, local_part);
		send_questions(lookup);
	}
	if (question->state == LOOKUP_FOUND)
		str_set(record, str_span(&question->record));
	return question->state;
}

/* ---- in the loop ---- */

static void
limit(int64_t *deadline, int64_t other)
{
	if (!*deadline || other < *deadline)
		*deadline = other;
}

size_t
lookup_watch(struct lookup *lookup, struct pollfd *fds, int64_t *deadline)
{
	size_t count = 0;

	forget_settled(lookup);
	for (size_t i = 0; i < lookup->questions.len; i++)
		limit(deadline, lookup->questions.at[i].until);
	for (int i = 0; i < LOOKUP_HELPERS; i++) {
		const struct lookup_helper *helper = &lookup->helpers[i];

		if (is_busy(helper))
			limit(deadline, helper->until);
		if (helper->fd != -1)
			fds[count++] = (struct pollfd){ .fd = helper->fd,
				.events = POLLIN };
	}
	return count;
}

/* What came from a helper: its answer, or its end. */
static void
hear_helper(struct lookup *lookup, struct lookup_helper *helper)
{
	char answer[USERS_RECORD_MAX];
	ssize_t got = fdpass_receive(helper->fd, answer, sizeof(answer), NULL);
	struct span record = span_make(answer, got > 0 ? (size_t)got : 0);

	if (record.len == 0 || !is_busy(helper)) {
		drop_helper(lookup, helper);
		return;
	}
	settle(lookup, str_span(&helper->local_part), record);
	remember(lookup, str_span(&helper->local_part), record);
	str_reset(&helper->local_part);
}

/* What has lasted too long. */
static void
give_up(struct lookup *lookup)
{
	int64_t now = clock_monotonic();

	for (int i = 0; i < LOOKUP_HELPERS; i++) {
		struct lookup_helper *helper = &lookup->helpers[i];

		if (!is_busy(helper) || now < helper->until)
			continue;
		drop_helper(lookup, helper);
		helper->until = now + lookup->rest;
	}
	for (size_t i = 0; i < lookup->questions.len; i++)
		if (lookup->questions.at[i].state == LOOKUP_ASKED &&
		    now >= lookup->questions.at[i].until)
			lookup->questions.at[i].state = LOOKUP_FAILED;
}

bool
lookup_hear(struct lookup *lookup, const struct pollfd *fds)
{
	for (int i = 0; i < LOOKUP_HELPERS; i++) {
		struct lookup_helper *helper = &lookup->helpers[i];

		if (helper->fd != -1 && fds++->revents)
			hear_helper(lookup, helper);
	}
	give_up(lookup);
	send_questions(lookup);
	for (size_t i = 0; i < lookup->questions.len; i++)
		if (lookup->questions.at[i].state != LOOKUP_ASKED)
			return true;
	return false;
}

void
lookup_child_ended(struct lookup *lookup, pid_t pid)
{
	for (int i = 0; i < LOOKUP_HELPERS; i++)
		if (lookup->helpers[i].pid == pid)
			lookup->helpers[i].pid = 0;
}

void
lookup_end(struct lookup *lookup)
{
	for (int i = 0; i < LOOKUP_HELPERS; i++) {
		drop_helper(lookup, &lookup->helpers[i]);
		str_free(&lookup->helpers[i].local_part);
	}
	for (size_t i = 0; i < lookup->questions.len; i++)
		lookup->questions.at[i].state = LOOKUP_FAILED;
	forget_settled(lookup);
	vec_free(&lookup->questions);
	for (int i = 0; i < LOOKUP_KNOWN; i++) {
		str_free(&lookup->known[i].local_part);
		str_free(&lookup->known[i].record);
	}
}
