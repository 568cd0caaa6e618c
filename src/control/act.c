/*
 * act.c - hold, release, retry, bounce and delete.
 * Input: files of the queue; addresses: hostile
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "sys/fd.h"
#include "sys/file.h"
#include "sys/filesystem.h"
#include "verbs.h"

#define PATIENCE     13 /* tries for what is under way: 9 seconds */
#define NAP	     (100 * 1000 * 1000) /* nanoseconds; each is longer by these */
#define SECOND	     (1000 * 1000 * 1000)
#define BUSY_WORDS   "is being sorted or delivered just now; nothing was done"
#define UNSAFE_WORDS "this could not be synced; a power cut may undo it"
#define OTHERS_WORDS \
	"has other recipients, too, which were not named; nothing was done"

struct acting {
	struct control *control;
	const struct verb *verb;
	const struct selection *selection;
	VEC(uint64_t) chosen, busy;
	uint64_t done;
	bool is_unsafe; /* what was just done may not be on the disk */
};

static void
choose(void *context, const struct message *message, enum stage stage)
{
	struct acting *acting = context;

	(void)stage;
	if (acting->verb->is_for_whole &&
	    selection_has_others(acting->selection, message))
		control_complain(
		    acting->control, message->number, OTHERS_WORDS);
	else
		vec_push(&acting->chosen, message->number);
}

static void
tell_done(struct acting *acting, uint64_t number)
{
	struct str *line = &acting->control->line;

	acting->done++;
	str_reset(line);
	str_add_z(line, acting->verb->done);
	str_add_byte(line, ' ');
	str_add_u64(line, number);
	str_add_byte(line, '\n');
	control_say(acting->control, str_span(line));
	if (acting->is_unsafe)
		control_complain(acting->control, number, UNSAFE_WORDS);
}

static void
tell(struct acting *acting, uint64_t number, enum orders_answer answer)
{
	switch (answer) {
	case ORDERS_DONE:
		tell_done(acting, number);
		break;
	case ORDERS_BUSY:
		vec_push(&acting->busy, number);
		break;
	case ORDERS_IS_HELD:
		control_complain(
		    acting->control, number, "is held; release it first");
		break;
	case ORDERS_GONE:
		if (acting->selection->numbers.len)
			control_complain(acting->control, number,
			    "has left the queue meanwhile");
		break;
	default:
		control_complain(acting->control, number,
		    "its files cannot be used; the log of qmail-send tells why");
		break;
	}
}

/* Orders stand in info, and qmail-send waits for no disk: so we do, once for all
 * that were obeyed together.  What is told as held must still be so after a power
 * cut; and what is to go must not be delivered then. */
static bool
sync_orders(void)
{
	int fd = file_open(queue_folder_name(QUEUE_INFO));
	bool is_synced = fd >= 0 && filesystem_sync(fd) == 0;

	fd_close(fd);
	return is_synced;
}

/* Has qmail-send obey for those that are chosen. */
static int
order_chosen(void *context)
{
	struct acting *acting = context;
	char answers[CONTROL_AT_ONCE];
	int result = 0;

	for (size_t i = 0, count; result == 0 && i < acting->chosen.len;
	     i += count) {
		const uint64_t *numbers = acting->chosen.at + i;

		count = acting->chosen.len - i;
		if (count > CONTROL_AT_ONCE)
			count = CONTROL_AT_ONCE;
		result = control_ask(acting->control, acting->verb->order,
		    SPAN(""), numbers, count, answers);
		if (result == 0 && acting->verb->order != ORDERS_RETRY &&
		    memchr(answers, ORDERS_DONE, count))
			acting->is_unsafe = !sync_orders();
		for (size_t j = 0; result == 0 && j < count; j++)
			tell(
			    acting, numbers[j], (enum orders_answer)answers[j]);
	}
	acting->chosen.len = 0;
	return result;
}

/* What was under way may wait by now; many at once are asked for less often. */
static int
order_busy(struct acting *acting)
{
	int result = 0;

	for (int i = 0; result == 0 && acting->busy.len && i < PATIENCE; i++) {
		int64_t pause = (int64_t)NAP * (i + 1);
		const struct timespec nap = { .tv_sec = pause / SECOND,
			.tv_nsec = pause % SECOND };

		(void)nanosleep(&nap, NULL);
		for (size_t j = 0; j < acting->busy.len; j++)
			vec_push(&acting->chosen, acting->busy.at[j]);
		acting->busy.len = 0;
		result = order_chosen(acting);
	}
	for (size_t i = 0; i < acting->busy.len; i++)
		control_complain(
		    acting->control, acting->busy.at[i], BUSY_WORDS);
	return result;
}

int
verbs_order(struct control *control, const struct verb *verb,
    const struct selection *selection, const struct str addresses[2])
{
	struct acting acting = {
		.control = control, .verb = verb, .selection = selection
	};
	int result =
	    control_walk(control, selection, choose, order_chosen, &acting);

	(void)addresses;
	if (result == 0)
		result = order_busy(&acting);
	str_reset(&control->line);
	str_add_u64(&control->line, acting.done);
	str_add_z(
	    &control->line, acting.done == 1 ? " message " : " messages ");
	str_add_z(&control->line, verb->done);
	str_add_byte(&control->line, '\n');
	control_say(control, str_span(&control->line));
	vec_free(&acting.chosen);
	vec_free(&acting.busy);
	return result;
}
