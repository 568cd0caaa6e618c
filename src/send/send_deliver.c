/*
 * send_deliver.c - deliveries: started by a spawner, ended by its report.
 * Input: from a peer of ours; texts of reports: hostile
 */
#include <errno.h>
#include <unistd.h>

#include "base/must.h"
#include "mail/bounce.h"
#include "queue/path.h"
#include "sys/fd.h"
#include "sys/file.h"

#include "send.h"
#include "waiting.h"

static const char *const channel_names[CHANNELS] = { "local ", "remote " };

static const char over_age_remark[] =
    "The message was in the queue too long; this was the last try.\n";

static void
log_start(struct send *send, const struct delivery *delivery)
{
	send_log_z(send, "starting delivery ");
	send_log_u64(send, delivery->number);
	send_log_z(send, ": msg ");
	send_log_u64(send, delivery->job->number);
	send_log_z(send, " to ");
	send_log_z(send, channel_names[delivery->channel]);
	send_log_safe(send, str_span(&delivery->recipient));
	send_log_end(send);
	send_log_status(send);
}

static void
log_result(struct send *send, const struct delivery *delivery,
    const char *result, struct span text)
{
	send_log_z(send, "delivery ");
	send_log_u64(send, delivery->number);
	send_log_z(send, result);
	send_log_safe(send, text);
	send_log_end(send);
	send_log_status(send);
}

/* Gives the job to the spawner, with the message as an open descriptor. */
static bool
hand_over(struct send *send, const struct delivery *delivery)
{
	const struct job *job = delivery->job;
	struct str text = STR_INIT, sender = STR_INIT;
	int fd = file_open_nofollow(
	    queue_path(QUEUE_MESS, job->number, send->split).s);

	if (fd < 0)
		return false;
	routing_expand_verp(
	    &sender, str_span(&job->sender), str_span(&delivery->recipient));
	delivery_add_head(&text, job->number, str_span(&sender));
	delivery_add_recipient(
	    &text, delivery->number, str_span(&delivery->recipient));
	link_send(&send->channels[delivery->channel].link, str_span(&text), fd);
	fd_close(fd);
	str_free(&text);
	str_free(&sender);
	return true;
}

void
deliver_mark(struct send *send, struct job *job, enum channel_id channel,
    uint64_t position)
{
	struct job_channel *own = &job->channels[channel];
	char done = WAITING_DONE;
	ssize_t put;

	do
		put = pwrite(own->fd, &done, 1, (off_t)position);
	while (put < 0 && errno == EINTR);
	if (put == 1)
		own->open--;
	else
		send_log_trouble(send, "trouble marking",
		    queue_folder_name(
			(enum queue_folder)waiting_folder(channel)),
		    job->number, "; message will be delivered twice!");
}

/* Adds the paragraph of the bounce, with the address as it was written. */
static void
add_failure(struct send *send, const struct delivery *delivery,
    struct span text, struct str *paragraph)
{
	bounce_add_paragraph(paragraph,
	    routing_restore(&send->routing, str_span(&delivery->recipient)),
	    text);
}

/* The recipient of a straight message has its result. */
static void
settle_straight(
    struct send *send, struct delivery *delivery, char result, struct span text)
{
	struct job *job = delivery->job;

	if (result == DELIVERY_DEFERRAL) {
		job_park(send, job, job->channels[delivery->channel].retry);
		return;
	}
	if (result == DELIVERY_FAILURE)
		add_failure(send, delivery, text, &job->failure);
	job_finish(send, job->number);
}

static void
settle_waiting(
    struct send *send, struct delivery *delivery, char result, struct span text)
{
	struct job *job = delivery->job;

	if (result == DELIVERY_FAILURE) {
		struct str paragraph = STR_INIT;

		add_failure(send, delivery, text, &paragraph);
		job->channels[delivery->channel].recording++;
		scribe_record(send, job, delivery->channel, delivery->position,
		    str_span(&paragraph));
		str_free(&paragraph);
		return; /* still at work: scribe_hear ends it */
	}
	if (result == DELIVERY_SUCCESS)
		deliver_mark(send, job, delivery->channel, delivery->position);
	job->channels[delivery->channel].running--;
	job_settle(send, job, delivery->channel);
}

static void
end_delivery(struct send *send, size_t index, char result, struct span report)
{
	struct delivery delivery = send->deliveries.at[index];
	struct str text = STR_INIT;

	send->deliveries.at[index] =
	    send->deliveries.at[--send->deliveries.len];
	send->channels[delivery.channel].running--;
	str_set(&text, report);
	if (result == DELIVERY_DEFERRAL && delivery.job->is_over_age) {
		result = DELIVERY_FAILURE;
		str_add_z(&text, over_age_remark);
	}
	switch (result) {
	case DELIVERY_SUCCESS:
		log_result(send, &delivery, ": success: ", str_span(&text));
		break;
	case DELIVERY_FAILURE:
		log_result(send, &delivery, ": failure: ", str_span(&text));
		break;
	case DELIVERY_DEFERRAL:
		log_result(send, &delivery, ": deferral: ", str_span(&text));
		break;
	default:
		log_result(
		    send, &delivery, ": report mangled, will defer", SPAN(""));
		result = DELIVERY_DEFERRAL;
	}
	if (delivery.job->is_straight)
		settle_straight(send, &delivery, result, str_span(&text));
	else
		settle_waiting(send, &delivery, result, str_span(&text));
	str_free(&text);
	str_free(&delivery.recipient);
}

void
deliver_start(struct send *send, struct job *job, enum channel_id channel,
    struct span recipient, uint64_t position)
{
	struct delivery delivery = { .number = ++send->last_delivery,
		.channel = channel,
		.job = job,
		.position = position };

	str_add(&delivery.recipient, recipient);
	vec_push(&send->deliveries, delivery);
	send->channels[channel].running++;
	job->channels[channel].running++;
	log_start(send, &delivery);
	if (!hand_over(send, &delivery))
		end_delivery(send, send->deliveries.len - 1, DELIVERY_DEFERRAL,
		    SPAN("The message file cannot be opened. (#4.3.0)\n"));
}

void
deliver_hear(struct send *send, enum channel_id channel, struct span record)
{
	struct delivery_report report;

	while (delivery_report_next(&record, &report)) {
		size_t i = 0;

		while (i < send->deliveries.len &&
		    (send->deliveries.at[i].number != report.delivery ||
			send->deliveries.at[i].channel != channel))
			i++;
		if (i < send->deliveries.len)
			end_delivery(send, i, report.result, report.text);
		else
			send_log_line(send,
			    "warning: internal error: delivery report out of "
			    "range");
	}
	if (record.len)
		send_log_line(send, "warning: malformed delivery report");
}
