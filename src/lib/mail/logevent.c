/*
 * logevent.c - the log of qmail-send, read.
 * Input: hostile
 */
#include "mail/logevent.h"

#include <string.h>

#include "base/ascii.h"
#include "base/fmt.h"
#include "base/scan.h"
#include "base/split.h"

#define TAI_LEN	     25 /* "@" and 24 digits */
#define TAI_SECONDS  16 /* of them are seconds */
#define TAI_OFFSET   (UINT64_C(1) << 62)
#define TAI_AHEAD    10 /* seconds, as all tools of this family have it */
#define SECOND	     1000000000u
#define FRACTION_MAX 9 /* digits */
#define WORDS_MAX    11
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- stamps ---- */

static bool
parse_tai(struct span word, struct logstamp *stamp)
{
	uint64_t seconds = 0, nanoseconds = 0;

	if (word.len != TAI_LEN || word.s[0] != '@')
		return false;
	for (int i = 1; i < TAI_LEN; i++) {
		int digit = ascii_hex_value(word.s[i]);

		if (digit < 0)
			return false;
		if (i <= TAI_SECONDS)
			seconds = seconds << 4 | (unsigned)digit;
		else
			nanoseconds = nanoseconds << 4 | (unsigned)digit;
	}
	if (seconds < TAI_OFFSET + TAI_AHEAD ||
	    seconds > TAI_OFFSET + TAI_AHEAD + LOGSTAMP_SECONDS_MAX ||
	    nanoseconds >= SECOND)
		return false;
	stamp->seconds = (int64_t)(seconds - TAI_OFFSET - TAI_AHEAD);
	stamp->nanoseconds = (uint32_t)nanoseconds;
	return true;
}

static bool
parse_decimal(struct span word, struct logstamp *stamp)
{
	size_t point = span_find(word, '.');
	struct span fraction = span_from(word, point + 1);
	uint64_t seconds;
	uint32_t nanoseconds = 0;

	if (!scan_u64(span_upto(word, point), LOGSTAMP_SECONDS_MAX, &seconds))
		return false;
	for (size_t i = 0; i < fraction.len; i++)
		if (!ascii_is_digit(fraction.s[i]))
			return false;
	for (size_t i = 0; i < FRACTION_MAX; i++)
		nanoseconds = nanoseconds * 10 +
		    (i < fraction.len ? (uint32_t)(fraction.s[i] - '0') : 0);
	stamp->seconds = (int64_t)seconds;
	stamp->nanoseconds = nanoseconds;
	return true;
}

bool
logstamp_parse(struct span word, struct logstamp *stamp)
{
	return parse_tai(word, stamp) || parse_decimal(word, stamp);
}

struct span
logevent_cut_word(struct span *line)
{
	struct span word;
	size_t at = 0, start;

	while (at < line->len && is_blank(line->s[at]))
		at++;
	start = at;
	while (at < line->len && !is_blank(line->s[at]))
		at++;
	word = span_make(line->s + start, at - start);
	while (at < line->len && is_blank(line->s[at]))
		at++;
	*line = span_from(*line, at);
	return word;
}

bool
logstamp_cut(struct span *line, struct logstamp *stamp)
{
	struct span rest = *line;

	if (!logstamp_parse(logevent_cut_word(&rest), stamp))
		return false;
	*line = rest;
	return true;
}

void
logstamp_add_decimal(struct str *text, struct span word)
{
	struct logstamp stamp;
	char digits[FMT_U64_MAX];

	if (!parse_tai(word, &stamp)) {
		str_add(text, word);
		return;
	}
	str_add_u64(text, (uint64_t)stamp.seconds);
	str_add_byte(text, '.');
	str_add(text,
	    span_make(
		digits, fmt_u64_pad(digits, stamp.nanoseconds, FRACTION_MAX)));
}

/* ---- events ---- */

/* A word of the tables below; a span in them would be no constant of C11. */
struct word {
	const char *s;
	size_t len;
};

#define WORD(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}
#define NONE WORD("")

static bool
is_word(struct span text, const struct word *word)
{
	return text.len == word->len && !memcmp(text.s, word->s, word->len);
}

/* A kind: the words that it begins with, and the places of what it has, from
 * 0; a place of 0 means that it has none. */
