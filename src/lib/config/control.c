/*
 * control.c - control files.
 * Input: trusted
 */
#include "config/control.h"

#include <errno.h>

#include "base/scan.h"
#include "sys/file.h"
#include "sys/random.h"

struct span
control_clean_line(struct span line)
{
	if (span_ends(line, SPAN("\r")))
		line = span_upto(line, line.len - 1);
	return span_trim_end(line);
}

/* file_read, with 0 for a file that is not there and 1 for success. */
static int
read_if_there(const char *name, struct str *text, size_t max)
{
	if (file_read(name, text, max) == 0)
		return 1;
	return errno == ENOENT ? 0 : -1;
}

int
control_read_line(const char *name, struct str *value)
{
	struct str text = STR_INIT;
	int result = read_if_there(name, &text, CONTROL_LINE_MAX);

	if (result > 0) {
		struct span line = str_span(&text);

		line = span_upto(line, span_find(line, '\n'));
		str_set(value, control_clean_line(line));
	}
	str_free(&text);
	return result;
}

int
control_read_line_or_me(
    const char *name, struct str *value, const char *fallback)
{
	int result = control_read_line(name, value);

	if (result == 0)
		result = control_read_line("control/me", value);
	if (result == 0 && fallback) {
		str_set(value, span_of(fallback));
		result = 1;
	}
	return result;
}

int
control_read_number(const char *name, uint64_t max, uint64_t *number)
{
	struct str line = STR_INIT;
	int result = control_read_line(name, &line);

	if (result > 0)
		result = scan_u64_prefix(str_span(&line), max, number) > 0;
	str_free(&line);
	return result;
}

int
control_read_list(const char *name, struct str *lines)
{
	struct str text = STR_INIT;
	int result = read_if_there(name, &text, CONTROL_LIST_MAX);
	struct span rest = str_span(&text), line;

	str_reset(lines);
	while (result > 0 && span_cut_next(&rest, '\n', &line)) {
		line = control_clean_line(line);
		if (line.len == 0 || line.s[0] == '#')
			continue;
		str_add(lines, line);
		str_add_byte(lines, '\n');
	}
	str_free(&text);
	return result;
}

int
control_read_set(const char *name, char separator, struct wordset *set)
{
	struct str lines = STR_INIT;
	int result = control_read_list(name, &lines);
	struct span rest = str_span(&lines), line;

	if (result > 0)
		set->seed = random_seed();
	while (result > 0 && span_cut_next(&rest, '\n', &line)) {
		size_t end = separator ? span_find(line, separator) : line.len;

		if (separator && end == line.len)
			continue;
		wordset_add(
		    set, span_upto(line, end), span_from(line, end + 1));
	}
	str_free(&lines);
	return result;
}

int
control_read_mailbox(struct str *mailbox, const char *box_file, const char *box,
    const char *host_file, const char *host)
{
	struct str part = STR_INIT;
	int found;

	str_set(&part, span_of(box));
	found = control_read_line(box_file, &part);
	str_set(mailbox, str_span(&part));
	if (found >= 0)
		found = control_read_line_or_me(host_file, &part, host);
	str_add_byte(mailbox, '@');
	str_add(mailbox, str_span(&part));
	str_free(&part);
	return found;
}
