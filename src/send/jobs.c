/* jobs.c - what is known of a message while something happens to it. */
#include "jobs.h"

#include <errno.h>
#include <string.h>

#include "base/must.h"
#include "queue/info.h"
#include "queue/state.h"
#include "sys/fd.h"

struct job *
job_find(const struct jobs *jobs, uint64_t number)
{
	return number_set_value(&jobs->table, number);
}

struct job *
job_new(struct jobs *jobs, uint64_t number)
{
	struct job *job = must_realloc(NULL, sizeof(*job));

	*job = (struct job){ .number = number, .order = INFO_ORDER_NONE };
	for (int i = 0; i < CHANNELS; i++)
		job->channels[i].fd = -1;
	must(number_set_add(&jobs->table, number));
	number_set_set_value(&jobs->table, number, job);
	return job;
}

static void
free_entries(struct job_entries *entries)
{
	vec_free(&entries->list);
	str_free(&entries->text);
}

static void
free_channel(struct job_channel *own)
{
	must(own->pass == NULL && own->wanted.len == 0);
	fd_close(own->fd);
	number_set_free(&own->busy);
	vec_free(&own->wanted);
	vec_free(&own->unmarked);
	str_free(&own->delays);
	for (int i = 0; i < JOB_BOOKS; i++) {
		free_entries(&own->books[i].recording);
		free_entries(&own->books[i].unrecorded);
	}
}

void
job_free(struct jobs *jobs, struct job *job)
{
	must(job->hop == NULL);
	number_set_remove(&jobs->table, job->number);
	for (int i = 0; i < CHANNELS; i++)
		free_channel(&job->channels[i]);
	str_free(&job->sender);
	str_free(&job->parameters);
	str_free(&job->recipient);
	str_free(&job->wishes);
	str_free(&job->failure);
	must_free(job);
}

/* Which channels wait: those with a file, unless info says otherwise. */
static int
look_at_channels(struct job *job, uint64_t split, const struct info *info)
{
	for (int i = 0; i < CHANNELS; i++) {
		int there;

		job->channels[i].is_finished = info->is_finished[i];
		job->channels[i].is_told_of_delay = info->is_told_of_delay[i];
		if (info->is_finished[i])
			continue;
		there = message_file_exists(
		    channel_path((enum channel_id)i, job->number, split));
		if (there < 0)
			return -1;
		if (there)
			job->channels[i].state = JOB_CHANNEL_WAITS;
	}
	return 0;
}

int
job_load(struct jobs *jobs, uint64_t number, uint64_t split, struct job **job)
{
	struct info info = INFO_INIT;
	int result = info_read(number, split, &info);

	if (result == 0) {
		*job = job_new(jobs, number);
		(*job)->state = JOB_ACTIVE;
		(*job)->birth = info.birth;
		(*job)->seen_ahead = info.seen_ahead;
		(*job)->is_bounced = info.is_bounced;
		(*job)->order = info.order;
		str_set(&(*job)->sender, str_span(&info.sender));
		str_set(&(*job)->parameters, str_span(&info.parameters));
		result = look_at_channels(*job, split, &info);
		if (result < 0) {
			int number_of_error = errno;

			job_free(jobs, *job);
			errno = number_of_error;
		}
	}
	info_free(&info);
	return result;
}

static bool
has_entries(const struct job_entry_book *book)
{
	return book->recording.list.len || book->unrecorded.list.len;
}

bool
job_channel_is_busy(const struct job_channel *own)
{
	return own->pass || own->busy.len > 0;
}

bool
job_is_busy(const struct job *job)
{
	for (int i = 0; i < CHANNELS; i++)
		if (job_channel_is_busy(&job->channels[i]) ||
		    has_entries(&job->channels[i].books[JOB_SUCCESSES]))
			return true;
	return false;
}

void
job_add_entry(struct job_entry_book *book, uint64_t position, struct span text)
{
	struct job_entries *entries = &book->unrecorded;
	struct job_entry entry = { .position = position };

	str_add(&entries->text, text);
	entry.end = entries->text.len;
	vec_push(&entries->list, entry);
}

bool
job_has_many_entries(const struct job_entry_book *book)
{
	return book->unrecorded.text.len >= JOB_ENTRIES_MAX;
}

/* Moves the first entries, as many as fit, to those that are recorded. */
static void
take_entries(struct job_entry_book *book, size_t max)
{
	struct job_entries *from = &book->unrecorded, *to = &book->recording;
	size_t count = 1, end;

	while (count < from->list.len && from->list.at[count].end <= max)
		count++;
	end = from->list.at[count - 1].end;
	str_set(&to->text, span_upto(str_span(&from->text), end));
	for (size_t i = 0; i < count; i++)
		vec_push(&to->list, from->list.at[i]);
	from->list.len -= count;
	for (size_t i = 0; i < from->list.len; i++) {
		from->list.at[i] = from->list.at[i + count];
		from->list.at[i].end -= end;
	}
	from->text.len -= end;
	memmove(from->text.s, from->text.s + end, from->text.len);
}

struct span
job_next_record(struct job_entry_book *book, size_t max)
{
	if (book->recording.list.len == 0 && book->unrecorded.list.len)
		take_entries(book, max);
	return str_span(&book->recording.text);
}

void
job_line_join(struct job_line *line, struct job *job)
{
	job->before = line->last;
	job->after = NULL;
	*(line->last ? &line->last->after : &line->first) = job;
	line->last = job;
}

void
job_line_leave(struct job_line *line, struct job *job)
{
	*(job->before ? &job->before->after : &line->first) = job->after;
	*(job->after ? &job->after->before : &line->last) = job->before;
	job->before = job->after = NULL;
}
