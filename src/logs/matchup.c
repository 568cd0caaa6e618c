/*
 * matchup.c - tells of each delivery and each message in a log of qmail-send in
 * one line, when it has ended.
 * Runs as   the administrator.
 * Reads     the log on fd 0, behind what a run before left: with words of
 *           strangers.
 * Writes    the lines to fd 1; to fd 5 what has not ended, for the next run.
 * Source    matchup(1), qmail-log(5); the lines are in outcome.h.
 */
#include "base/must.h"
#include "mail/logevent.h"
#include "open.h"
#include "outcome.h"
#include "sys/error.h"
#include "sys/lines.h"

#define REST_FD 5
#define PROGRAM "matchup"

static char out_buffer[65536], rest_buffer[65536];

struct matchup {
	struct open messages, deliveries;
	struct str text; /* a line that is put together */
	struct out out;
};

static void
add_word(struct str *text, struct span word)
{
	str_add_byte(text, ' ');
	str_add(text, word);
}

static void
add_number(struct str *text, uint64_t number)
{
	str_add_byte(text, ' ');
	str_add_u64(text, number);
}

static void
write_text(struct str *text, struct out *out)
{
	str_add_byte(text, '\n');
	out_add(out, str_span(text));
	str_reset(text);
}

/* ---- events ---- */

static void
take_info(
    struct matchup *matchup, struct span stamp, const struct logevent *event)
{
	struct open_entry *message =
	    open_add(&matchup->messages, event->message);

	logstamp_add_decimal(&message->stamp, stamp);
	str_add_lower(&message->who, event->sender);
	message->bytes = event->bytes;
	message->qp = event->qp;
	message->uid = event->uid;
}

static void
take_extra(struct matchup *matchup, const struct logevent *event)
{
	struct open_entry *message =
	    open_find(&matchup->messages, event->message);

	if (!message)
		return;
	message->successes = event->successes;
	message->deferrals = event->deferrals;
	message->failures = event->failures;
}

static void
take_start(
    struct matchup *matchup, struct span stamp, const struct logevent *event)
{
	struct open_entry *delivery =
	    open_add(&matchup->deliveries, event->delivery);

	logstamp_add_decimal(&delivery->stamp, stamp);
	delivery->message = event->message;
	str_add_lower(&delivery->who, event->channel);
	str_add_byte(&delivery->who, '.');
	str_add_lower(&delivery->who, event->recipient);
}

static void
count_result(struct open_entry *message, enum logevent_result result)
{
	uint64_t *count = &message->deferrals;

	if (result == LOGEVENT_SUCCESS)
		count = &message->successes;
	if (result == LOGEVENT_FAILURE)
		count = &message->failures;
	outcome_add_total(count, 1);
}

/* What is not known of a message that began in a log before this one. */
static void
add_unknown(struct str *text, const struct open_entry *delivery)
{
	str_add_z(text, " 0 ?");
	add_word(text, str_span(&delivery->who));
	str_add_z(text, " ? ?");
}

static void
add_known(struct str *text, const struct open_entry *message,
    const struct open_entry *delivery)
{
	add_number(text, message->bytes);
	add_word(text, str_span(&message->who));
	add_word(text, str_span(&delivery->who));
	add_number(text, message->qp);
	add_number(text, message->uid);
}

static void
take_delivery(
    struct matchup *matchup, struct span stamp, const struct logevent *event)
{
	struct open_entry *delivery, *message;
	struct str *text = &matchup->text;
	bool is_mangled = event->result == LOGEVENT_MANGLED;

	delivery = open_find(&matchup->deliveries, event->delivery);
	if (!delivery)
		return;
	message = open_find(&matchup->messages, delivery->message);
	str_add_z(text, "d ");
	str_add_byte(
	    text, (char)(is_mangled ? LOGEVENT_DEFERRAL : event->result));
	add_word(text, str_span(message ? &message->stamp : &delivery->stamp));
	add_word(text, str_span(&delivery->stamp));
	str_add_byte(text, ' ');
	logstamp_add_decimal(text, stamp);
	if (message) {
		add_known(text, message, delivery);
		count_result(message, event->result);
	} else {
		add_unknown(text, delivery);
	}
	add_word(text, is_mangled ? SPAN("report_mangled") : event->reason);
	write_text(text, &matchup->out);
	open_end(&matchup->deliveries, event->delivery);
}

static void
take_end(
    struct matchup *matchup, struct span stamp, const struct logevent *event)
{
	struct open_entry *message =
	    open_find(&matchup->messages, event->message);
	struct str *text = &matchup->text;

