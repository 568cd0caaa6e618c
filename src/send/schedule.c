/* schedule.c - who is delivered next. */
#include "schedule.h"

#include "base/must.h"

#define STRAIGHT_PATIENCE 2000 /* milliseconds a straight message may wait */
#define GROUP_BYTES	  46000 /* of addresses in one run: an order holds more */
#define WIDE_SHARE	  5	/* see schedule_may_be_wide */
#define UNMARKED_MAX	  10	/* messages; see may_begin */

static const struct span verp_end = { "-@[]", 4 };

/* ---- passes ---- */

static void
join_passes(struct pass_list *list, struct pass *pass)
{
	pass->before = list->last;
	pass->after = NULL;
	*(list->last ? &list->last->after : &list->first) = pass;
	list->last = pass;
	list->count++;
}

static void
leave_passes(struct pass_list *list, struct pass *pass)
{
	*(pass->before ? &pass->before->after : &list->first) = pass->after;
	*(pass->after ? &pass->after->before : &list->last) = pass->before;
	list->count--;
}

void
schedule_open_pass(struct channel *channel, struct pass *pass)
{
	join_passes(&channel->passes, pass);
	if (pass->serves_others)
		channel->wide_passes++;
}

bool
schedule_may_be_wide(const struct channel *channel)
{
	return channel->wide_passes < 1 + channel->limit / WIDE_SHARE;
}

void
schedule_close_pass(
    struct channel *channel, struct hops *hops, struct pass *pass)
{
	leave_passes(&channel->passes, pass);
	if (pass->serves_others)
		channel->wide_passes--;
	pass_free(hops, pass);
}

static bool
is_stalled(const struct channel *channel, const struct pass *pass)
{
	return pass->stalled == channel->changes + 1;
}

/* How many recipients one run may carry: senders with VERP differ. */
static size_t
batch_of(const struct send *send, enum channel_id id, const struct job *job)
{
	if (id == CHANNEL_LOCAL || span_ends(str_span(&job->sender), verp_end))
		return 1;
	return (size_t)send->batch;
}

/*
 * No more failures of a message wait for the disk than the channel has slots,
 * so that bounce/N does not stay far behind what the log tells.  Of successes
 * any number may, for many go into one notice, but not faster than the scribe
 * gets on; if it cannot queue them nobody waits for that.
 */
static bool
is_recording(const struct channel *channel, const struct job_channel *own)
{
	const struct job_entry_book *failures = &own->books[JOB_FAILURES];
	const struct job_entry_book *successes = &own->books[JOB_SUCCESSES];

	return failures->recording.list.len + failures->unrecorded.list.len >=
	    channel->limit ||
	    (successes->is_recording && job_has_many_entries(successes));
}

/* Recipients whose hop has no room: their message waits with the hop. */
static void
leave_with_hop(struct send *send, struct pass *pass, struct job_channel *own,
    struct pass_group *group)
{
	size_t count = group->recipients.len;

	own->left += count;
	hops_block(&send->hops, group->hop,
	    backlog_entry(pass->job->number, group->recipients.at[0].told.start,
		group->recipients.at[count - 1].told.position),
	    own->is_fresh);
	pass_group_free(&send->hops, group);
}

/* Whether recipients of a hop without room stay in the window: if the message
 * has deliveries that will make room soon.  A pass that serves several hops
 * waits for any of them, as long as no other hop of its message could go on. */
static bool
can_stay(const struct pass *pass, const struct job_channel *own,
    const struct hop *hop)
{
	return own->running > 0 &&
	    (hop->state == HOP_WELL ||
		(pass->serves_others && !pass->gives_way));
}

/* Recipients that nobody is asked for: an administrator has decided. */
static bool
take_ordered(struct pass *pass, struct work *work)
{
	if (pass->window.len == 0)
		return false;
	pass_take(pass, 0, PASS_WINDOW, GROUP_BYTES, &work->group);
	work->kind = pass->job->order == INFO_ORDER_DELETE ? WORK_DELETE_GROUP
							   : WORK_RETURN_GROUP;
	work->job = pass->job;
	return true;
}

/*
 * Looks for recipients in the window that can be started, or deferred.  Those
 * of a hop without room stay in it, or are left with the hop.
 * Returns false if there are none.
 */
static bool
search_window(
    struct send *send, enum channel_id id, struct pass *pass, struct work *work)
{
	struct job_channel *own = &pass->job->channels[id];
	size_t most = batch_of(send, id, pass->job), i = 0;
	const struct hop *asked = NULL;

