/*
 * progress.c - what qmail-metrics has counted, in a file.
 * Input: our own
 */
#include "progress.h"

#include <errno.h>

#include "base/must.h"
#include "base/scan.h"
#include "base/split.h"
#include "sys/aside.h"
#include "sys/file.h"

#define FIRST	  "qmail-metrics 1"
#define LAST	  "end"
#define WORDS_MAX 6
#define NS	  999999999

struct progress_log *
progress_log(struct progress *progress, struct span path)
{
	struct progress_log *log;

	for (size_t i = 0; i < progress->logs.len; i++)
		if (span_equal(str_span(&progress->logs.at[i]->path), path))
			return progress->logs.at[i];
	if (progress->logs.len >= PROGRESS_LOGS_MAX)
		return NULL;
	log = must_realloc(NULL, sizeof(*log));
	*log = (struct progress_log){ .path = STR_INIT };
	str_add(&log->path, path);
	open_init(&log->deliveries);
	vec_push(&progress->logs, log);
	return log;
}

void
progress_free(struct progress *progress)
{
	for (size_t i = 0; i < progress->logs.len; i++) {
		struct progress_log *log = progress->logs.at[i];

		str_free(&log->path);
		open_free(&log->deliveries);
		must_free(log);
	}
	vec_free(&progress->logs);
	tally_free(&progress->tally);
}

/* ---- read ---- */

static bool
take_place(struct growth *growth, struct span words[], size_t count)
{
	uint64_t seconds, nanoseconds;

	if (count != 6 || !scan_u64(words[1], UINT64_MAX, &growth->inode) ||
	    !scan_u64(words[2], INT64_MAX, &growth->offset) ||
	    !scan_u64(words[3], UINT64_MAX, &growth->print) ||
	    !scan_u64(words[4], LOGSTAMP_SECONDS_MAX, &seconds) ||
	    !scan_u64(words[5], NS, &nanoseconds))
		return false;
	growth->last.seconds = (int64_t)seconds;
	growth->last.nanoseconds = (uint32_t)nanoseconds;
	return true;
}

static bool
take_delivery(struct open *deliveries, struct span words[], size_t count)
{
	uint64_t number, message;
	struct open_entry *added;

	if (count != 4 || !scan_u64(words[1], UINT64_MAX, &number) ||
	    !scan_u64(words[2], UINT64_MAX, &message) ||
	    (!span_equal(words[3], SPAN("local")) &&
		!span_equal(words[3], SPAN("remote"))))
		return false;
	added = open_add(deliveries, number);
	added->message = message;
	str_set(&added->who, words[3]);
	return true;
}

/* Takes a line between the first and the last. */
static bool
take_line(
    struct progress *progress, struct progress_log **log, struct span line)
{
	const struct span count_word = SPAN("count "), log_word = SPAN("log ");
	struct span words[WORDS_MAX + 1];
	size_t count;

	if (span_starts(line, count_word))
		return tally_load(
		    &progress->tally, span_from(line, count_word.len));
	if (span_starts(line, log_word)) {
		*log = progress_log(progress, span_from(line, log_word.len));
		return *log != NULL;
	}
	count = split_words(line, words, WORDS_MAX + 1);
	if (*log && span_equal(words[0], SPAN("at")))
		return take_place(&(*log)->growth, words, count);
	return *log && span_equal(words[0], SPAN("open")) &&
	    take_delivery(&(*log)->deliveries, words, count);
}

static bool
parse(struct progress *progress, struct span rest)
{
	struct progress_log *log = NULL;
	struct span line;

	if (!span_ends(rest, SPAN("\n" LAST "\n")) ||
	    !span_cut_next(&rest, '\n', &line) ||
	    !span_equal(line, SPAN(FIRST)))
		return false;
	while (span_cut_next(&rest, '\n', &line) && rest.len)
		if (!take_line(progress, &log, line))
			return false;
	return true;
}

int
progress_read(struct progress *progress, const char *path)
{
	struct str text = STR_INIT;
	int result = 1;

	*progress = (struct progress){ .logs = VEC_INIT };
	tally_init(&progress->tally);
	if (file_read(path, &text, PROGRESS_BYTES_MAX) < 0) {
		result = errno == ENOENT ? 0 : -1;
	} else if (!parse(progress, str_span(&text))) {
		errno = EBADMSG;
		result = -1;
	}
	str_free(&text);
	return result;
}

/* ---- write ---- */

static void
add_word(struct str *text, uint64_t number)
{
	str_add_byte(text, ' ');
	str_add_u64(text, number);
}

static void
add_log(struct str *text, const struct progress_log *log)
{
	const struct growth *growth = &log->growth;
	struct open_list list = { .found = VEC_INIT };

	str_add_z(text, "log ");
	str_add(text, str_span(&log->path));
	str_add_z(text, "\nat");
	add_word(text, growth->inode);
	add_word(text, growth->offset);
	add_word(text, growth->print);
	add_word(text, (uint64_t)growth->last.seconds);
	add_word(text, growth->last.nanoseconds);
	str_add_byte(text, '\n');
	open_in_order(&log->deliveries, &list);
	for (size_t i = 0; i < list.found.len; i++) {
		const struct open_entry *entry = list.found.at[i];

		str_add_z(text, "open");
		add_word(text, entry->number);
		add_word(text, entry->message);
		str_add_byte(text, ' ');
		str_add(text, str_span(&entry->who));
		str_add_byte(text, '\n');
	}
	vec_free(&list.found);
}

int
progress_write(const struct progress *progress, const char *path)
{
	struct str text = STR_INIT;
	int result;

	str_add_z(&text, FIRST "\n");
	tally_save(&progress->tally, &text);
	for (size_t i = 0; i < progress->logs.len; i++)
		add_log(&text, progress->logs.at[i]);
	str_add_z(&text, LAST "\n");
	result = aside_write(path, str_span(&text), PROGRESS_MODE);
	str_free(&text);
	return result;
}