	if (!message)
		return;
	str_add_byte(text, 'm');
	add_word(text, str_span(&message->stamp));
	str_add_byte(text, ' ');
	logstamp_add_decimal(text, stamp);
	add_number(text, message->bytes);
	add_number(text, message->successes);
	add_number(text, message->failures);
	add_number(text, message->deferrals);
	add_word(text, str_span(&message->who));
	add_number(text, message->qp);
	add_number(text, message->uid);
	write_text(text, &matchup->out);
	open_end(&matchup->messages, event->message);
}

/* A line for people; what is not understood is marked. */
static void
pass_on(struct matchup *matchup, const char *mark, struct span line)
{
	out_add_z(&matchup->out, mark);
	out_add(&matchup->out, line);
	out_add(&matchup->out, SPAN("\n"));
}

static void
take_line(struct matchup *matchup, struct span line)
{
	struct span rest = line, stamp = logevent_cut_word(&rest);
	struct logevent event;

	logevent_parse(rest, &event);
	switch (event.kind) {
	case LOGEVENT_NEW:
		open_end(&matchup->messages, event.message);
		break;
	case LOGEVENT_INFO:
		take_info(matchup, stamp, &event);
		break;
	case LOGEVENT_EXTRA:
		take_extra(matchup, &event);
		break;
	case LOGEVENT_STARTING:
		take_start(matchup, stamp, &event);
		break;
	case LOGEVENT_DELIVERY:
		take_delivery(matchup, stamp, &event);
		break;
	case LOGEVENT_END:
		take_end(matchup, stamp, &event);
		break;
	case LOGEVENT_RUNNING:
	case LOGEVENT_EXITING:
		/* Whoever ran them is gone. */
		open_end_all(&matchup->deliveries);
		break;
	case LOGEVENT_STATUS:
		break;
	case LOGEVENT_WARNING:
	case LOGEVENT_ALERT:
		pass_on(matchup, "", line);
		break;
	default:
		pass_on(matchup, "? ", line);
	}
}

/* ---- what has not ended ---- */

static void
write_message(
    const struct open_entry *message, struct str *text, struct out *out)
{
	str_add(text, str_span(&message->stamp));
	str_add_z(text, " info msg ");
	str_add_u64(text, message->number);
	str_add_z(text, ": bytes ");
	str_add_u64(text, message->bytes);
	str_add_z(text, " from ");
	str_add(text, str_span(&message->who));
	str_add_z(text, " qp ");
	str_add_u64(text, message->qp);
	str_add_z(text, " uid ");
	str_add_u64(text, message->uid);
	write_text(text, out);
	str_add(text, str_span(&message->stamp));
	str_add_z(text, " extra");
	add_number(text, message->number);
	add_number(text, message->successes);
	add_number(text, message->deferrals);
	add_number(text, message->failures);
	write_text(text, out);
}

static void
write_delivery(
    const struct open_entry *delivery, struct str *text, struct out *out)
{
	struct span who = str_span(&delivery->who);
	size_t point = span_find(who, '.'); /* behind the channel */

	str_add(text, str_span(&delivery->stamp));
	str_add_z(text, " starting delivery ");
	str_add_u64(text, delivery->number);
	str_add_z(text, ": msg ");
	str_add_u64(text, delivery->message);
	str_add_z(text, " to");
	add_word(text, span_upto(who, point));
	add_word(text, span_from(who, point + 1));
	write_text(text, out);
}

/* The last line may be one that is still being written: it is kept as it is. */
static void
write_rest(struct matchup *matchup, struct span unfinished)
{
	struct open_list list;
	struct out rest;

	out_init(&rest, REST_FD, rest_buffer, sizeof(rest_buffer));
	open_in_order(&matchup->messages, &list);
	for (size_t i = 0; i < list.found.len; i++)
		write_message(list.found.at[i], &matchup->text, &rest);
	vec_free(&list.found);
	open_in_order(&matchup->deliveries, &list);
	for (size_t i = 0; i < list.found.len; i++)
		write_delivery(list.found.at[i], &matchup->text, &rest);
	vec_free(&list.found);
	out_add(&rest, unfinished);
	if (out_flush(&rest) < 0)
		error_exit(PROGRAM, "cannot write to descriptor 5");
}

int
main(void)
{
	struct span line, unfinished = SPAN("");
	struct matchup matchup = { .text = STR_INIT };
	struct lines lines;

	must_hooks(111, NULL);
	lines_init(&lines, PROGRAM);
	out_init(&matchup.out, 1, out_buffer, sizeof(out_buffer));
	open_init(&matchup.messages);
	open_init(&matchup.deliveries);
	while (lines_next(&lines, &line)) {
		if (lines.is_whole)
			take_line(&matchup, line);
		else
			unfinished = line;
	}
	lines_flush(PROGRAM, &matchup.out);
	write_rest(&matchup, unfinished);
	open_free(&matchup.messages);
	open_free(&matchup.deliveries);
	str_free(&matchup.text);
	lines_free(&lines);
	return 0;
}
