/*
 * redirect.c - redirect: a copy goes to the new address, then the old one is
 * done.  The message is held meanwhile, and whatever fails between leaves it
 * so: nothing is lost, and at worst both get it.  Others wait: of two at once
 * the first would let go what the second counts on.
 * Input: files of the queue; addresses: of the administrator
 */
#include <errno.h>
#include <time.h>

#include "config/home.h"
#include "queue/inject.h"
#include "queue/state.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "verbs.h"

#define BUSY_WORDS                                                  \
	"is being delivered or redirected, or has left the queue; " \
	"nothing was done"
#define TROUBLE_WORDS                                                 \
	"its files cannot be used; the log of qmail-send tells why; " \
	"nothing was done"
#define STILL_WORDS \
	"a copy is queued, but the old recipient could not be taken out"
#define PATIENCE 100
#define NAP	 (100 * 1000 * 1000) /* nanoseconds */

struct redirecting {
	struct control *control;
	struct span old, fresh;
	struct str sender, parameters, wishes;
	uint64_t number;
	bool is_there;
	bool is_ordered; /* something that a power cut may undo */
};

/* Keeps what a copy needs, if the old address is still to do. */
static void
look(void *context, const struct message *message, enum stage stage)
{
	struct redirecting *redirecting = context;

	(void)stage;
	redirecting->is_there = false;
	for (size_t i = 0; i < message->recipients.len; i++) {
		const struct message_recipient *at = &message->recipients.at[i];

		if (at->is_done ||
		    !span_equal(message_address(message, at), redirecting->old))
			continue;
		redirecting->is_there = true;
		str_set(&redirecting->wishes, message_parameters(message, at));
	}
	redirecting->number = message->number;
	str_set(&redirecting->sender, str_span(&message->info.sender));
	str_set(&redirecting->parameters, str_span(&message->info.parameters));
}

static bool
is_under_way(char answer)
{
	return answer == ORDERS_BUSY || answer == ORDERS_AT_WORK ||
	    answer == ORDERS_DELIVERED;
}

/* Has qmail-send obey, again while the message is under way. */
static int
order(struct redirecting *redirecting, enum orders_verb verb, char *answer)
{
	const struct timespec nap = { .tv_nsec = NAP };

	for (int i = 0; i < PATIENCE; i++) {
		if (control_ask(redirecting->control, verb, redirecting->old,
			&redirecting->number, 1, answer) < 0)
			return -1;
		if (!is_under_way(*answer))
			return 0;
		(void)nanosleep(&nap, NULL);
	}
	return 0;
}

static bool
copy_message(struct redirecting *redirecting, struct inject *inject)
{
	int fd = file_open_nofollow(queue_path(
	    QUEUE_MESS, redirecting->number, redirecting->control->split)
					.s);
	char block[4096];
	ssize_t got = fd < 0 ? -1 : 1;

	while (got > 0 && (got = fd_read(fd, block, sizeof(block))) > 0)
		inject_message(inject, span_make(block, (size_t)got));
	fd_close(fd);
	return got == 0;
}

static bool
queue_copy(struct redirecting *redirecting)
{
	struct inject inject;

	if (inject_open(&inject, home_dir, INJECT_AS_IT_IS) < 0)
		return false;
	if (!copy_message(redirecting, &inject))
		inject_break(&inject);
	inject_sender(&inject, str_span(&redirecting->sender));
	inject_sender_parameters(&inject, str_span(&redirecting->parameters));
	inject_recipient_parameters(&inject, str_span(&redirecting->wishes));
	inject_recipient(&inject, redirecting->fresh);
	return inject_close(&inject).letter == VERDICT_ACCEPTED;
}

/* Returns NULL, or the words; it may have been all that was to be done. */
static const char *
resume(struct redirecting *redirecting, const char *words)
{
	char answer;

	if (order(redirecting, ORDERS_RESUME, &answer) < 0)
		return "";
	return answer == ORDERS_DONE || answer == ORDERS_GONE ? NULL : words;
}

static const char *
give_up(struct redirecting *redirecting, const char *words)
{
	const char *wrong = resume(
	    redirecting, "nothing was done, but it is held now: release it");

	return wrong ? wrong : words;
}

/* What broke off is a hold like others, and can be redirected again; but what
 * was ordered meanwhile counts. */
