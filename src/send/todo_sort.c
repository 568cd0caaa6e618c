/*
 * todo_sort.c - one message of todo: routes its recipients, makes its files.
 * Input: hostile (envelopes)
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/dsn.h"
#include "queue/channel.h"
#include "queue/clean.h"
#include "queue/envelope.h"
#include "queue/info.h"
#include "queue/path.h"
#include "queue/record.h"
#include "queue/replace.h"
#include "queue/state.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/in.h"
#include "sys/lock.h"

#include "todo.h"

#define BUFFER_SIZE 8192
#define ORPHAN_TEXT 32768 /* bytes of recipients that are told */

/* A message while it is being sorted. */
struct sorting {
	struct todo *todo;
	uint64_t number, uid, pid, size, counts[CHANNELS];
	int64_t birth;
	struct str sender, recipient, address;
	struct str parameters, wishes; /* of the envelope, of the recipient */
	struct in in;
	const char *trouble;	 /* why it cannot be used; NULL: fine */
	bool is_passing;	 /* the trouble may be over soon */
	bool is_orphan;		 /* its text is gone */
	bool is_done;		 /* its recipients are */
	enum channel_id channel; /* of the first recipient */
	enum info_order order;	 /* that the new files have from the old ones */
	char buffer[BUFFER_SIZE];
};

#define SORTING_INIT(which, message)                                           \
	{                                                                      \
		.todo = (which), .number = (message), .order = INFO_ORDER_NONE \
	}

/* A channel file that is being written; made with its first recipient. */
struct channel_file {
	struct replace replace;
	bool is_made, is_open, has_failed;
};

static const char trouble_read[] = "unable to read todo/";
static const char trouble_mess[] = "unable to stat mess/";
static const char trouble_cut[] = "message is cut short in todo/";
static const char trouble_record[] = "unknown record type in todo/";
static const char trouble_tell[] = "unable to look at the files of todo/";
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
 * Reads the next recipient, and what parameters come before it; records of
 * letters that nobody knows are passed over.  Returns 1, 0 at the end of the
 * envelope, -1 on trouble.
 */
static int
next_recipient(struct sorting *s)
{
	char letter;

	str_reset(&s->wishes);
	do {
		if (envelope_next(&s->in, NULL, &letter, &s->recipient) < 0)
			return fail_reading(s);
		if (letter == ENVELOPE_PARAMETERS)
			str_set(&s->parameters, str_span(&s->recipient));
		if (letter == ENVELOPE_RECIPIENT_PARAMETERS)
			str_set(&s->wishes, str_span(&s->recipient));
	} while (letter != ENVELOPE_RECIPIENT && letter != ENVELOPE_END);
	return letter == ENVELOPE_RECIPIENT;
}

/* Where s->recipient goes; s->address receives its address there. */
static enum channel_id
choose_channel(struct sorting *s)
{
	return routing_apply(
		   &s->todo->routing, str_span(&s->recipient), &s->address)
	    ? CHANNEL_LOCAL
	    : CHANNEL_REMOTE;
}

static void
add_to_channel(struct sorting *s, struct channel_file files[CHANNELS])
{
	enum channel_id channel = choose_channel(s);
	struct channel_file *file = &files[channel];

	if (!file->is_made) {
		file->is_made = true;
		file->is_open =
		    replace_open(&file->replace, channel_folder(channel),
			s->number, s->todo->split, CHANNEL_FILE_MODE) == 0;
		file->has_failed = !file->is_open;
	}
	s->counts[channel]++;
	if (!file->has_failed)
		(void)channel_add(&file->replace.out, str_span(&s->address),
		    str_span(&s->wishes), s->is_done);
}

/* Gives a channel file its name, or takes it away if not all went well.
 * Without recipients there must be none. */
static bool
finish_channel_file(struct sorting *s, enum channel_id channel,
    struct channel_file *file, bool fine)
{
	if (file->is_made && !file->is_open)
		return false;
	if (file->is_made && fine)
		return replace_close(&file->replace, REPLACE_NOW) == 0;
	if (file->is_made)
		replace_abandon(&file->replace);
	else if (fine)
		return unlink(channel_path(channel, s->number, s->todo->split)
				  .s) == 0 ||
		    errno == ENOENT;
	return false;
}

/*
 * Makes info, local and remote from the recipients still to be read.  All are
 * written before the first takes the place of an old one; info is last.
 */