	if (info_order_ends(pass->job->order))
		return take_ordered(pass, work);
	while (i < pass->window.len) {
		struct hop *hop = pass->window.at[i].hop;
		enum hop_answer answer = HOP_ADMIT;

		if (hop && hop == asked) {
			i++;
			continue;
		}
		if (hop)
			answer = hops_ask(&send->hops, hop, send->monotonic);
		if (answer == HOP_BLOCK && can_stay(pass, own, hop)) {
			asked = hop;
			i++;
			continue;
		}
		pass_take(pass, i, answer == HOP_ADMIT ? most : PASS_WINDOW,
		    GROUP_BYTES, &work->group);
		if (answer == HOP_BLOCK) {
			leave_with_hop(send, pass, own, &work->group);
			continue;
		}
		work->kind =
		    answer == HOP_ADMIT ? WORK_GROUP : WORK_DEFER_GROUP;
		work->job = pass->job;
		return true;
	}
	return false;
}

/* Whether a hop that waits for the end of the pass could go on. */
static bool
is_wish_possible(const struct send *send, const struct job_channel *own)
{
	for (size_t i = 0; i < own->wanted.len; i++)
		if (hops_ask(&send->hops, own->wanted.at[i].hop,
			send->monotonic) == HOP_ADMIT)
			return true;
	return false;
}

/* Goes on with a pass.  Returns false if it has to wait. */
static bool
continue_pass(struct send *send, enum channel_id id, struct pass *pass,
    const struct pass_router *router, struct work *work)
{
	struct channel *channel = &send->channels[id];
	struct job_channel *own = &pass->job->channels[id];

	if (is_recording(channel, own)) {
		pass->stalled = channel->changes + 1;
		return false;
	}
	if (info_order_holds(pass->job->order)) {
		own->left += pass_skip(&send->hops, pass);
		own->is_partial = true;
	}
	if (search_window(send, id, pass, work))
		return true;
	work->job = pass->job;
	if (!pass->is_at_end && pass->window.len < pass_room(pass)) {
		work->kind = pass_fill(pass, &own->busy, router) < 0
		    ? WORK_BREAK_PASS
		    : WORK_STEP;
		return true;
	}
	if (pass->window.len == 0) {
		work->kind = WORK_END_PASS;
		return true;
	}
	if (pass->serves_others && !pass->gives_way &&
	    is_wish_possible(send, own)) {
		pass->gives_way = true;
		work->kind = WORK_STEP;
		return true;
	}
	pass->stalled = channel->changes + 1;
	return false;
}

/* The passes of a channel take turns, too. */
static bool
next_of_passes(struct send *send, enum channel_id id,
    const struct pass_router *router, struct work *work)
{
	struct pass_list *list = &send->channels[id].passes;

	for (uint64_t i = list->count; i > 0; i--) {
		struct pass *pass = list->first;

		if (!is_stalled(&send->channels[id], pass) &&
		    continue_pass(send, id, pass, router, work)) {
			if (work->kind == WORK_GROUP) {
				leave_passes(list, pass);
				join_passes(list, pass);
			}
			return true;
		}
		leave_passes(list, pass);
		join_passes(list, pass);
	}
	return false;
}

/* ---- straight messages ---- */

/* What to do with a straight message that could have a slot. */
static void
judge_straight(struct send *send, struct job *job, struct work *work)
{
	struct channel *channel = &send->channels[job->channel];
	enum hop_answer answer = job->hop
	    ? hops_ask(&send->hops, job->hop, send->monotonic)
	    : HOP_ADMIT;

	work->job = job;
	job_line_leave(
	    job->is_blocked ? &channel->blocked : &channel->in_line, job);
	job->is_blocked = answer == HOP_BLOCK;
	if (job->is_blocked) {
		hops_block(&send->hops, job->hop,
		    backlog_entry(job->number, 0, 0), true);
		job_line_join(&channel->blocked, job);
		work->kind = WORK_STEP;
		return;
	}
	work->kind = answer == HOP_ADMIT ? WORK_STRAIGHT : WORK_DEFER_STRAIGHT;
}

static bool
next_of_straight(struct send *send, enum channel_id id, struct work *work)
{
	struct job_line *line = &send->channels[id].in_line;
	struct job *job = id == CHANNEL_LOCAL ? line->first : line->last;

	if (!job)
		return false;
	judge_straight(send, job, work);
	return true;
}

struct job *
schedule_take_late(struct send *send, enum channel_id id, bool any)
{
	struct channel *channel = &send->channels[id];
	struct job_line *lines[] = { &channel->in_line, &channel->blocked };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct job *job = lines[i]->first;

		if (!job ||
		    (!any && channel->limit > 0 &&
			job->since + STRAIGHT_PATIENCE > send->monotonic))
			continue;
		job_line_leave(lines[i], job);
		return job;
	}
	return NULL;
}

void
schedule_unblock(struct channel *channel)
{
	while (channel->blocked.first) {
		struct job *job = channel->blocked.first;

		job_line_leave(&channel->blocked, job);
		job->is_blocked = false;
		job_line_join(&channel->in_line, job);
	}
}