static const char *
leave_held(
    struct redirecting *redirecting, const char *words, const char *held_words)
{
	char answer;

	if (order(redirecting, ORDERS_KEEP, &answer) < 0)
		return "";
	return answer == ORDERS_GONE ? words : held_words;
}

/* Locks info, so that another redirect waits, of a message that was held
 * before, too.  Returns the descriptor; -1 if that took too long, or if the
 * message is gone. */
static int
lock(const struct redirecting *redirecting)
{
	const struct timespec nap = { .tv_nsec = NAP };
	uint64_t number = redirecting->number;
	uint64_t split = redirecting->control->split;

	for (int i = 0; i < PATIENCE; i++) {
		int fd =
		    file_open_nofollow(queue_path(QUEUE_INFO, number, split).s);

		if (fd >= 0 && lock_try(fd) == 0)
			return fd;
		fd_close(fd);
		if (message_file_exists(
			queue_path(QUEUE_MESS, number, split)) == 0)
			return -1;
		(void)nanosleep(&nap, NULL);
	}
	return -1;
}

/* A message that is held has all its files; before, some addresses may not be
 * as control files will have them.  What was under way then ends first, for the
 * old address may be among it. */
static const char *
hold_and_look(
    struct redirecting *redirecting, const struct selection *selection)
{
	char answer;

	/* What one that broke off has left stays held after this one, too. */
	if (order(redirecting, ORDERS_KEEP, &answer) < 0 ||
	    order(redirecting, ORDERS_PAUSE, &answer) < 0)
		return "";
	if (answer == ORDERS_TROUBLE)
		return TROUBLE_WORDS;
	if (answer != ORDERS_DONE)
		return BUSY_WORDS;
	redirecting->is_ordered = true;
	if (order(redirecting, ORDERS_ASK, &answer) < 0)
		return "";
	if (answer != ORDERS_WAITS)
		return give_up(redirecting, BUSY_WORDS);
	redirecting->is_there = false; /* it may be gone by now */
	return control_walk(
		   redirecting->control, selection, look, NULL, redirecting) < 0
	    ? ""
	    : NULL;
}

/* Returns NULL when it is done, or what went wrong; errno if that is "". */
static const char *
redirect_one(struct redirecting *redirecting, const struct selection *selection)
{
	const char *wrong = hold_and_look(redirecting, selection);
	char answer;

	if (wrong)
		return wrong;
	if (!redirecting->is_there)
		return give_up(
		    redirecting, "has no such recipient that is still to do");
	if (!queue_copy(redirecting))
		return leave_held(redirecting, "no copy could be queued",
		    "no copy could be queued; it is held: release it");
	if (order(redirecting, ORDERS_DROP, &answer) < 0)
		return "";
	if (answer != ORDERS_DONE)
		return leave_held(
		    redirecting, STILL_WORDS, STILL_WORDS "; it is held");
	return resume(redirecting, "is redirected, but held now: release it");
}

static const char *
redirect_alone(
    struct redirecting *redirecting, const struct selection *selection)
{
	int fd = lock(redirecting);
	const char *wrong =
	    fd < 0 ? BUSY_WORDS : redirect_one(redirecting, selection);
	int number = errno;

	if (redirecting->is_ordered && !control_sync())
		control_complain(
		    redirecting->control, redirecting->number, CONTROL_UNSAFE);
	fd_close(fd);
	errno = number;
	return wrong;
}

int
verbs_redirect(struct control *control, const struct verb *verb,
    const struct selection *selection, const struct str addresses[2])
{
	struct redirecting redirecting = { .control = control,
		.old = str_span(&addresses[0]),
		.fresh = str_span(&addresses[1]) };
	const char *wrong = NULL;
	int result = control_walk(control, selection, look, NULL, &redirecting);

	(void)verb;
	if (result == 0 && redirecting.number)
		wrong = redirect_alone(&redirecting, selection);
	if (wrong && *wrong)
		control_complain(control, redirecting.number, wrong);
	else if (wrong)
		result = -1;
	else if (result == 0 && redirecting.number)
		control_say(control, SPAN("redirected\n"));
	str_free(&redirecting.sender);
	str_free(&redirecting.parameters);
	str_free(&redirecting.wishes);
	return result;
}