static bool
make_files(struct sorting *s)
{
	struct channel_file files[CHANNELS] = { { .is_made = false } };
	bool fine;
	int more;

	while ((more = next_recipient(s)) > 0)
		add_to_channel(s, files);
	fine = more == 0;
	for (int i = 0; i < CHANNELS; i++)
		if (files[i].is_made && !files[i].has_failed)
			files[i].has_failed =
			    out_flush(&files[i].replace.out) < 0;
	for (int i = 0; i < CHANNELS; i++)
		fine = fine && !files[i].has_failed;
	for (int i = 0; i < CHANNELS; i++)
		fine = finish_channel_file(
			   s, (enum channel_id)i, &files[i], fine) &&
		    fine;
	if (fine &&
	    info_write(s->number, s->todo->split, str_span(&s->sender),
		str_span(&s->parameters), s->order, s->birth) == 0)
		return true;
	if (!s->trouble) {
		s->trouble = trouble_write;
		s->is_passing = true;
	}
	return false;
}

/* When the message came: its number says so, unless another mail system, or
 * the restoring of a backup, has given it that. */
static int64_t
birth_of(uint64_t number, int64_t mess_time)
{
	int64_t birth = (int64_t)(number / 1000000);

	if (!queue_number_is_time(number) || birth > clock_seconds() + 86400)
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
	if (stat(queue_path(QUEUE_MESS, s->number, split).s, &st) < 0) {
		s->is_orphan = errno == ENOENT;
		return fail(s, trouble_mess);
	}
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
	str_free(&s->parameters);
	str_free(&s->wishes);
}

static bool
say_waiting(struct sorting *s, enum sorted_word word)
{
	struct str text = STR_INIT;

	add_head(&text, s, word);
	record_add_number(&text, SORTED_LOCAL, s->counts[CHANNEL_LOCAL]);
	record_add_number(&text, SORTED_REMOTE, s->counts[CHANNEL_REMOTE]);
	hand_over(s, str_span(&text), CHANNELS);
	str_free(&text);
	return true;
}

/* Makes the files and says that the message waits. */
static bool
make_waiting(struct sorting *s, enum sorted_word word)
{
	return make_files(s) && say_waiting(s, word);
}

/* Whether the recipient's success is to be told: then it needs a mark, so that
 * the message does not come twice if that cannot be done at once. */
static bool
needs_mark(const struct sorting *s)
{
	struct dsn_recipient wishes;

	return dsn_parse_recipient(str_span(&s->wishes), &wishes) &&
	    wishes.notify & DSN_SUCCESS;
}

/*
 * One recipient, or none: straight to qmail-send.  More, or one that needs a
 * mark, or too many on the way already: the files are made.
 */
static bool
sort_new(struct sorting *s)
{
	struct str text = STR_INIT;
	bool fine = false, goes_straight;
	int more = next_recipient(s);

	if (more < 0)
		goto done;
	add_head(&text, s, SORTED_NEW);
	if (more == 0) {
		hand_over(s, str_span(&text), CHANNELS);
		fine = true;
		goto done;
	}
	s->channel = choose_channel(s);
	goes_straight =
	    s->todo->straight[s->channel] < TODO_STRAIGHT_MAX && !needs_mark(s);
	if (s->parameters.len)
		record_add(&text, SORTED_PARAMETERS, str_span(&s->parameters));
	if (s->wishes.len)
		record_add(
		    &text, SORTED_RECIPIENT_PARAMETERS, str_span(&s->wishes));
	record_add(&text,
	    s->channel == CHANNEL_LOCAL ? SORTED_LOCAL : SORTED_REMOTE,
	    str_span(&s->address));
	more = next_recipient(s);
	if (more < 0)
		goto done;
	if (more == 0 && goes_straight) {
		hand_over(s, str_span(&text), s->channel);
		fine = true;
		goto done;
	}
	fine = begin_again(s) == 0 && make_waiting(s, SORTED_WAITING);
done:
	str_free(&text);
	return fine;
}

/* Says that the files are as they should be. */
static void
say_whole(struct sorting *s, const bool waits[CHANNELS])
{
	struct str text = STR_INIT;

	record_add_number(&text, SORTED_WHOLE, s->number);
	record_add_number(&text, SORTED_LOCAL, waits[CHANNEL_LOCAL]);
	record_add_number(&text, SORTED_REMOTE, waits[CHANNEL_REMOTE]);
	hand_over(s, str_span(&text), CHANNELS);
	str_free(&text);
}

