/* date.c - times as mail writes them. */
#include "mail/date.h"

#include "base/fmt.h"

#define EPOCH_DAYS INT64_C(719468) /* from 1 March of year 0 to 1970 */

struct calendar {
	unsigned year, month, day; /* month 0-11, day 1-31 */
	unsigned weekday;	   /* 0 Sunday */
	unsigned hour, minute, second;
};

static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat" };

/*
 * Days since 1970 to a date.  Counting years from March puts the leap day at
 * the end of the year, and 400 years always have 146097 days.
 */
static struct calendar
to_calendar(int64_t seconds)
{
	struct calendar c;
	/* Since 1 March of year 0, which is early enough. */
	uint64_t time = seconds > -EPOCH_DAYS * 86400
	    ? (uint64_t)(seconds + EPOCH_DAYS * 86400)
	    : 0;
	uint64_t days = time / 86400;
	uint64_t era = days / 146097, day_of_era = days % 146097;
	uint64_t year_of_era = (day_of_era - day_of_era / 1460 +
				   day_of_era / 36524 - day_of_era / 146096) /
	    365;
	uint64_t day_of_year = day_of_era -
	    (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t month_from_march = (5 * day_of_year + 2) / 153;

	c.day = (unsigned)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
	c.month = (unsigned)((month_from_march + 2) % 12);
	c.year = (unsigned)(year_of_era + era * 400 + (c.month < 2));
	c.weekday = (unsigned)((days + 3) % 7);
	c.hour = (unsigned)(time / 3600 % 24);
	c.minute = (unsigned)(time / 60 % 60);
	c.second = (unsigned)(time % 60);
	return c;
}

static void
add_padded(struct str *text, uint64_t number, size_t width)
{
	char digits[FMT_U64_MAX];

	str_add(text, span_make(digits, fmt_u64_pad(digits, number, width)));
}

static void
add_clock(struct str *text, const struct calendar *c)
{
	add_padded(text, c->hour, 2);
	str_add_byte(text, ':');
	add_padded(text, c->minute, 2);
	str_add_byte(text, ':');
	add_padded(text, c->second, 2);
}

void
date_add_utc_bare(struct str *text, int64_t seconds)
{
	struct calendar c = to_calendar(seconds);

	str_add_u64(text, c.day);
	str_add_byte(text, ' ');
	str_add_z(text, month_names[c.month]);
	str_add_byte(text, ' ');
	add_padded(text, c.year, 4);
	str_add_byte(text, ' ');
	add_clock(text, &c);
}

void
date_add(struct str *text, const struct date *date)
{
	if (date->has_zone) {
		date_add_zone(text, date->seconds, date->offset);
		return;
	}
	date_add_utc(text, date->seconds);
}

void
date_add_utc(struct str *text, int64_t seconds)
{
	date_add_utc_bare(text, seconds);
	str_add_z(text, " -0000");
}

/* " +0100" */
static void
add_offset(struct str *text, long offset)
{
	unsigned long minutes =
	    (unsigned long)(offset < 0 ? -offset : offset) / 60;

	str_add_z(text, offset < 0 ? " -" : " +");
	add_padded(text, minutes / 60, 2);
	add_padded(text, minutes % 60, 2);
}

void
date_add_zone(struct str *text, int64_t seconds, long offset)
{
	date_add_utc_bare(text, seconds + offset);
	add_offset(text, offset);
}

/* "2026-11-22" */
static void
add_iso_day(struct str *text, const struct calendar *c)
{
	add_padded(text, c->year, 4);
	str_add_byte(text, '-');
	add_padded(text, c->month + 1, 2);
	str_add_byte(text, '-');
	add_padded(text, c->day, 2);
}

void
date_add_iso(struct str *text, int64_t seconds, long offset)
{
	struct calendar c = to_calendar(seconds + offset);

	add_iso_day(text, &c);
	str_add_byte(text, ' ');
	add_clock(text, &c);
	add_offset(text, offset);
}

void
date_add_rfc3339(
    struct str *text, int64_t seconds, uint32_t nanoseconds, unsigned digits)
{
	struct calendar c = to_calendar(seconds);
	char fraction[FMT_U64_MAX];

	add_iso_day(text, &c);
	str_add_byte(text, 'T');
	add_clock(text, &c);
	str_add_byte(text, '.');
	(void)fmt_u64_pad(fraction, nanoseconds, 9);
	str_add(text, span_make(fraction, digits));
	str_add_byte(text, 'Z');
}

static void
add_c_time(struct str *text, int64_t seconds, const char *before_one_digit)
{
	struct calendar c = to_calendar(seconds);

	str_add_z(text, day_names[c.weekday]);
	str_add_byte(text, ' ');
	str_add_z(text, month_names[c.month]);
	str_add_byte(text, ' ');
	str_add_z(text, c.day < 10 ? before_one_digit : "");
	str_add_u64(text, c.day);
	str_add_byte(text, ' ');
	add_clock(text, &c);
	str_add_byte(text, ' ');
	add_padded(text, c.year, 4);
}

void
date_add_ctime(struct str *text, int64_t seconds)
{
	add_c_time(text, seconds, " ");
}

void
date_add_from_line(struct str *text, int64_t seconds)
{
	add_c_time(text, seconds, "0");
}

void
date_add_digits(struct str *text, int64_t seconds)
{
	struct calendar c = to_calendar(seconds);

	add_padded(text, c.year, 4);
	add_padded(text, c.month + 1, 2);
	add_padded(text, c.day, 2);
	add_padded(text, c.hour, 2);
	add_padded(text, c.minute, 2);
	add_padded(text, c.second, 2);
}
