/*
 * act.c - hold, release, retry, bounce and delete.
 * Input: files of the queue; addresses: hostile
 */
#include <errno.h>
#include <time.h>

#include "verbs.h"

#define PATIENCE   13 /* tries for what is under way: 9 seconds */
#define NAP	   (100 * 1000 * 1000) /* nanoseconds; each is longer by these */
#define SECOND	   (1000 * 1000 * 1000)
#define BUSY_WORDS "is being sorted or delivered just now; nothing was done"
#define PARTLY_WORDS \
	"is being delivered just now: what is under way ends as it does"
#define OTHERS_WORDS \
	"has other recipients, too, which were not named; nothing was done"

struct acting {
	struct control *control;
	const struct verb *verb;
	const struct selection *selection;
	VEC(uint64_t) chosen;
	struct numbers busy;	/* that could not obey yet */
	struct numbers unclear; /* that may be meant */
	VEC(uint64_t) obeyed;	/* but not yet told */
	uint64_t done;
};

static void
choose(void *context, const struct message *message, enum stage stage)
{
	struct acting *acting = context;

	(void)stage;
	if (message->is_unclear)
		vec_push(&acting->unclear.list, message->number);
	else if (acting->verb->is_for_whole &&
	    selection_has_others(acting->selection, message))
		control_complain(
		    acting->control, message->number, OTHERS_WORDS);
	else
		vec_push(&acting->chosen, message->number);
}

static void
tell_done(struct acting *acting, uint64_t number, bool is_safe)
{
	struct str *line = &acting->control->line;

	acting->done++;
	str_reset(line);
	str_add_z(line, acting->verb->done);
	str_add_byte(line, ' ');
	str_add_u64(line, number);
	str_add_byte(line, '\n');
	control_say(acting->control, str_span(line));
	if (!is_safe)
		control_complain(acting->control, number, CONTROL_UNSAFE);
}

/* One sync serves all that were obeyed; a retry leaves nothing on the disk. */
static void
tell_obeyed(struct acting *acting)
{
	bool is_safe = acting->obeyed.len == 0 ||
	    acting->verb->order == ORDERS_RETRY || control_sync();

	for (size_t i = 0; i < acting->obeyed.len; i++)
		tell_done(acting, acting->obeyed.at[i], is_safe);
	acting->obeyed.len = 0;
}

static void
take_answer(struct acting *acting, uint64_t number, enum orders_answer answer)
{
	switch (answer) {
	case ORDERS_DONE:
		vec_push(&acting->obeyed, number);
		break;
	case ORDERS_PARTLY:
		vec_push(&acting->obeyed, number);
		control_complain(acting->control, number, PARTLY_WORDS);
		break;
	case ORDERS_BUSY:
		vec_push(&acting->busy.list, number);
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
		for (size_t j = 0; result == 0 && j < count; j++)
			take_answer(
			    acting, numbers[j], (enum orders_answer)answers[j]);
	}
	acting->chosen.len = 0;
	return result;
}

/* Looks at some of them again: who their recipients are may be otherwise now. */
static int
walk_again(struct acting *acting, struct numbers *numbers,
    const struct selection *selection)
{
	struct selection again = *selection;
	struct numbers all = *numbers;
	int result = 0;

	*numbers = (struct numbers){ .list = VEC_INIT };
	again.is_again = acting->selection->numbers.len == 0;
	for (size_t i = 0; result == 0 && i < all.list.len;
	     i += again.numbers.len) {
		again.numbers.at = all.list.at + i;
		again.numbers.len = all.list.len - i;
		if (again.numbers.len > CONTROL_AT_ONCE)
			again.numbers.len = CONTROL_AT_ONCE;
		result = control_walk(
		    acting->control, &again, choose, order_chosen, acting);
	}
	vec_free(&all.list);
	return result;
}

static void
complain_of_busy(struct acting *acting, const struct numbers *numbers)
{
	for (size_t i = 0; i < numbers->list.len; i++)
		control_complain(
		    acting->control, numbers->list.at[i], BUSY_WORDS);
}

/* What was under way may wait by now; many at once are asked for less often. */
static int
order_busy(struct acting *acting)
{
	static const struct selection any = SELECTION_INIT;
	int result = 0;

	for (int i = 0; result == 0 && i < PATIENCE &&
	     (acting->busy.list.len || acting->unclear.list.len);
	     i++) {
		int64_t pause = (int64_t)NAP * (i + 1);
		const struct timespec nap = { .tv_sec = pause / SECOND,
			.tv_nsec = pause % SECOND };

		(void)nanosleep(&nap, NULL);
		/* What was chosen is meant, whatever its age and state are by
		 * now; choose looks who else has it. */
		result = walk_again(acting, &acting->busy, &any);
		if (result == 0)
			result = walk_again(
			    acting, &acting->unclear, acting->selection);
		tell_obeyed(acting);
	}
	complain_of_busy(acting, &acting->busy);
	complain_of_busy(acting, &acting->unclear);
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
	tell_obeyed(&acting);
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
	vec_free(&acting.busy.list);
	vec_free(&acting.unclear.list);
	vec_free(&acting.obeyed);
	return result;
}
