/*
 * control.c - what verbs are made of.
 * Input: files of the queue; addresses: hostile
 */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/ascii.h"
#include "queue/record.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/file.h"
#include "sys/filesystem.h"

#define OUT_MAX 32768 /* bytes that are said together */

void
control_flush(struct control *control)
{
	if (control->out.len)
		control->say(
		    control->context, CONTROLDOOR_OUT, str_span(&control->out));
	str_reset(&control->out);
}

void
control_say(struct control *control, struct span text)
{
	while (text.len) {
		struct span part = span_upto(text, OUT_MAX);

		if (control->out.len + part.len > OUT_MAX)
			control_flush(control);
		str_add(&control->out, part);
		text = span_from(text, part.len);
	}
}

void
control_complain(struct control *control, uint64_t number, const char *words)
{
	struct str text = STR_INIT;

	str_add_u64(&text, number);
	str_add_z(&text, ": ");
	str_add_z(&text, words);
	str_add_byte(&text, '\n');
	control_flush(control);
	control->say(control->context, CONTROLDOOR_ERROR, str_span(&text));
	control->is_incomplete = true;
	str_free(&text);
}

void
control_add_safe(struct str *text, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		str_add_byte(
		    text, ascii_is_printable(bytes.s[i]) ? bytes.s[i] : '_');
}

/* ---- orders ---- */

static int
read_answers(
    struct span rest, const uint64_t *numbers, size_t count, char *answers)
{
	uint64_t tag, number;
	struct span answer;

	if (!record_next_number(&rest, ORDERS_TAG, UINT32_MAX, &tag))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!record_next_number(
			&rest, ORDERS_NUMBER, INT64_MAX, &number) ||
		    number != numbers[i] ||
		    !record_next_is(&rest, ORDERS_ANSWER, &answer) ||
		    answer.len != 1)
			return -1;
		answers[i] = answer.s[0];
	}
	return rest.len == 0 ? 0 : -1;
}

int
control_ask(struct control *control, enum orders_verb verb, struct span address,
    const uint64_t *numbers, size_t count, char *answers)
{
	static char datagram[FDPASS_RECORD_MAX];
	const char letter = (char)verb;
	struct str text = STR_INIT;
	ssize_t got;
	int result;

	record_add_number(&text, ORDERS_TAG, 0);
	record_add(&text, ORDERS_VERB, span_make(&letter, 1));
	record_add_number(&text, ORDERS_UID, control->uid);
	if (verb == ORDERS_DROP)
		record_add(&text, ORDERS_ADDRESS, address);
	for (size_t i = 0; i < count; i++)
		record_add_number(&text, ORDERS_NUMBER, numbers[i]);
	result = fdpass_say(control->orders, str_span(&text));
	str_free(&text);
	if (result < 0)
		return -1;
	got = fdpass_receive(control->orders, datagram, sizeof(datagram), NULL);
	errno = got == 0 ? ECONNRESET : errno;
	if (got <= 0)
		return -1;
	errno = EBADMSG;
	return read_answers(
	    span_make(datagram, (size_t)got), numbers, count, answers);
}

/* The folders may be of several file systems; then each is a wait. */
bool
control_sync(void)
{
	static const enum queue_folder folders[] = { QUEUE_INFO, QUEUE_LOCAL,
		QUEUE_REMOTE };
	dev_t last = 0;
	bool is_synced = true;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		int fd = file_open(queue_folder_name(folders[i]));
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0)
			is_synced = false;
		else if ((i == 0 || st.st_dev != last) &&
		    filesystem_sync(fd) < 0)
			is_synced = false;
		else
			last = st.st_dev;
		fd_close(fd);
	}
	return is_synced;
}

/* ---- the walk ---- */

struct walk {
	struct control *control;
	const struct selection *selection;
	control_call *call;
	int (*flush)(void *context);
	void *context;
	struct message message;
	int64_t now;
	/* Of one part: its messages, and who has such a file; in order. */
	struct numbers names, todo, local, remote, bounce;
};

static enum stage
stage_of(const struct message *message, char answer)
{
	switch ((enum orders_answer)answer) {
	case ORDERS_DELIVERED:
		return STAGE_DELIVERING;
	case ORDERS_GONE:
		return STAGE_ENDING;
	case ORDERS_IN_LINE:
		return STAGE_NEW;
	default:
		break;
	}
	switch (message->info.order) {
	case INFO_ORDER_HOLD:
	case INFO_ORDER_PAUSE:
		return STAGE_HELD;
	case INFO_ORDER_RETURN:
	case INFO_ORDER_DELETE:
		return STAGE_ENDING;
	default:
		return message->is_unsorted ? STAGE_NEW : STAGE_WAITING;
	}
}

static unsigned
file_in(const struct numbers *names, enum queue_folder folder, uint64_t number)
{
	return names->list.len &&
		bsearch(&number, names->list.at, names->list.len,
		    sizeof(number), queue_number_compare)
	    ? MESSAGE_FILE(folder)
	    : 0;
}

