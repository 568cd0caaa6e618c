/*
 * dotqmail.c - the lines of a .qmail file.
 * Input: of the user; the extension is hostile
 */
#include "mail/dotqmail.h"

#include "base/ascii.h"

/* The line without what does not count at its end. */
static struct span
clean_line(struct span line)
{
	while (line.len &&
	    (ascii_is_blank(line.s[line.len - 1]) ||
		line.s[line.len - 1] == '\r'))
		line.len--;
	return line;
}

static enum dotqmail_kind
kind_of(struct span line)
{
	if (line.len == 0 || line.s[0] == '\0')
		return DOTQMAIL_BLANK;
	if (line.s[0] == '#')
		return DOTQMAIL_COMMENT;
	if (span_has(line, '\0'))
		return DOTQMAIL_BROKEN;
	switch (line.s[0]) {
	case '.':
	case '/':
		return line.s[line.len - 1] == '/' ? DOTQMAIL_MAILDIR
						   : DOTQMAIL_MBOX;
	case '|':
		return DOTQMAIL_PROGRAM;
	case '+':
		return span_equal(line, SPAN("+list")) ? DOTQMAIL_LIST
						       : DOTQMAIL_COMMENT;
	default:
		return DOTQMAIL_FORWARD;
	}
}

bool
dotqmail_next(struct span *text, struct dotqmail_line *line)
{
	struct span bytes;

	if (!span_cut_next(text, '\n', &bytes))
		return false;
	bytes = clean_line(bytes);
	line->kind = kind_of(bytes);
	line->text = bytes;
	if (line->kind == DOTQMAIL_PROGRAM ||
	    (line->kind == DOTQMAIL_FORWARD && bytes.s[0] == '&'))
		line->text = span_from(bytes, 1);
	return true;
}

void
dotqmail_add_extension(struct str *name, struct span extension)
{
	for (size_t i = 0; i < extension.len; i++)
		str_add_byte(name,
		    extension.s[i] == '.' ? ':' : ascii_lower(extension.s[i]));
}

struct dotqmail_names
dotqmail_names_begin(struct span dash, struct span extension)
{
	return (struct dotqmail_names){
		.dash = dash, .extension = extension, .len = extension.len + 1
	};
}

bool
dotqmail_names_next(struct dotqmail_names *names, struct str *name)
{
	struct span extension = names->extension;

	/* One past its end: nothing was named yet. */
	if (names->len > extension.len) {
		names->len = extension.len;
	} else if (!names->is_default) {
		names->is_default = true;
		while (names->len > 0 && extension.s[names->len - 1] != '-')
			names->len--;
	} else if (names->len > 0) {
		do
			names->len--;
		while (names->len > 0 && extension.s[names->len - 1] != '-');
	} else {
		return false;
	}
	str_set(name, SPAN(".qmail"));
	str_add(name, names->dash);
	dotqmail_add_extension(name, span_upto(extension, names->len));
	if (names->is_default)
		str_add_z(name, "default");
	return true;
}

bool
dotqmail_is_permanent(int exit_code)
{
	static const int codes[] = { 100, 64, 65, 70, 76, 77, 78, 112 };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (exit_code == codes[i])
			return true;
	return false;
}
