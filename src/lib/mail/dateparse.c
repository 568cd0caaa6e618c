/*
 * dateparse.c - the time in a header field.
 * Input: hostile
 */
#include "mail/date.h"

#include "base/ascii.h"
#include "base/scan.h"
#include "mail/token822.h"

#define DAY_SECONDS 86400
#define YEAR_MAX    9999
#define ZONE_MAX    9959 /* as four digits */

/* Words, before the tokens are looked at one by one. */
#define WORDS_MAX 12 /* Mon , 1 Jan 2001 12 : 34 : 56 EST */

struct words {
	struct token822 all[WORDS_MAX];
	size_t count, next;
};

static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static const struct {
	const char *name;
	int hours; /* east of UTC */
} zones[] = { { "GMT", 0 }, { "UT", 0 }, { "BST", 1 }, { "EST", -5 },
	{ "EDT", -4 }, { "CST", -6 }, { "CDT", -5 }, { "MST", -7 },
	{ "MDT", -6 }, { "PST", -8 }, { "PDT", -7 } };

/* The tokens that are no comments; more than a date has are left out. */
static bool
cut_words(struct span text, struct words *words)
{
	struct token822 token;
	int got;

	words->count = words->next = 0;
	while ((got = token822_next(&text, &token)) > 0)
		if (token.type != TOKEN822_COMMENT && words->count < WORDS_MAX)
			words->all[words->count++] = token;
	return got == 0;
}

static bool
is_next(const struct words *words, enum token822_type type)
{
	return words->next < words->count &&
	    words->all[words->next].type == type;
}

static bool
take(struct words *words, enum token822_type type)
{
	if (!is_next(words, type))
		return false;
	words->next++;
	return true;
}

/* The next word; the empty span if there is none. */
static struct span
take_atom(struct words *words)
{
	if (!is_next(words, TOKEN822_ATOM))
		return SPAN("");
	return words->all[words->next++].text;
}

static bool
take_number(struct words *words, uint64_t max, uint64_t *number)
{
	return scan_u64(take_atom(words), max, number);
}

static bool
take_month(struct words *words, unsigned *month)
{
	struct span word = take_atom(words);

	for (*month = 0; *month < 12; ++*month)
		if (span_equal_nocase(word, span_of(month_names[*month])))
			return true;
	return false;
}

/* +0130, or a name. */
static bool
take_zone(struct words *words, struct date *date)
{
	struct span word = take_atom(words);
	uint64_t number;

	date->has_zone = true;
	if (word.len == 5 && (word.s[0] == '+' || word.s[0] == '-') &&
	    scan_u64(span_from(word, 1), ZONE_MAX, &number)) {
		date->offset = (long)(number / 100 * 3600 + number % 100 * 60);
		date->has_zone = word.s[0] == '+' || number != 0;
		if (word.s[0] == '-')
			date->offset = -date->offset;
		return number % 100 < 60;
	}
	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++)
		if (span_equal_nocase(word, span_of(zones[i].name))) {
			date->offset = zones[i].hours * 3600L;
			return true;
		}
	return false;
}

static unsigned
days_in_month(uint64_t year, unsigned month)
{
	static const unsigned char days[12] = { 31, 28, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month] + (month == 1 && is_leap);
}

/* Days since 1970 to a day; years are counted from March. */
static int64_t
days_to(uint64_t year, unsigned month, uint64_t day)
{
	uint64_t y = month < 2 ? year - 1 : year;
	uint64_t m = (month + 10) % 12;

	return (int64_t)(365 * y + y / 4 - y / 100 + y / 400 +
		   (153 * m + 2) / 5 + day - 1) -
	    719468;
}

bool
date_parse(struct span text, struct date *date)
{
	uint64_t day, year, hour, minute, second = 0;
	struct words words;
	unsigned month;

	if (!cut_words(text, &words))
		return false;
	if (words.count > 1 && words.all[1].type == TOKEN822_COMMA)
		words.next = 2; /* the name of the day tells nothing new */
	if (!take_number(&words, 31, &day) || !take_month(&words, &month) ||
	    !take_number(&words, YEAR_MAX, &year) ||
	    !take_number(&words, 23, &hour) || !take(&words, TOKEN822_COLON) ||
	    !take_number(&words, 59, &minute))
		return false;
	if (take(&words, TOKEN822_COLON) && !take_number(&words, 60, &second))
		return false;
	year += year < 50 ? 2000 : year < 200 ? 1900 : 0;
	if (!take_zone(&words, date) || day == 0 ||
	    day > days_in_month(year, month))
		return false;
	date->seconds = days_to(year, month, day) * DAY_SECONDS +
	    (int64_t)(hour * 3600 + minute * 60 + second) - date->offset;
	return true;
}