static unsigned
files_of(const struct walk *walk, uint64_t number)
{
	/* What was in todo may be sorted since, and have files that were not
	 * there when their folders were listed; and so may what was made anew
	 * after a crash, which matters where an order follows. */
	if (walk->flush || walk->selection->numbers.len ||
	    file_in(&walk->todo, QUEUE_TODO, number))
		return MESSAGE_ALL_FILES;
	return file_in(&walk->local, QUEUE_LOCAL, number) |
	    file_in(&walk->remote, QUEUE_REMOTE, number) |
	    file_in(&walk->bounce, QUEUE_BOUNCE, number);
}

static void
look_at(struct walk *walk, uint64_t number, char answer)
{
	struct message *message = &walk->message;
	int got = message_read(
	    message, number, walk->control->split, files_of(walk, number));
	enum stage stage;

	message->is_unclear = walk->flush && answer == ORDERS_BUSY;
	/* A file that a crash has cut is made anew: then it is looked at again. */
	if (got < 0 && errno == EBADMSG && message->is_unclear)
		got = 1;
	if (got < 0)
		control_complain(walk->control, number, error_text(errno));
	else if (got == 0 && walk->selection->numbers.len &&
	    !walk->selection->is_again)
		control_complain(
		    walk->control, number, "there is no such message");
	if (got <= 0)
		return;
	stage = stage_of(message, answer);
	if (message->is_unclear ||
	    selection_has(walk->selection, message, stage, walk->now))
		walk->call(walk->context, message, stage);
}

static int
look_at_some(struct walk *walk, const uint64_t *numbers, size_t count)
{
	char answers[CONTROL_AT_ONCE];

	for (size_t i = 0; i < count; i++)
		answers[i] = ORDERS_WAITS;
	if (walk->control->orders != -1 &&
	    control_ask(walk->control, ORDERS_ASK, SPAN(""), numbers, count,
		answers) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		look_at(walk, numbers[i], answers[i]);
	return walk->flush ? walk->flush(walk->context) : 0;
}

static int
look_at_all(struct walk *walk, const uint64_t *numbers, size_t count)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i += CONTROL_AT_ONCE)
		result = look_at_some(walk, numbers + i,
		    count - i < CONTROL_AT_ONCE ? count - i : CONTROL_AT_ONCE);
	return result;
}

static int
collect(const struct walk *walk, enum queue_folder folder, uint64_t part,
    struct numbers *names)
{
	uint64_t split = walk->control->split, number;
	struct dir dir;
	int got;

	if (dir_open(&dir, queue_path_folder(folder, part).s) < 0)
		return -1;
	while ((got = queue_folder_next(&dir, part, split, &number)) > 0)
		vec_push(&names->list, number);
	dir_close(&dir);
	return got;
}

static void
sort(struct numbers *names)
{
	size_t kept = 0;

	if (names->list.len)
		qsort(names->list.at, names->list.len, sizeof(*names->list.at),
		    queue_number_compare);
	for (size_t i = 0; i < names->list.len; i++)
		if (kept == 0 || names->list.at[kept - 1] != names->list.at[i])
			names->list.at[kept++] = names->list.at[i];
	names->list.len = kept;
}

static void
append(struct numbers *names, const struct numbers *more)
{
	for (size_t i = 0; i < more->list.len; i++)
		vec_push(&names->list, more->list.at[i]);
}

/* In the order in which files are made: what is sorted meanwhile is found in
 * todo and info, and what was in info then has had its other files. */
static int
collect_part(struct walk *walk, uint64_t part)
{
	struct numbers *all[] = { &walk->todo, &walk->names, &walk->local,
		&walk->remote, &walk->bounce };
	static const enum queue_folder folders[] = { QUEUE_TODO, QUEUE_INFO,
		QUEUE_LOCAL, QUEUE_REMOTE, QUEUE_BOUNCE };
	size_t count = sizeof(folders) / sizeof(*folders);

	for (size_t i = 0; i < count; i++)
		all[i]->list.len = 0;
	for (size_t i = 0; i < count; i++)
		if (collect(walk, folders[i], part, all[i]) < 0)
			return -1;
	append(&walk->names, &walk->todo);
	for (size_t i = 0; i < count; i++)
		sort(all[i]);
	return 0;
}

int
control_walk(struct control *control, const struct selection *selection,
    control_call *call, int (*flush)(void *context), void *context)
{
	struct walk walk = { .control = control,
		.selection = selection,
		.call = call,
		.flush = flush,
		.context = context,
		.message = { .info = INFO_INIT },
		.now = clock_seconds() };
	int result = 0;

	if (selection->numbers.len)
		result = look_at_all(
		    &walk, selection->numbers.at, selection->numbers.len);
	for (uint64_t part = 0;
	     result == 0 && part < control->split && !selection->numbers.len;
	     part++) {
		result = collect_part(&walk, part);
		if (result == 0)
			result = look_at_all(
			    &walk, walk.names.list.at, walk.names.list.len);
	}
	message_free(&walk.message);
	vec_free(&walk.names.list);
	vec_free(&walk.todo.list);
	vec_free(&walk.local.list);
	vec_free(&walk.remote.list);
	vec_free(&walk.bounce.list);
	return result;
}
