/*
 * logcount.c - lines of a log of one day.
 * Input: lines of ours, with names of strangers in them
 */
#include "logcount.h"

#include <stdlib.h>
#include <string.h>

#include "mail/logevent.h"
#include "mail/logfield.h"
#include "sys/error.h"
#include "sys/lines.h"
#include "sys/random.h"

#define LINE_MAX_IN 8192 /* bytes; longer lines are passed over */
#define STAMP_LEN   25	 /* "@" and 24 digits */

void
logcount_init(struct logcount *count)
{
	*count = (struct logcount){ .domains = VEC_INIT };
	count->domain_names.seed = count->kind_keys.seed = random_seed();
}

/* ---- a line ---- */

/* The seconds since 1970 of a stamp of TAI64N, which is taken off. */
static bool
take_stamp(struct span *line, int64_t *seconds)
{
	struct logstamp stamp;

	if (!span_starts(*line, SPAN("@")) ||
	    !logstamp_parse(span_upto(*line, STAMP_LEN), &stamp))
		return false;
	*line = span_from(*line, STAMP_LEN);
	*seconds = stamp.seconds;
	return true;
}

bool
logcount_values(struct span words, const char *const names[], size_t count,
    struct span values[])
{
	bool is_there[LOGCOUNT_NAMES_MAX] = { false };
	struct logfield field;

	must(count <= LOGCOUNT_NAMES_MAX);
	for (size_t i = 0; i < count; i++)
		values[i] = SPAN("");
	while (words.len) {
		if (!logfield_cut(&words, &field))
			return false;
		for (size_t i = 0; i < count; i++) {
			if (!span_equal(field.name, span_of(names[i])))
				continue;
			if (is_there[i])
				return false;
			is_there[i] = true;
			values[i] = field.value;
		}
	}
	return true;
}

static void
take_line(struct logcount *count, struct span line, int64_t day,
    void (*take)(struct logcount *count, struct span line, int64_t seconds))
{
	int64_t seconds;

	if (line.len > LINE_MAX_IN || span_has(line, '\0') ||
	    !take_stamp(&line, &seconds))
		return;
	if (count->first == 0 || seconds < count->first)
		count->first = seconds;
	if (seconds >= day && seconds < day + LOGCOUNT_DAY)
		take(count, line, seconds);
}

void
logcount_read(const char *program, struct logcount *count, int64_t day,
    void (*take)(struct logcount *count, struct span line, int64_t seconds))
{
	struct lines lines;
	struct span line;

	lines_init(&lines, program);
	while (lines_next(&lines, &line))
		if (lines.is_whole)
			take_line(count, line, day, take);
	lines_free(&lines);
	logcount_sort(count);
}

/* ---- keys ---- */

/* The number of a word; false: it has none. */
static bool
find_number(const struct wordset *words, struct span word, size_t *number)
{
	struct span value;

	if (!wordset_find(words, word, &value))
		return false;
	memcpy(number, value.s, sizeof(*number));
	return true;
}

static void
add_number(struct wordset *words, struct span word, size_t number)
{
	wordset_add(words, word, span_make((char *)&number, sizeof(number)));
}

static struct span
word_at(const struct wordset *words, size_t number)
{
	const struct wordset_entry *entry = &words->entries.at[number];

	return span_make(words->bytes.s + entry->at, entry->key_len);
}

static struct span
domain_of(struct span key)
{
	return span_upto(key, span_find(key, '\0'));
}

void
logcount_add_part(struct str *key, struct span part)
{
	str_add_lower(key, part);
	str_add_byte(key, '\0');
}

static bool
is_full(const struct logcount *count)
{
	return count->counts.len >= LOGCOUNT_KINDS_MAX ||
	    count->kind_keys.bytes.len >= LOGCOUNT_BYTES_MAX;
}

