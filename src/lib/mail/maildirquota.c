/*
 * maildirquota.c - the file maildirsize of a Maildir++.
 * Input: trusted, damage expected
 */
#include "mail/maildirquota.h"

#include "base/ascii.h"
#include "base/scan.h"

bool
maildirquota_parse(struct span text, struct maildirquota *quota)
{
	struct span part;

	*quota = (struct maildirquota){ 0, 0 };
	if (text.len == 0)
		return false;
	while (span_cut_next(&text, ',', &part)) {
		uint64_t number;

		if (part.len == 0 || !ascii_is_alpha(part.s[part.len - 1]) ||
		    !scan_u64(span_upto(part, part.len - 1), MAILDIRQUOTA_MAX,
			&number))
			return false;
		if (part.s[part.len - 1] == 'S')
			quota->bytes = number;
		else if (part.s[part.len - 1] == 'C')
			quota->messages = number;
	}
	return true;
}

/* Takes a number with blanks before it, and perhaps a sign, off the line. */
static bool
cut_number(struct span *line, int64_t *number)
{
	struct span text = span_trim(*line);
	bool is_negative = span_starts(text, SPAN("-"));
	uint64_t value = 0;
	size_t digits;

	if (is_negative)
		text = span_from(text, 1);
	digits = scan_u64_prefix(text, MAILDIRQUOTA_MAX, &value);
	if (digits == 0 || value == MAILDIRQUOTA_MAX)
		return false;
	*number = is_negative ? -(int64_t)value : (int64_t)value;
	*line = span_from(text, digits);
	return true;
}

/* Adds without passing what a quota can be. */
static bool
add(int64_t *sum, int64_t number)
{
	*sum += number;
	return *sum<(int64_t)MAILDIRQUOTA_MAX && * sum> -
	    (int64_t)MAILDIRQUOTA_MAX;
}

bool
maildirquota_add_up(
    struct span text, struct maildirquota_use *use, size_t *lines)
{
	struct span line;

	*use = (struct maildirquota_use){ 0, 0 };
	*lines = 0;
	if (!span_ends(text, SPAN("\n")) || !span_cut_next(&text, '\n', &line))
		return false;
	while (span_cut_next(&text, '\n', &line)) {
		int64_t bytes, messages;

		if (!cut_number(&line, &bytes) ||
		    !span_starts(line, SPAN(" ")) ||
		    !cut_number(&line, &messages) || span_trim(line).len > 0 ||
		    !add(&use->bytes, bytes) || !add(&use->messages, messages))
			return false;
		(*lines)++;
	}
	return use->bytes >= 0 && use->messages >= 0;
}

bool
maildirquota_has_room(const struct maildirquota *quota,
    const struct maildirquota_use *use, uint64_t bytes)
{
	return (!quota->bytes ||
		   (bytes <= quota->bytes &&
		       (uint64_t)use->bytes <= quota->bytes - bytes)) &&
	    (!quota->messages || (uint64_t)use->messages < quota->messages);
}

void
maildirquota_add_line(struct str *text, uint64_t bytes, uint64_t messages)
{
	str_add_u64(text, bytes);
	str_add_byte(text, ' ');
	str_add_u64(text, messages);
	str_add_byte(text, '\n');
}
