/*
 * figures.c - the queue by state and channel, for programs; queue/controldoor.h has
 * the form.
 * Input: files of the queue
 */
#include "sys/clock.h"
#include "verbs.h"

#define PLACES (CHANNELS + 1) /* the last: not decided yet */

struct figure {
	uint64_t messages, bytes, recipients, oldest; /* oldest: seconds */
};

struct figures {
	int64_t now;
	struct figure stages[STAGES], channels[STAGES][PLACES];
};

static void
count(struct figure *figure, const struct message *message, int64_t now)
{
	int64_t age = now - message->info.birth;

	figure->messages++;
	figure->bytes += message->size;
	if (age > 0 && (uint64_t)age > figure->oldest)
		figure->oldest = (uint64_t)age;
}

static void
count_message(void *context, const struct message *message, enum stage stage)
{
	struct figures *figures = context;
	uint64_t todo[PLACES] = { 0 };

	count(&figures->stages[stage], message, figures->now);
	for (size_t i = 0; i < message->recipients.len; i++)
		if (!message->recipients.at[i].is_done)
			todo[message->recipients.at[i].channel]++;
	for (size_t i = 0; i < PLACES; i++) {
		if (!todo[i])
			continue;
		count(&figures->channels[stage][i], message, figures->now);
		figures->channels[stage][i].recipients += todo[i];
	}
}

static void
add_number(struct str *line, uint64_t number)
{
	str_add_byte(line, ' ');
	str_add_u64(line, number);
}

static void
add_stage(struct str *line, const struct figures *figures, enum stage stage)
{
	static const char *const names[PLACES] = { [CHANNEL_LOCAL] = "local",
		[CHANNEL_REMOTE] = "remote",
		[CHANNELS] = "unknown" };
	const struct figure *all = &figures->stages[stage];

	str_add_z(line, stage_name(stage));
	add_number(line, all->messages);
	add_number(line, all->bytes);
	add_number(line, all->oldest);
	str_add_byte(line, '\n');
	for (size_t i = 0; i < PLACES; i++) {
		const struct figure *figure = &figures->channels[stage][i];

		str_add_z(line, stage_name(stage));
		str_add_byte(line, ' ');
		str_add_z(line, names[i]);
		add_number(line, figure->messages);
		add_number(line, figure->recipients);
		add_number(line, figure->oldest);
		str_add_byte(line, '\n');
	}
}

int
verbs_figures(struct control *control, const struct verb *verb,
    const struct selection *selection, const struct str addresses[2])
{
	struct figures figures = { .now = clock_seconds() };

	(void)verb;
	(void)addresses;
	if (control_walk(control, selection, count_message, NULL, &figures) < 0)
		return -1;
	str_reset(&control->line);
	for (int i = 0; i < STAGES; i++)
		add_stage(&control->line, &figures, (enum stage)i);
	control_say(control, str_span(&control->line));
	return 0;
}
