/*
 * outcome.c - a line of matchup, taken apart.
 * Input: hostile
 */
#include "outcome.h"

#include <stdio.h>

#include "base/fmt.h"
#include "base/scan.h"
#include "base/split.h"
#include "mail/logevent.h"

#define WORDS_MAX      11
#define DELIVERY_LEAST 10 /* words; the reason may be missing */
#define MESSAGE_WORDS  10
#define DIGITS_MAX     19
#define EXACT_MAX      1e9 /* larger numbers are left to printf */
#define TEXT_MAX       400 /* any double with six decimals */

bool
outcome_parse(struct span line, struct outcome *outcome)
{
	struct span w[WORDS_MAX];
	size_t count;

	if (line.len < 2 || line.s[1] != ' ')
		return false;
	count = split_words(line, w, WORDS_MAX);
	if (line.s[0] == 'd' && count >= DELIVERY_LEAST && w[1].len == 1 &&
	    w[1].s[0] != OUTCOME_MESSAGE) {
		*outcome = (struct outcome){ .result = w[1].s[0],
			.birth = w[2],
			.start = w[3],
			.end = w[4],
			.bytes = w[5],
			.sender = w[6],
			.recipient = w[7],
			.qp = w[8],
			.uid = w[9],
			.reason = w[10] };
		return true;
	}
	if (line.s[0] == OUTCOME_MESSAGE && count >= MESSAGE_WORDS) {
		*outcome = (struct outcome){ .result = OUTCOME_MESSAGE,
			.birth = w[1],
			.end = w[2],
			.bytes = w[3],
			.successes = w[4],
			.failures = w[5],
			.deferrals = w[6],
			.sender = w[7],
			.qp = w[8],
			.uid = w[9] };
		return true;
	}
	return false;
}

/* ---- numbers ---- */

uint64_t
outcome_number(struct span word)
{
	uint64_t number = 0;

	(void)scan_u64_prefix(word, UINT64_MAX, &number);
	return number;
}

/* Takes digits, as long as the number has room for them. */
static size_t
take_digits(struct span word, size_t at, size_t end, uint64_t *number)
{
	for (; at < end; at++) {
		unsigned digit = (unsigned)(word.s[at] - '0');

		if (digit > 9)
			break;
		*number = *number * 10 + digit;
	}
	return at;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Without a sign: all digits are one whole number, which a double holds as it is
 * up to 2^53, divided once: so it is the nearest double. */
static double
plain_decimal(struct span word)
{
	static const double scales[DIGITS_MAX + 1] = { 1, 1e1, 1e2, 1e3, 1e4,
		1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
		1e16, 1e17, 1e18, 1e19 };
	uint64_t number = 0;
	size_t point, end;

	point = take_digits(word, 0, least(word.len, DIGITS_MAX), &number);
	if (point == word.len || word.s[point] != '.')
		return (double)number;
	end = take_digits(
	    word, point + 1, least(word.len, DIGITS_MAX + 1), &number);
	return (double)number / scales[end - point - 1];
}

double
outcome_decimal(struct span word)
{
	struct logstamp stamp;

	if (span_starts(word, SPAN("-")))
		return -plain_decimal(span_from(word, 1));
	if (span_starts(word, SPAN("@")) && logstamp_parse(word, &stamp))
		return (double)stamp.seconds + stamp.nanoseconds / 1e9;
	return plain_decimal(word);
}

double
outcome_xdelay(const struct outcome *outcome)
{
	return outcome_decimal(outcome->end) - outcome_decimal(outcome->start);
}

double
outcome_age(const struct outcome *outcome)
{
	return outcome_decimal(outcome->end) - outcome_decimal(outcome->birth);
}

void
outcome_add_total(uint64_t *total, uint64_t number)
{
	*total = number > UINT64_MAX - *total ? UINT64_MAX : *total + number;
}

uint64_t
outcome_product(uint64_t a, uint64_t b)
{
	return b && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

/* ---- text ---- */

/*
 * A number with decimals, scale being 10 to their power.  printf takes most of
 * the time of a report that is all numbers.  It is needed only for a product of
 * exactly a half: that may have been rounded to it, from above or from below, but
 * no product is rounded beyond it.
 */
static void
add_decimal(struct str *text, double number, int decimals, double scale)
{
	double size = number < 0 ? -number : number;
	char all[TEXT_MAX];

	if (size < EXACT_MAX) {
		uint64_t whole = (uint64_t)size;
		double rest = (size - (double)whole) * scale;
		uint64_t digits = (uint64_t)rest;
		double beyond = rest - (double)digits;

		if (beyond != 0.5) {
			digits += beyond > 0.5;
			if (digits == (uint64_t)scale) {
				whole++;
				digits = 0;
			}
			if (number < 0)
				str_add_byte(text, '-');
			str_add_u64(text, whole);
			str_add_byte(text, '.');
			str_add(text,
			    span_make(all,
				fmt_u64_pad(all, digits, (size_t)decimals)));
			return;
		}
	}
	snprintf(all, sizeof(all), "%.*f", decimals, number);
	str_add_z(text, all);
}

void
outcome_add_decimal2(struct str *text, double number)
{
	add_decimal(text, number, 2, 1e2);
}

void
outcome_add_decimal6(struct str *text, double number)
{
	add_decimal(text, number, 6, 1e6);
}

void
outcome_add_short(struct str *text, double number)
{
	char all[TEXT_MAX];

	snprintf(all, sizeof(all), "%.6g", number);
	str_add_z(text, all);
}
