/*
 * todo_sort.c - one message of todo: routes its recipients, makes its files.
 * Input: hostile (envelopes)
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queue/envelope.h"
#include "queue/path.h"
#include "queue/record.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/in.h"
#include "sys/out.h"

#include "todo.h"
#include "waiting.h"

#define BUFFER_SIZE	  8192
#define WAITING_FILE_MODE 0600

/* A message number is a time of arrival if it lies in this century. */
#define EARLIEST_BIRTH 1577836800 /* seconds; 2020 */

/* A message while it is being sorted. */
struct sorting {
	struct todo *todo;
	uint64_t number, uid, pid, size, counts[CHANNELS];
	int64_t birth;
	struct str sender, recipient, address;
	struct in in;
	const char *trouble;	 /* why it cannot be used; NULL: fine */
	bool is_passing;	 /* the trouble may be over soon */
	enum channel_id channel; /* of the first recipient */
	char buffer[BUFFER_SIZE];
};

/* A channel file that is being written; made with its first recipient. */
struct channel_file {
	struct queue_path path;
	struct out out;
	bool is_made, has_failed;
	char buffer[BUFFER_SIZE];
};

/* Where the files of a message that waits are made. */
static const enum queue_folder made_folders[] = { QUEUE_INFO, QUEUE_LOCAL,
	QUEUE_REMOTE };

static const char trouble_read[] = "unable to read todo/";
static const char trouble_mess[] = "unable to stat mess/";
static const char trouble_cut[] = "message is cut short in todo/";
static const char trouble_record[] = "unknown record type in todo/";
static const char trouble_write[] = "unable to write the files of todo/";

static void
say_broken(struct todo *todo, uint64_t number, const char *why)
{
	struct str text = STR_INIT, line = STR_INIT;

	str_add_z(&line, why);
	str_add_u64(&line, number % todo->split);
	str_add_byte(&line, '/');
	str_add_u64(&line, number);
	record_add_number(&text, SORTED_BROKEN, number);
	record_add(&text, SORTED_TEXT, str_span(&line));
	todo_say(todo, str_span(&text));
	str_free(&text);
	str_free(&line);
}

/* The head of what qmail-send hears of a message. */
static void
add_head(struct str *text, const struct sorting *s, enum sorted_word word)
{
	record_add_number(text, (char)word, s->number);
	record_add_number(text, SORTED_SIZE, s->size);
	record_add_number(text, SORTED_BIRTH, (uint64_t)s->birth);
	record_add_number(text, SORTED_UID, s->uid);
	record_add_number(text, SORTED_PID, s->pid);
	record_add(text, SORTED_SENDER, str_span(&s->sender));
}

/* Says word of the message, and keeps it until its file in todo is gone. */
static void
hand_over(struct sorting *s, struct span record, unsigned mark)
{
	(void)number_set_add(&s->todo->handed, s->number);
	number_set_set_mark(&s->todo->handed, s->number, mark);
	if (mark < CHANNELS)
		s->todo->straight[mark]++;
	todo_say(s->todo, record);
}

/* Notes why the message cannot be used, errno included.  Returns -1. */
static int
fail(struct sorting *s, const char *trouble)
{
	s->trouble = trouble;
	s->is_passing = error_is_temporary(errno);
	return -1;
}

/* Says what a failed read of the envelope means.  Returns -1. */
static int
fail_reading(struct sorting *s)
{
	if (errno == EPROTO)
		return fail(s, trouble_cut);
	return fail(s,
	    errno == EBADMSG || errno == EMSGSIZE ? trouble_record
						  : trouble_read);
}

/*
 * Reads the next recipient; records of other letters are extensions and are
 * passed over here.  Returns 1, 0 at the end of the envelope, -1 on trouble.
 */
static int
next_recipient(struct sorting *s)
{
	char letter;

	do {
		if (envelope_next(&s->in, NULL, &letter, &s->recipient) < 0)
			return fail_reading(s);
	} while (letter != 'T' && letter != '\0');
	return letter == 'T';
}

