/*
 * qfix_say.c - the words of qmail-qfix.
 * Input: hostile (names of files)
 */
#include <errno.h>

#include "base/ascii.h"
#include "base/fmt.h"
#include "sys/fd.h"

#include "qfix.h"

struct qfix_part
qfix_part(uint64_t part)
{
	struct qfix_part name;

	name.s[fmt_u64(name.s, part)] = '\0';
	return name;
}

void
qfix_line(struct span line)
{
	struct str text = STR_INIT;

	str_add(&text, line);
	str_add_byte(&text, '\n');
	/* Who does not read it gets the exit code still. */
	(void)!fd_write_all(1, str_span(&text));
	str_free(&text);
}

/* "mess/3/26" */
static void
add_name(struct str *text, const struct spot *spot, const char *name)
{
	if (spot->is_lock)
		str_add_z(text, "lock/");
	if (spot->folder != QUEUE_FOLDERS) {
		str_add_z(text, queue_folder_name(spot->folder));
		if (spot->is_part) {
			str_add_byte(text, '/');
			str_add_u64(text, spot->part);
		}
		if (*name)
			str_add_byte(text, '/');
	}
	for (; *name; name++)
		str_add_byte(text, ascii_is_printable(*name) ? *name : '_');
}

static void
say(const struct spot *spot, const char *name, const char *what)
{
	struct str text = STR_INIT;

	add_name(&text, spot, name);
	str_add_z(&text, " ");
	str_add_z(&text, what);
	qfix_line(str_span(&text));
	str_free(&text);
}

void
qfix_wrong(struct qfix *qfix, const struct spot *spot, const char *name,
    const char *what)
{
	qfix->wrong++;
	if (qfix->tells_all)
		say(spot, name, what);
}

void
qfix_in_way(struct qfix *qfix, const struct spot *spot, const char *name,
    const char *what)
{
	qfix->wrong++;
	qfix->in_way++;
	say(spot, name, what);
}

void
qfix_wrong_number(struct qfix *qfix, const struct spot *spot, const char *name,
    const char *what, uint64_t is, uint64_t should)
{
	struct str text = STR_INIT;

	str_add_z(&text, what);
	str_add_z(&text, " is ");
	str_add_u64(&text, is);
	str_add_z(&text, ", should be ");
	str_add_u64(&text, should);
	qfix_wrong(qfix, spot, name, str_z(&text));
	str_free(&text);
}

int
qfix_failed(struct qfix *qfix, const char *verb, const struct spot *spot,
    const char *name)
{
	qfix->failure.number = errno;
	qfix->failure.verb = verb;
	str_reset(&qfix->failure.name);
	add_name(&qfix->failure.name, spot, name);
	return -1;
}