static bool
is_domain_full(const struct logcount_domain *domain)
{
	return domain->kinds >= LOGCOUNT_DOMAIN_MAX ||
	    domain->bytes >= LOGCOUNT_DOMAIN_BYTES_MAX;
}

/* The domain of a key; NULL: there is no place for another one. */
static struct logcount_domain *
find_domain(struct logcount *count, struct span name)
{
	size_t number = count->domains.len;

	if (find_number(&count->domain_names, name, &number))
		return &count->domains.at[number];
	if (is_full(count))
		return NULL;
	add_number(&count->domain_names, name, number);
	vec_push(&count->domains, (struct logcount_domain){ .lines = 0 });
	return &count->domains.at[number];
}

/* Counts it as one of its kind, if there is a place for another kind. */
static void
count_kind(
    struct logcount *count, struct logcount_domain *domain, struct span key)
{
	size_t number = count->counts.len;

	if (find_number(&count->kind_keys, key, &number)) {
		count->counts.at[number]++;
		domain->lines++;
	} else if (is_full(count)) {
		count->left_out++;
	} else if (is_domain_full(domain)) {
		domain->left_out++;
	} else {
		domain->kinds++;
		domain->bytes += key.len;
		domain->lines++;
		add_number(&count->kind_keys, key, number);
		vec_push(&count->counts, 1);
	}
}

void
logcount_add(struct logcount *count, const struct str *key, struct span facts,
    int64_t seconds)
{
	struct logcount_domain *domain =
	    find_domain(count, domain_of(str_span(key)));

	if (!domain) {
		count->left_out++;
		return;
	}
	if (seconds >= domain->facts_time) {
		domain->facts_time = seconds;
		str_set(&domain->facts, facts);
	}
	count_kind(count, domain, str_span(key));
}

/* ---- in order ---- */

struct entry {
	struct span key;
	uint64_t lines; /* of its domain */
	size_t number;
};

static int
compare(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	size_t len =
	    left->key.len < right->key.len ? left->key.len : right->key.len;
	int order;

	if (left->lines != right->lines)
		return left->lines > right->lines ? -1 : 1;
	order = memcmp(left->key.s, right->key.s, len);
	if (order != 0)
		return order;
	return left->key.len < right->key.len ? -1
					      : left->key.len > right->key.len;
}

static const struct logcount_domain *
domain_of_kind(const struct logcount *count, size_t number)
{
	size_t domain = 0;

	if (!find_number(&count->domain_names,
		domain_of(word_at(&count->kind_keys, number)), &domain))
		must(false);
	return &count->domains.at[domain];
}

void
logcount_sort(struct logcount *count)
{
	VEC(struct entry) entries = VEC_INIT;

	for (size_t i = 0; i < count->counts.len; i++)
		vec_push(&entries,
		    ((struct entry){ word_at(&count->kind_keys, i),
			domain_of_kind(count, i)->lines, i }));
	if (entries.len)
		qsort(entries.at, entries.len, sizeof(*entries.at), compare);
	for (size_t i = 0; i < entries.len; i++)
		vec_push(&count->order, entries.at[i].number);
	vec_free(&entries);
}

uint64_t
logcount_count(const struct logcount *count, size_t index)
{
	return count->counts.at[count->order.at[index]];
}

void
logcount_parts(const struct logcount *count, size_t index,
    struct span *const parts[], size_t len)
{
	struct span rest = word_at(&count->kind_keys, count->order.at[index]);

	for (size_t i = 0; i < len; i++) {
		*parts[i] = SPAN("");
		(void)!span_cut_next(&rest, '\0', parts[i]);
	}
}

const struct logcount_domain *
logcount_domain(const struct logcount *count, size_t index)
{
	return domain_of_kind(count, count->order.at[index]);
}

size_t
logcount_next(const struct logcount *count, size_t first)
{
	const struct logcount_domain *domain = logcount_domain(count, first);
	size_t next = first + 1;

	while (
	    next < count->order.len && logcount_domain(count, next) == domain)
		next++;
	return next;
}