static void
open_channel_file(struct channel_file *file)
{
	int fd = file_replace(file->path.s, WAITING_FILE_MODE);

	file->is_made = true;
	if (fd < 0)
		file->has_failed = true;
	else
		out_init(&file->out, fd, file->buffer, sizeof(file->buffer));
}

static void
add_to_channel(struct sorting *s, struct channel_file files[CHANNELS])
{
	enum channel_id channel = routing_apply(
	    &s->todo->routing, str_span(&s->recipient), &s->address);
	struct channel_file *file = &files[channel];

	if (!file->is_made)
		open_channel_file(file);
	s->counts[channel]++;
	if (file->has_failed)
		return;
	(void)out_add(&file->out, SPAN("T"));
	(void)out_add(&file->out, str_span(&s->address));
	(void)out_add(&file->out, span_make("\0", 1));
}

/* Ends a channel file; one without recipients must not be there. */
static bool
finish_channel_file(struct channel_file *file)
{
	if (!file->is_made)
		return unlink(file->path.s) == 0 || errno == ENOENT;
	if (file->has_failed)
		return false;
	file->has_failed = out_flush(&file->out) < 0;
	fd_close(file->out.fd);
	return !file->has_failed;
}

static bool
write_info(struct sorting *s)
{
	struct queue_path path =
	    queue_path(QUEUE_INFO, s->number, s->todo->split);
	struct str text = STR_INIT;
	int fd = file_replace(path.s, WAITING_FILE_MODE);
	bool fine;

	if (fd < 0)
		return false;
	record_add(&text, 'F', str_span(&s->sender));
	fine = fd_write_all(fd, str_span(&text)) == 0;
	fd_close(fd);
	str_free(&text);
	return fine && file_set_time(path.s, s->birth) == 0;
}

static void
remove_files(struct sorting *s)
{
	/* What stays is overwritten at the next try. */
	for (int i = 0; i < 3; i++)
		(void)unlink(
		    queue_path(made_folders[i], s->number, s->todo->split).s);
}

/* Makes info, local and remote from the recipients still to be read. */
static bool
make_files(struct sorting *s)
{
	struct channel_file files[CHANNELS] = { { .is_made = false } };
	int more = next_recipient(s);
	bool fine = true;

	for (int channel = 0; channel < CHANNELS; channel++)
		files[channel].path = queue_path(
		    (enum queue_folder)waiting_folder((enum channel_id)channel),
		    s->number, s->todo->split);
	while (more > 0) {
		add_to_channel(s, files);
		more = next_recipient(s);
	}
	for (int channel = 0; channel < CHANNELS; channel++)
		fine = finish_channel_file(&files[channel]) && fine;
	if (more < 0 || !fine || !write_info(s)) {
		remove_files(s);
		if (!s->trouble) {
			s->trouble = trouble_write;
			s->is_passing = true;
		}
		return false;
	}
	return true;
}

/* When the message came: its number says so, unless another mail system, or
 * the restoring of a backup, has given it that. */
static int64_t
birth_of(uint64_t number, int64_t mess_time)
{
	int64_t birth = (int64_t)(number / 1000000);

	if (birth < EARLIEST_BIRTH || birth > clock_seconds() + 86400)
		birth = mess_time;
	return birth < 0 ? 0 : birth;
}

/* Reads what comes before the recipients.  Returns 0; -1 with s->trouble. */
static int
read_head(struct sorting *s)
{
	return envelope_read_head(&s->in, &s->uid, &s->pid, &s->sender) < 0
	    ? fail_reading(s)
	    : 0;
}

/* Opens todo/N and reads up to the recipients.
 * Returns 1; 0 if it is not there; -1 with s->trouble. */
static int
open_envelope(struct sorting *s)
{
	uint64_t split = s->todo->split;
	struct stat st;
	int found;
	int fd = file_open_nofollow(queue_path(QUEUE_TODO, s->number, split).s);

	if (fd < 0) {
		found = errno == ENOENT ? 0 : -1;
		(void)fail(s, trouble_read);
		return found;
	}
	in_init(&s->in, fd, s->buffer, sizeof(s->buffer));
	if (stat(queue_path(QUEUE_MESS, s->number, split).s, &st) < 0)
		return fail(s, trouble_mess);
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return fail(s, trouble_mess);
	}
	s->size = (uint64_t)st.st_size;
	s->birth = birth_of(s->number, (int64_t)st.st_mtime);
	return read_head(s) < 0 ? -1 : 1;
}

