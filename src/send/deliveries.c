/*
 * deliveries.c - what the spawners are doing.
 * Input: from a peer of ours; texts of reports: hostile
 */
#include "deliveries.h"

#include "base/must.h"

struct run *
deliveries_start_run(uint64_t number, enum channel_id channel, struct hop *hop)
{
	struct run *run = must_realloc(NULL, sizeof(*run));

	*run = (struct run){ .number = number, .channel = channel, .hop = hop };
	return run;
}

struct delivery *
deliveries_add(struct deliveries *deliveries, struct run *run,
    const struct channel_recipient *recipient)
{
	struct delivery *delivery = must_realloc(NULL, sizeof(*delivery));

	/* After four billion orders some may still run. */
	do
		deliveries->last_order++;
	while (deliveries->last_order == 0 ||
	    !number_set_add(&deliveries->table, deliveries->last_order));
	*delivery = (struct delivery){ .order = deliveries->last_order,
		.run = run,
		.position = recipient->position };
	str_set(&delivery->recipient, str_span(&recipient->address));
	str_set(&delivery->parameters, str_span(&recipient->parameters));
	number_set_set_value(&deliveries->table, delivery->order, delivery);
	run->open++;
	return delivery;
}

void
deliveries_name(struct deliveries *deliveries, struct delivery *delivery)
{
	while (!delivery->number) /* once more after four billion */
		delivery->number = ++deliveries->last_number;
}

struct run *
deliveries_end(struct deliveries *deliveries, struct delivery *delivery)
{
	struct run *run = delivery->run;

	number_set_remove(&deliveries->table, delivery->order);
	str_free(&delivery->recipient);
	str_free(&delivery->parameters);
	must_free(delivery);
	return --run->open == 0 ? run : NULL;
}

void
deliveries_free_run(struct run *run)
{
	str_free(&run->said);
	must_free(run);
}

static enum event_kind
kind_of(char result)
{
	switch (result) {
	case DELIVERY_SUCCESS:
		return EVENT_DELIVERED;
	case DELIVERY_FAILURE:
		return EVENT_FAILED;
	case DELIVERY_DEFERRAL:
	case DELIVERY_UNTRIED:
		return EVENT_DEFERRED;
	default:
		return EVENT_MANGLED;
	}
}

int
deliveries_next_event(struct deliveries *deliveries, enum channel_id channel,
    struct span *rest, struct event *event)
{
	struct delivery_report report;
	struct delivery *delivery;

	if (!delivery_report_next(rest, &report))
		return rest->len ? -1 : 0;
	*event = (struct event){ .kind = kind_of(report.result),
		.text = report.text,
		.is_passed_on = report.is_passed_on,
		.sessions = report.sessions,
		.is_untried = report.result == DELIVERY_UNTRIED };
	delivery = report.delivery
	    ? number_set_value(&deliveries->table, report.delivery)
	    : NULL;
	if (!delivery || delivery->run->channel != channel)
		return 1;
	event->delivery = delivery;
	event->number = delivery->run->number;
	if (report.hop != DELIVERY_HOP_UNTOLD)
		delivery->run->found = report.hop;
	if (report.hop == DELIVERY_HOP_TROUBLE && delivery->run->hop)
		hops_note(delivery->run->hop, report.text);
	return 1;
}

void
deliveries_refuse(struct deliveries *deliveries, struct delivery *delivery)
{
	vec_push(&deliveries->refused, delivery);
}

struct delivery *
deliveries_next_refused(struct deliveries *deliveries)
{
	return deliveries->refused.len
	    ? deliveries->refused.at[--deliveries->refused.len]
	    : NULL;
}

struct delivery *
deliveries_any(const struct deliveries *deliveries)
{
	return number_set_any(&deliveries->table);
}