/* Keeps the order that an administrator gave; a damaged info has none.  Returns
 * false if that cannot be told just now: held mail must not be let go for it. */
static bool
keep_order(struct sorting *s)
{
	struct info info = INFO_INIT;
	bool is_told = info_read(s->number, s->todo->split, &info) == 0 ||
	    errno == ENOENT || errno == EBADMSG || errno == ELOOP;

	s->order = info.order;
	info_free(&info);
	return is_told;
}

/* Returns false, as nobody can say what the files are. */
static bool
cannot_tell(struct sorting *s)
{
	(void)fail(s, trouble_tell);
	s->is_passing = true;
	return false;
}

/*
 * A message of which files may exist: it is being examined after a restart,
 * or was being sorted when something ended.  Whole files are kept, for they
 * know which recipients are done.
 */
static bool
sort_again(struct sorting *s)
{
	bool waits[CHANNELS];
	uint64_t recipients = 0;
	int more;

	while ((more = next_recipient(s)) > 0)
		recipients++;
	if (more < 0)
		return false;
	switch (message_state(s->number, s->todo->split, str_span(&s->sender),
	    recipients, waits)) {
	case MESSAGE_UNSORTED:
		return begin_again(s) == 0 && sort_new(s);
	case MESSAGE_DAMAGED:
		if (!keep_order(s))
			return cannot_tell(s);
		return begin_again(s) == 0 && make_waiting(s, SORTED_REMADE);
	case MESSAGE_CANNOT_TELL:
		return cannot_tell(s);
	default:
		say_whole(s, waits);
		return true;
	}
}

/*
 * Whether qmail-queue still has it: its name is in todo before the message is
 * accepted, and may be taken back.  Once there is info somebody else has the
 * lock: whoever is given the message can take it.
 */
static bool
is_being_queued(uint64_t number, uint64_t split)
{
	int fd = file_open_nofollow(queue_path(QUEUE_MESS, number, split).s);
	bool held = fd >= 0 && lock_try(fd) < 0 && errno == EWOULDBLOCK;

	fd_close(fd);
	return held;
}

static bool
is_old(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	    clock_seconds() - (int64_t)st.st_mtime >= CLEAN_LEFTOVER_AGE;
}

/* An old message without a text: nobody can deliver it, nobody can return it.
 * Says to whom it was, for the log and the postmaster. */
static bool
say_orphan(struct sorting *s)
{
	struct str text = STR_INIT, recipients = STR_INIT;

	if (!is_old(s->in.fd))
		return false;
	if (read_head(s) == 0)
		while (recipients.len < ORPHAN_TEXT && next_recipient(s) > 0) {
			str_add_byte(&recipients, '<');
			str_add(&recipients, str_span(&s->recipient));
			str_add_z(&recipients, ">\n");
		}
	record_add_number(&text, SORTED_ORPHAN, s->number);
	record_add(&text, SORTED_SENDER, str_span(&s->sender));
	record_add(&text, SORTED_TEXT, str_span(&recipients));
	hand_over(s, str_span(&text), CHANNELS);
	str_free(&text);
	str_free(&recipients);
	return true;
}

bool
todo_sort(struct todo *todo, uint64_t number, bool is_fresh)
{
	struct sorting s = SORTING_INIT(todo, number);
	struct queue_path info = queue_path(QUEUE_INFO, number, todo->split);
	int known = message_file_exists(info), found;
	bool fine;

	if (known != 0) /* its number came late: it was sorted before */
		is_fresh = false;
	else if (!is_fresh && is_being_queued(number, todo->split))
		return false;
	found = open_envelope(&s);
	fine = found == 0 || (s.is_orphan && say_orphan(&s));
	if (found > 0)
		fine = is_fresh ? sort_new(&s) : sort_again(&s);
	if (!fine)
		say_broken(todo, number, s.trouble);
	close_sorting(&s);
	/* What is broken stays as it is until the next look at everything. */
	return fine || !s.is_passing;
}

bool
todo_park(struct todo *todo, uint64_t number, bool is_done)
{
	struct sorting s = SORTING_INIT(todo, number);
	int found = open_envelope(&s);
	bool fine;

	s.is_done = is_done;
	fine = found > 0
	    ? make_waiting(&s, SORTED_WAITING)
	    : is_done && found == 0 && say_waiting(&s, SORTED_WAITING);
	if (!fine)
		say_broken(todo, number, s.trouble ? s.trouble : trouble_read);
	close_sorting(&s);
	return fine;
}