/* Goes back to before the first recipient.  Returns 0; -1 with s->trouble. */
static int
begin_again(struct sorting *s)
{
	return in_rewind(&s->in) < 0 ? fail(s, trouble_read) : read_head(s);
}

static void
close_sorting(struct sorting *s)
{
	if (s->in.buffer)
		fd_close(s->in.fd);
	str_free(&s->sender);
	str_free(&s->recipient);
	str_free(&s->address);
}

/* Makes the files and says that the message waits. */
static bool
make_waiting(struct sorting *s)
{
	struct str text = STR_INIT;

	if (!make_files(s))
		return false;
	add_head(&text, s, SORTED_WAITING);
	record_add_number(&text, SORTED_LOCAL, s->counts[CHANNEL_LOCAL]);
	record_add_number(&text, SORTED_REMOTE, s->counts[CHANNEL_REMOTE]);
	hand_over(s, str_span(&text), CHANNELS);
	str_free(&text);
	return true;
}

/*
 * A message of which files may exist: it is being examined after a restart,
 * or was being sorted when something ended.  Whole files are kept, for they
 * know which recipients are done.
 */
static bool
sort_again(struct sorting *s)
{
	struct str text = STR_INIT;
	uint64_t recipients = 0;
	int more;

	while ((more = next_recipient(s)) > 0)
		recipients++;
	if (more < 0)
		return false;
	if (waiting_is_whole(
		s->number, s->todo->split, str_span(&s->sender), recipients)) {
		record_add_number(&text, SORTED_WHOLE, s->number);
		hand_over(s, str_span(&text), CHANNELS);
		str_free(&text);
		return true;
	}
	return begin_again(s) == 0 && make_waiting(s);
}

static bool
has_files(struct sorting *s)
{
	for (int i = 0; i < 3; i++)
		if (access(
			queue_path(made_folders[i], s->number, s->todo->split)
			    .s,
			F_OK) == 0)
			return true;
	return false;
}

/*
 * One recipient, or none: straight to qmail-send.  More, or too many on the
 * way already: the files are made.
 */
static bool
sort_new(struct sorting *s)
{
	struct str text = STR_INIT;
	bool fine = false;
	int more = next_recipient(s);

	if (more < 0)
		goto done;
	add_head(&text, s, SORTED_NEW);
	if (more == 0) {
		hand_over(s, str_span(&text), CHANNELS);
		fine = true;
		goto done;
	}
	s->channel = routing_apply(
	    &s->todo->routing, str_span(&s->recipient), &s->address);
	record_add(&text,
	    s->channel == CHANNEL_LOCAL ? SORTED_LOCAL : SORTED_REMOTE,
	    str_span(&s->address));
	more = next_recipient(s);
	if (more < 0)
		goto done;
	if (more == 0 && s->todo->straight[s->channel] < TODO_STRAIGHT_MAX) {
		hand_over(s, str_span(&text), s->channel);
		fine = true;
		goto done;
	}
	fine = begin_again(s) == 0 && make_waiting(s);
done:
	str_free(&text);
	return fine;
}

bool
todo_sort(struct todo *todo, uint64_t number, bool is_fresh)
{
	struct sorting s = { .todo = todo, .number = number };
	int found = open_envelope(&s);
	bool fine = found == 0;

	if (found > 0)
		fine =
		    !is_fresh && has_files(&s) ? sort_again(&s) : sort_new(&s);
	if (!fine)
		say_broken(todo, number, s.trouble);
	close_sorting(&s);
	/* What is broken stays as it is until the next look at everything. */
	return fine || !s.is_passing;
}

bool
todo_park(struct todo *todo, uint64_t number)
{
	struct sorting s = { .todo = todo, .number = number };
	bool fine = open_envelope(&s) > 0 && make_waiting(&s);

	if (!fine)
		say_broken(todo, number, s.trouble ? s.trouble : trouble_read);
	close_sorting(&s);
	return fine;
}