static const struct form {
	struct word first, second; /* second is empty: any */
	enum logevent_kind kind;
	unsigned char message, delivery, bytes, sender, qp, uid, channel,
	    recipient, result, extra, count, words;
} forms[] = {
	{ WORD("status:"), NONE, LOGEVENT_STATUS, .words = 1 },
	{ WORD("delivery"), NONE, LOGEVENT_DELIVERY, .delivery = 1,
	    .result = 2 },
	{ WORD("starting"), WORD("delivery"), LOGEVENT_STARTING, .delivery = 2,
	    .message = 4, .channel = 6, .recipient = 7 },
	{ WORD("info"), WORD("msg"), LOGEVENT_INFO, .message = 2, .bytes = 4,
	    .sender = 6, .qp = 8, .uid = 10 },
	{ WORD("new"), WORD("msg"), LOGEVENT_NEW, .message = 2 },
	{ WORD("end"), WORD("msg"), LOGEVENT_END, .message = 2 },
	{ WORD("tls"), NONE, LOGEVENT_TLS, .delivery = 1, .words = 2 },
	{ WORD("bounce"), WORD("msg"), LOGEVENT_BOUNCE, .message = 2, .qp = 4 },
	{ WORD("notice"), WORD("msg"), LOGEVENT_NOTICE, .message = 2, .qp = 4 },
	{ WORD("triple"), WORD("bounce:"), LOGEVENT_TRIPLE, .message = 3 },
	{ WORD("hold"), WORD("msg"), LOGEVENT_ORDER, .message = 2, .uid = 5 },
	{ WORD("release"), WORD("msg"), LOGEVENT_ORDER, .message = 2,
	    .uid = 5 },
	{ WORD("return"), WORD("msg"), LOGEVENT_ORDER, .message = 2, .uid = 5 },
	{ WORD("delete"), WORD("msg"), LOGEVENT_ORDER, .message = 2, .uid = 5 },
	{ WORD("drop"), WORD("msg"), LOGEVENT_ORDER, .message = 2,
	    .recipient = 4, .uid = 7 },
	{ WORD("retry"), WORD("of"), LOGEVENT_RETRY, .count = 2, .uid = 6 },
	{ WORD("deleted:"), WORD("msg"), LOGEVENT_DELETED, .message = 2,
	    .channel = 4, .recipient = 5 },
	{ WORD("warning:"), NONE, LOGEVENT_WARNING, .words = 1 },
	{ WORD("alert:"), NONE, LOGEVENT_ALERT, .words = 1 },
	{ WORD("running"), NONE, LOGEVENT_RUNNING, .words = 1 },
	{ WORD("exiting"), NONE, LOGEVENT_EXITING, .words = 1 },
	{ WORD("extra"), NONE, LOGEVENT_EXTRA, .message = 1, .extra = 2 },
};

static const struct {
	struct word word;
	enum logevent_result result;
} results[] = {
	{ WORD("success:"), LOGEVENT_SUCCESS },
	{ WORD("deferral:"), LOGEVENT_DEFERRAL },
	{ WORD("failure:"), LOGEVENT_FAILURE },
};

/* The words of a line by their places; those that are not there are empty, and
 * at its end. */
struct split {
	struct span line, words[WORDS_MAX];
};

/* The line from the word at a place on. */
static struct span
rest_at(const struct split *split, unsigned char place)
{
	return span_from(
	    split->line, (size_t)(split->words[place].s - split->line.s));
}

static const struct form *
find_form(const struct split *split)
{
	for (size_t i = 0; i < COUNT(forms); i++)
		if (is_word(split->words[0], &forms[i].first) &&
		    (forms[i].second.len == 0 ||
			is_word(split->words[1], &forms[i].second)))
			return &forms[i];
	return NULL;
}

/* The number at a place.  Returns whether the form has it and it is missing. */
static bool
lacks_number(const struct split *split, unsigned char place, uint64_t *number)
{
	return place &&
	    !scan_u64_prefix(split->words[place], UINT64_MAX, number);
}

static struct span
word_at(const struct split *split, unsigned char place)
{
	return place ? split->words[place] : SPAN("");
}

static void
take_result(
    const struct split *split, unsigned char place, struct logevent *event)
{
	event->result = LOGEVENT_MANGLED;
	event->reason = rest_at(split, place);
	for (size_t i = 0; i < COUNT(results); i++)
		if (is_word(split->words[place], &results[i].word)) {
			event->result = results[i].result;
			event->reason = split->words[place + 1];
		}
}

/* Takes the number of a message that stands behind bounce/. */
static void
step_over_folder(struct span *word)
{
	*word = span_from(*word, span_find(*word, '/') + 1);
}

void
logevent_parse(struct span line, struct logevent *event)
{
	struct split split;
	const struct form *form;

	*event = (struct logevent){ .kind = LOGEVENT_OTHER, .words = line };
	split.line = line;
	(void)split_words(line, split.words, WORDS_MAX);
	form = find_form(&split);
	if (!form)
		return;
	if (form->kind == LOGEVENT_TRIPLE)
		step_over_folder(&split.words[form->message]);
	if (lacks_number(&split, form->message, &event->message) ||
	    lacks_number(&split, form->delivery, &event->delivery) ||
	    lacks_number(&split, form->count, &event->count))
		return;
	event->kind = form->kind;
	(void)lacks_number(&split, form->bytes, &event->bytes);
	(void)lacks_number(&split, form->qp, &event->qp);
	(void)lacks_number(&split, form->uid, &event->uid);
	event->sender = word_at(&split, form->sender);
	event->channel = word_at(&split, form->channel);
	event->recipient = word_at(&split, form->recipient);
	event->words = form->words ? rest_at(&split, form->words) : SPAN("");
	if (form->result)
		take_result(&split, form->result, event);
	if (form->extra) {
		(void)lacks_number(&split, form->extra, &event->successes);
		(void)lacks_number(&split, form->extra + 1, &event->deferrals);
		(void)lacks_number(&split, form->extra + 2, &event->failures);
	}
}