int64_t
schedule_next_late(const struct send *send, enum channel_id id)
{
	const struct channel *channel = &send->channels[id];
	const struct job *first[] = { channel->in_line.first,
		channel->blocked.first };
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
		if (first[i] && first[i]->since + STRAIGHT_PATIENCE < next)
			next = first[i]->since + STRAIGHT_PATIENCE;
	return next;
}

/* ---- messages that wait ---- */

/*
 * No more passes are open than there are slots: those that are go first.  When
 * the marks of many messages cannot be written it is the disk, not a file, and
 * whatever is delivered now would be so again after a crash.
 */
static bool
may_begin(const struct send *send, const struct channel *channel)
{
	return channel->passes.count < channel->limit &&
	    send->unmarked < UNMARKED_MAX;
}

/* A message whose hop has room now, or refuses it. */
static bool
next_of_ready(struct send *send, enum channel_id id, struct work *work)
{
	struct channel *channel = &send->channels[id];
	struct backlog_entry entry;
	struct hop *hop;
	struct job *job;

	if (id == CHANNEL_LOCAL || !may_begin(send, channel) ||
	    !hops_next_ready(&send->hops, &entry, &hop))
		return false;
	job = job_find(&send->jobs, entry.number);
	work->kind = WORK_STEP;
	if (job && job->state == JOB_IN_LINE) {
		hops_release(&send->hops, hop);
		if (job->is_blocked)
			judge_straight(send, job, work);
	} else if (job && job->state != JOB_ACTIVE) {
		hops_release(&send->hops, hop);
		job->is_blocked = false; /* it gets in line another way */
	} else if (job && job->channels[id].pass) {
		struct job_wish wish = { hop, entry };

		vec_push(&job->channels[id].wanted, wish);
		job->channels[id].pass->stalled = 0; /* it looks again */
	} else {
		work->kind = WORK_BEGIN;
		work->number = entry.number;
		work->entry = entry;
		work->only = hop;
	}
	return true;
}

static bool
next_of_fresh(struct send *send, enum channel_id id, struct work *work)
{
	struct channel *channel = &send->channels[id];

	if (backlog_is_empty(&channel->fresh) || !may_begin(send, channel))
		return false;
	work->kind = WORK_BEGIN;
	work->number = id == CHANNEL_LOCAL
	    ? backlog_take_oldest(&channel->fresh).number
	    : backlog_take(&channel->fresh).number;
	work->is_fresh = true;
	return true;
}

static bool
next_of_due(struct send *send, enum channel_id id, struct work *work)
{
	struct channel *channel = &send->channels[id];
	const struct heap_entry *first = heap_first(&channel->waiting);

	if (!first || first->when > send->now || !may_begin(send, channel))
		return false;
	work->kind = WORK_BEGIN;
	work->number = first->number;
	heap_remove_first(&channel->waiting);
	return true;
}

/* ---- all together ---- */

static bool
has_slot(const struct send *send, enum channel_id id)
{
	const struct channel *channel = &send->channels[id];

	return !send->exits_asap && send->deliveries.links[id].fd != -1 &&
	    channel->running < channel->limit &&
	    !scribing_is_busy(&send->scribing) &&
	    !cleaning_is_busy(&send->cleaning);
}

static bool
ask_source(struct send *send, enum channel_id id, enum source source,
    const struct pass_router *router, struct work *work)
{
	switch (source) {
	case SOURCE_STRAIGHT:
		return next_of_straight(send, id, work);
	case SOURCE_PASSES:
		return next_of_passes(send, id, router, work);
	case SOURCE_READY:
		return next_of_ready(send, id, work);
	case SOURCE_FRESH:
		return next_of_fresh(send, id, work);
	default:
		return next_of_due(send, id, work);
	}
}

void
schedule_next(struct send *send, enum channel_id id,
    const struct pass_router *router, struct work *work)
{
	struct channel *channel = &send->channels[id];

	*work = (struct work){ .kind = WORK_NONE, .channel = id };
	if (!has_slot(send, id))
		return;
	for (int i = 0; i < SOURCES; i++) {
		channel->turn = (enum source)((channel->turn + 1) % SOURCES);
		if (ask_source(send, id, channel->turn, router, work))
			return;
	}
	work->kind = WORK_NONE;
}

bool
schedule_has_work(const struct send *send, enum channel_id id)
{
	const struct channel *channel = &send->channels[id];
	const struct heap_entry *first = heap_first(&channel->waiting);

	if (!has_slot(send, id))
		return false;
	if (channel->in_line.first)
		return true;
	for (const struct pass *pass = channel->passes.first; pass;
	     pass = pass->after)
		if (!is_stalled(channel, pass))
			return true;
	return may_begin(send, channel) &&
	    ((first && first->when <= send->now) ||
		!backlog_is_empty(&channel->fresh) ||
		(id == CHANNEL_REMOTE && hops_is_ready(&send->hops)));
}
