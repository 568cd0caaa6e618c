/* markup.c - text in XML and HTML.  Input: hostile. */
#include "base/markup.h"

#include "base/ascii.h"

void
markup_add(struct str *text, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.s[i];

		if (c == '&')
			str_add_z(text, "&amp;");
		else if (c == '<')
			str_add_z(text, "&lt;");
		else if (c == '>')
			str_add_z(text, "&gt;");
		else if (c == '"')
			str_add_z(text, "&quot;");
		else if (c == '\'')
			str_add_z(text, "&#39;");
		else
			str_add_byte(text, ascii_is_printable(c) ? c : '?');
	}
}

void
markup_add_element(struct str *text, const char *name, struct span bytes)
{
	str_add_byte(text, '<');
	str_add_z(text, name);
	str_add_byte(text, '>');
	markup_add(text, bytes);
	str_add_z(text, "</");
	str_add_z(text, name);
	str_add_byte(text, '>');
}
